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
  /** How many attempts are kept. */
  readonly attemptCount: number;
}

/** The states of those of the ordinals that have a row. */
export async function findStoredStates(db: Db, scope: Scope, runId: string, ordinals: readonly number[]): Promise<Map<number, StoredState>> {
  const rows = await db
    .selectFrom("testResults")
    .select(["ordinal", "status", "outputRunId", sql<number>`jsonb_array_length(attempts)`.as("attemptCount")])
    .where("organizationId", "=", scope.organizationId)
    .where("runId", "=", runId)
    .where(sql<boolean>`ordinal = any(${ordinals}::integer[])`)
    .execute();
  return new Map(rows.map((row) => [row.ordinal, row]));
}

/**
 * Writes results. A row that was answered before gets its verdict and keeps its answer; one that was only tried before
 * gets the answer, too, and keeps its attempts. Callers have dropped what already has a verdict.
 */
export async function upsertResults(trx: Trx, rows: readonly Insertable<TestResultTable>[]): Promise<void> {
  if (rows.length === 0) return;
  await trx
    .insertInto("testResults")
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(["organizationId", "runId", "ordinal"]).doUpdateSet((eb) => ({
        outputRunId: sql<string | null>`coalesce(test_results.output_run_id, excluded.output_run_id)`,
        attempts: sql<string>`case when test_results.output_run_id is null then test_results.attempts || excluded.attempts else test_results.attempts end`,
        latencyMs: sql<number | null>`case when test_results.output_run_id is null then excluded.latency_ms else test_results.latency_ms end`,
        startedAt: sql<Date | null>`coalesce(test_results.started_at, excluded.started_at)`,
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

/** Writes outputs; that of a conversation that broke off gives way to the one of its retry. */
export async function upsertOutputs(trx: Trx, rows: readonly Insertable<TestOutputTable>[]): Promise<void> {
  if (rows.length === 0) return;
  const columns = ["output", "inputTokens", "outputTokens", "sessionId", "context", "metadata", "toolCalls", "raw", "turns", "stopReason", "latencyMs"] as const;
  await trx
    .insertInto("testOutputs")
    .values(rows)
    .onConflict((conflict) => conflict.columns(["organizationId", "runId", "ordinal"]).doUpdateSet((eb) => Object.fromEntries(columns.map((column) => [column, eb.ref(`excluded.${column}`)]))))
    .execute();
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
