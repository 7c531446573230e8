import { type RawBuilder, sql } from "kysely";
import type { Db, Trx } from "../db/index.js";
import type { Scope } from "../viewer.js";

/** Ordinals whose rows one statement deletes: some tenths of a second. */
const BATCH = 5_000;

/** Deletes the run's row, and with it its plan and reviews. What else there is of it can no longer be found by anyone. */
export async function deleteRun(trx: Trx, scope: Scope, runId: string): Promise<void> {
  await trx.deleteFrom("testRuns").where("organizationId", "=", scope.organizationId).where("id", "=", runId).execute();
}

/** Whether the run is there, and whether a re-score needs its outputs. */
export async function findNeeds(db: Db, scope: Scope, runId: string): Promise<{ isThere: boolean; needsOutputs: boolean }> {
  const { rows } = await sql<{ isThere: boolean; needsOutputs: boolean }>`
    select exists (select 1 from test_runs where organization_id = ${scope.organizationId} and id = ${runId}::uuid) as is_there,
      exists (select 1 from test_runs where organization_id = ${scope.organizationId} and output_run_id = ${runId}::uuid) as needs_outputs`.execute(db);
  return rows[0] ?? { isThere: false, needsOutputs: false };
}

const TABLES = { results: "test_results", metricResults: "metric_results", outputs: "test_outputs" } as const;

/** Deletes some of a run's rows, the first ones; answers whether there were any. */
export async function deleteSome(db: Db, scope: Scope, runId: string, what: keyof typeof TABLES): Promise<boolean> {
  const table: RawBuilder<unknown> = sql.raw(TABLES[what]);
  const result = await sql`
    delete from ${table} where organization_id = ${scope.organizationId} and run_id = ${runId}::uuid and ordinal <= (
      select max(first.ordinal) from (
        select ordinal from ${table} where organization_id = ${scope.organizationId} and run_id = ${runId}::uuid order by ordinal limit ${BATCH}) as first)`.execute(db);
  return (result.numAffectedRows ?? 0n) > 0n;
}
