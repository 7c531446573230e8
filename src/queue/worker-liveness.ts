import type { SessionConnection } from "../db/index.js";

/** The class of the advisory locks that say "this pool of workers is alive". */
const LIVENESS_CLASS = 7001;
/** So many idle workers of each process are woken when a dead one's jobs are freed; the polls find what is left. */
const MAX_WAKES = 16;

/**
 * Pools that hold jobs but no lock. `_private_jobs` and what `locked_by` holds are graphile-worker's own business:
 * the version is pinned, and a test kills a worker to see that this still finds it.
 */
const DEAD_POOLS = `
  select distinct jobs.locked_by as "poolId"
  from graphile_worker._private_jobs jobs
  where jobs.locked_by is not null and not exists (
    select 1 from pg_locks
    where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())
      and classid = ${LIVENESS_CLASS} and objid = (hashtext(jobs.locked_by)::bigint & 4294967295)::oid and granted)`;

/** Wakes idle workers as a new job does; else the freed jobs would wait for the next poll. */
const WAKE = `select pg_notify('jobs:insert', json_build_object('r', random(), 'count', $1::integer)::text)`;

/**
 * Tells live workers from dead ones by a lock that lives as long as their connection: a killed process loses it at
 * once, without heartbeats. Any live worker frees the jobs of the dead.
 */
export class WorkerLiveness {
  readonly #session: SessionConnection;
  #suspects: ReadonlySet<string> = new Set();
  #strays: ReadonlySet<string> = new Set();

  constructor(session: SessionConnection) {
    this.#session = session;
  }

  /** Holds the lock of a pool for as long as the session, which `connection` is, lives. */
  async announce(poolId: string, connection: { query: (text: string, values: unknown[]) => Promise<unknown> }): Promise<void> {
    await connection.query("select pg_advisory_lock($1, hashtext($2))", [LIVENESS_CLASS, poolId]);
  }

  /**
   * Frees the jobs of pools that were dead at this and at the last look, and answers their ids. One look alone may
   * see a pool between its start and its lock.
   */
  async sweep(): Promise<readonly string[]> {
    const dead = (await this.#session.query<{ poolId: string }>(DEAD_POOLS)).map((row) => row.poolId);
    const confirmed = dead.filter((poolId) => this.#suspects.has(poolId));
    this.#suspects = new Set(dead);
    if (confirmed.length === 0) return confirmed;
    await this.#session.query("select graphile_worker.force_unlock_workers($1::text[])", [confirmed]);
    await this.#session.query(WAKE, [MAX_WAKES]);
    return confirmed;
  }

  /**
   * Frees the jobs that a live pool holds but does not work on, now and at the last look, and answers their ids: the
   * connection broke between the taking of a job and its answer, or between the end of a job and its being noted.
   */
  async freeStrays(poolId: string, running: ReadonlySet<string>): Promise<readonly string[]> {
    const held = (await this.#session.query<{ id: string }>("select id::text as id from graphile_worker._private_jobs where locked_by = $1", [poolId])).map((row) => row.id);
    const strays = held.filter((id) => !running.has(id));
    const confirmed = strays.filter((id) => this.#strays.has(id));
    this.#strays = new Set(strays);
    if (confirmed.length > 0) {
      await this.#session.query("update graphile_worker._private_jobs set locked_at = null, locked_by = null where id = any($1::bigint[]) and locked_by = $2", [confirmed, poolId]);
    }
    return confirmed;
  }
}
