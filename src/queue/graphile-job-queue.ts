import { sql } from "kysely";
import type { Db } from "../db/index.js";
import type { JobQueue, NewJob } from "./job-queue.js";

/**
 * A killed worker's job keeps the attempt that it cost, and graphile-worker lets a job without attempts lie for ever: by
 * its own 25, a run whose workers are killed so often would hang. What fails by itself is counted by its handler.
 */
const MAX_ATTEMPTS = 30_000;

/** The queue in PostgreSQL itself, by graphile-worker's SQL functions: no library is needed to add a job. */
export class GraphileJobQueue implements JobQueue {
  async enqueue(db: Db, jobs: readonly NewJob[]): Promise<void> {
    if (jobs.length === 0) return;
    const rows = jobs.map((job) => ({ name: job.name, payload: job.payload, key: job.key, runAt: job.runAt?.toISOString() ?? null, priority: job.priority ?? 0 }));
    await sql`
      select graphile_worker.add_jobs(array(
        select row(j->>'name', j->'payload', null, (j->>'runAt')::timestamptz, ${MAX_ATTEMPTS}::integer, j->>'key', (j->>'priority')::integer, null)::graphile_worker.job_spec
        from json_array_elements(${JSON.stringify(rows)}::json) as j
      ))`.execute(db);
  }

  async isRunning(db: Db, jobId: string): Promise<boolean> {
    const { rows } = await sql<{ running: boolean }>`
      select exists (select 1 from graphile_worker._private_jobs where id = ${jobId}::bigint and locked_at is not null) as running`.execute(db);
    return rows[0]?.running ?? false;
  }

  async hasWaiting(db: Db): Promise<boolean> {
    const { rows } = await sql<{ waiting: boolean }>`
      select exists (select 1 from graphile_worker._private_jobs where is_available and run_at <= now()) as waiting`.execute(db);
    return rows[0]?.waiting ?? false;
  }
}
