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

/** By the numbers that are there: a retry gives some up. The recent rates of runs that are going on and have finished at least two results. One statement. */
export async function findFinishRates(db: Db, scope: Scope, runIds: readonly string[]): Promise<FinishRate[]> {
  const { rows } = await sql<FinishRate>`
    select runs.id as run_id, runs.seq - recent.seq as results, extract(epoch from greatest(now(), newest.finished_at) - recent.finished_at)::double precision * 1000 as elapsed_ms
    from test_runs runs
    cross join lateral (
      select results.seq, results.finished_at from test_results results
      where results.organization_id = ${scope.organizationId} and results.run_id = runs.id and results.seq >= greatest(runs.seq - ${RECENT}::bigint, 1) order by results.seq limit 1
    ) as recent
    cross join lateral (
      select results.finished_at from test_results results
      where results.organization_id = ${scope.organizationId} and results.run_id = runs.id and results.seq is not null order by results.seq desc limit 1
    ) as newest
    where runs.organization_id = ${scope.organizationId} and runs.id = any(${runIds}::uuid[]) and runs.status = ${TestRunStatus.RUNNING} and runs.seq > recent.seq`.execute(db);
  return rows;
}
