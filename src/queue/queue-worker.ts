import { EventEmitter } from "node:events";
import { Logger as GraphileLogger, run, type Runner, type TaskList, type WorkerEvents } from "graphile-worker";
import type { Pool } from "pg";
import type { SessionConnection } from "../db/index.js";
import type { Logger } from "../log.js";
import type { JobHandler } from "./job-queue.js";
import { WorkerLiveness } from "./worker-liveness.js";

const SWEEP_MS = 700;
const POLL_MS = 500;

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
  readonly #liveness: WorkerLiveness;
  #claims = new AbortController();
  #runner: Runner | null = null;
  #sweeper: NodeJS.Timeout | null = null;
  #poolId: string | null = null;

  constructor(deps: { pool: Pool; session: SessionConnection; handlers: Readonly<Record<string, JobHandler>>; concurrentJobs: number; log: Logger }) {
    this.#deps = deps;
    this.#liveness = new WorkerLiveness(deps.session);
    deps.session.onLost(() => {
      this.#claims.abort(new ClaimLostError());
      this.#claims = new AbortController();
    });
    deps.session.onConnected(async (client) => {
      // The session's own query is not ready inside this call; the same statement on the client is.
      if (this.#poolId !== null) await client.query("select pg_advisory_lock(7001, hashtext($1))", [this.#poolId]);
    });
  }

  /** Begins to take jobs. */
  async start(): Promise<void> {
    const events = new EventEmitter() as WorkerEvents; // its type only narrows the event names
    const announced = new Promise<void>((resolve, reject) => {
      events.once("pool:create", ({ workerPool }) => {
        this.#poolId = workerPool.id;
        this.#liveness.announce(workerPool.id).then(resolve, reject);
      });
    });
    this.#runner = await run({
      pgPool: this.#deps.pool,
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
    const timer = setTimeout(() => this.#claims.abort(new Error("The process must end now.")), graceMs);
    await this.#runner?.stop().catch((error: unknown) => this.#deps.log.warn({ err: error }, "the queue's worker did not stop cleanly"));
    clearTimeout(timer);
  }

  #taskList(): TaskList {
    const entries = Object.entries(this.#deps.handlers).map(([name, handler]) => [
      name,
      async (payload: unknown, helpers: { job: { id: string | bigint } }) => {
        await handler(payload, { id: String(helpers.job.id), signal: this.#claims.signal, stopping: this.#stopping.signal });
      },
    ]);
    return Object.fromEntries(entries) as TaskList;
  }

  async #sweep(): Promise<void> {
    if (!this.#deps.session.isConnected) return;
    try {
      const freed = await this.#liveness.sweep();
      if (freed.length > 0) this.#deps.log.warn({ pools: freed }, "freed the jobs of workers that died");
    } catch (error) {
      // The next look, in less than a second, tries again; a broken connection is reported by the session.
      this.#deps.log.debug({ err: error }, "the look for dead workers failed");
    }
  }
}
