import { EventEmitter } from "node:events";
import { Logger as GraphileLogger, run, type Runner, type TaskList, type WorkerEvents } from "graphile-worker";
import type { Pool } from "pg";
import { isRetryable, type SessionConnection } from "../db/index.js";
import type { Logger } from "../log.js";
import type { JobHandler } from "./job-queue.js";
import { PatientPool } from "./patient-pool.js";
import { WorkerLiveness } from "./worker-liveness.js";

const SWEEP_MS = 500;
const POLL_MS = 500;
/** When a job that was cut off is tried again: the session is back by then, if it was only for a moment. */
const AGAIN_MS = 500;
/** How long a worker that ends may take to note how its jobs ended. */
const NOTE_MS = 1_000;

/** Why a job must stop at once: another worker may have its claim by now. */
export class ClaimLostError extends Error {
  constructor() {
    super("The worker's connection broke, so its jobs may have been given to others.");
    this.name = "ClaimLostError";
  }
}

/** Works on jobs in this process, and frees the jobs of killed processes within about two seconds. */
export class QueueWorker {
  readonly #deps: { pool: Pool; session: SessionConnection; handlers: Readonly<Record<string, JobHandler>>; concurrentJobs: number; log: Logger };
  readonly #stopping = new AbortController();
  readonly #pool: PatientPool;
  readonly #liveness: WorkerLiveness;
  readonly #running = new Set<string>();
  /** Aborted while the session, and with it every claim, is lost. */
  #claims = new AbortController();
  #runner: Runner | null = null;
  #sweeper: NodeJS.Timeout | null = null;
  #poolId: string | null = null;

  constructor(deps: { pool: Pool; session: SessionConnection; handlers: Readonly<Record<string, JobHandler>>; concurrentJobs: number; log: Logger }) {
    this.#deps = deps;
    this.#liveness = new WorkerLiveness(deps.session);
    this.#pool = new PatientPool(deps.pool);
    deps.session.onLost(() => this.#claims.abort(new ClaimLostError()));
    deps.session.onConnected(async (client) => {
      // The session's own query is not ready inside this call; the same statement on the client is.
      if (this.#poolId !== null) await this.#liveness.announce(this.#poolId, client);
      if (this.#claims.signal.reason instanceof ClaimLostError) this.#claims = new AbortController();
    });
  }

  /** Begins to take jobs. */
  async start(): Promise<void> {
    const events = new EventEmitter() as WorkerEvents; // its type only narrows the event names
    const announced = new Promise<void>((resolve, reject) => {
      events.once("pool:create", ({ workerPool }) => {
        this.#poolId = workerPool.id;
        this.#liveness.announce(workerPool.id, this.#deps.session).then(resolve, reject);
      });
    });
    this.#runner = await run({
      pgPool: this.#pool.asPool(),
      concurrency: this.#deps.concurrentJobs,
      pollInterval: POLL_MS,
      noHandleSignals: true,
      events,
      taskList: this.#taskList(),
      logger: new GraphileLogger(() => (level, message) => this.#deps.log.debug({ level }, message)),
    });
    await announced;
    this.#sweeper = setInterval(() => {
      void this.#sweep();
    }, SWEEP_MS);
    this.#sweeper.unref();
  }

  /** Takes no more jobs; running ones hand over. Those that have not ended after `graceMs` are aborted. */
  async stop(graceMs: number): Promise<void> {
    if (this.#sweeper !== null) clearInterval(this.#sweeper);
    this.#stopping.abort();
    let timer = setTimeout(() => {
      this.#claims.abort(new Error("The process must end now."));
      // A database that is away must not hold up the end: what is not noted by then, another worker finds.
      timer = setTimeout(() => void this.#pool.close(0), NOTE_MS);
    }, graceMs);
    await this.#runner?.stop().catch((error: unknown) => this.#deps.log.warn({ err: error }, "the queue's worker did not stop cleanly"));
    clearTimeout(timer);
    await this.#pool.close(NOTE_MS);
  }

  #taskList(): TaskList {
    const entries = Object.entries(this.#deps.handlers).map(([name, handler]) => [
      name,
      (payload: unknown, helpers: { job: { id: string | bigint } }) => this.#handle(handler, payload, String(helpers.job.id)),
    ]);
    return Object.fromEntries(entries) as TaskList;
  }

  async #handle(handler: JobHandler, payload: unknown, id: string): Promise<void> {
    const { signal } = this.#claims;
    this.#running.add(id);
    try {
      // Without the session nobody knows that this process lives.
      signal.throwIfAborted();
      await handler(payload, { id, signal, stopping: this.#stopping.signal });
    } catch (error) {
      if (signal.aborted || isRetryable(error)) await this.#giveBack(id, signal.aborted && this.#stopping.signal.aborted ? 0 : AGAIN_MS);
      throw error;
    } finally {
      this.#running.delete(id);
    }
  }

  /** What cut the job off was no fault of it: it is free again soon, however often it happens, instead of later each time. */
  async #giveBack(id: string, afterMs: number): Promise<void> {
    const statement = `
      update graphile_worker._private_jobs set locked_at = null, locked_by = null, attempts = greatest(attempts - 1, 0), run_at = now() + $3 * interval '1 millisecond'
      where id = $1 and locked_by = $2`;
    // Else it fails like any other, or is found as one of a dead worker's.
    await this.#pool.query(statement, [id, this.#poolId, afterMs]).catch((error: unknown) => this.#deps.log.warn({ err: error, jobId: id }, "the job could not be given back"));
  }

  async #sweep(): Promise<void> {
    if (!this.#deps.session.isConnected) return;
    try {
      const freed = await this.#liveness.sweep();
      if (freed.length > 0) this.#deps.log.warn({ pools: freed }, "freed the jobs of workers that died");
      const strays = this.#poolId === null ? [] : await this.#liveness.freeStrays(this.#poolId, this.#running);
      if (strays.length > 0) this.#deps.log.warn({ jobs: strays }, "freed jobs that this worker took but never heard of");
    } catch (error) {
      // The next look, in less than a second, tries again; a broken connection is reported by the session.
      this.#deps.log.debug({ err: error }, "the look for dead workers failed");
    }
  }
}
