import { sql } from "kysely";
import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { TestRunStatus } from "./run.js";

/** Finished results that the recent rate is taken from: few enough to be recent, many enough to be steady. */
const RECENT = 100;

/** How many results finished in how long, most recently. */
export interface FinishRate {
  readonly runId: string;
  readonly results: number;
  readonly elapsedMs: number;
}

/** The recent rates of runs that are going on and have finished at least two results. One statement. */
export async function findFinishRates(db: Db, scope: Scope, runIds: readonly string[]): Promise<FinishRate[]> {
  const { rows } = await sql<FinishRate>`
    select runs.id as run_id, runs.seq - recent.seq as results, extract(epoch from greatest(now(), newest.finished_at) - recent.finished_at)::double precision * 1000 as elapsed_ms
    from test_runs runs
    join test_results recent on recent.organization_id = ${scope.organizationId} and recent.run_id = runs.id and recent.seq = greatest(runs.seq - ${RECENT}::bigint, 1)
    join test_results newest on newest.organization_id = ${scope.organizationId} and newest.run_id = runs.id and newest.seq = runs.seq
    where runs.organization_id = ${scope.organizationId} and runs.id = any(${runIds}::uuid[]) and runs.status = ${TestRunStatus.RUNNING} and runs.seq > recent.seq`.execute(db);
  return rows;
}
