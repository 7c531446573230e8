import { type Insertable, sql } from "kysely";
import type { Db, Trx } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { StoredResultStatus } from "./result.js";
import type { MetricResultTable, TestOutputTable, TestResultTable } from "./result.table.js";

/** What is known of stored results: enough to tell whether one still needs a verdict. */
export interface StoredState {
  readonly ordinal: number;
  readonly status: StoredResultStatus;
  readonly outputRunId: string | null;
}

/** The states of those of the ordinals that have a row. */
export async function findStoredStates(db: Db, scope: Scope, runId: string, ordinals: readonly number[]): Promise<Map<number, StoredState>> {
  const rows = await db
    .selectFrom("testResults")
    .select(["ordinal", "status", "outputRunId"])
    .where("organizationId", "=", scope.organizationId)
    .where("runId", "=", runId)
    .where(sql<boolean>`ordinal = any(${ordinals}::integer[])`)
    .execute();
  return new Map(rows.map((row) => [row.ordinal, row]));
}

/** Writes results; a row that was answered before gets its verdict and keeps its answer. Callers have dropped what already has a verdict. */
export async function upsertResults(trx: Trx, rows: readonly Insertable<TestResultTable>[]): Promise<void> {
  if (rows.length === 0) return;
  await trx
    .insertInto("testResults")
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(["organizationId", "runId", "ordinal"]).doUpdateSet((eb) => ({
        status: eb.ref("excluded.status"),
        automatedStatus: eb.ref("excluded.automatedStatus"),
        errorType: eb.ref("excluded.errorType"),
        error: eb.ref("excluded.error"),
        finishedAt: eb.ref("excluded.finishedAt"),
        seq: eb.ref("excluded.seq"),
      })),
    )
    .execute();
}

export async function insertOutputs(trx: Trx, rows: readonly Insertable<TestOutputTable>[]): Promise<void> {
  if (rows.length > 0) await trx.insertInto("testOutputs").values(rows).execute();
}

export async function insertMetricResults(trx: Trx, rows: readonly Insertable<MetricResultTable>[]): Promise<void> {
  if (rows.length > 0) await trx.insertInto("metricResults").values(rows).execute();
}

/** How many results of the run ended in ERROR before any review. */
export async function countAutomatedErrors(db: Db, scope: Scope, runId: string): Promise<number> {
  const { count } = await db
    .selectFrom("testResults")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("organizationId", "=", scope.organizationId)
    .where("runId", "=", runId)
    .where("automatedStatus", "=", "ERROR")
    .executeTakeFirstOrThrow();
  return count;
}
