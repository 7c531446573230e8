import { EventEmitter } from "node:events";
import { Logger as GraphileLogger, run, type Runner, type TaskList, type WorkerEvents } from "graphile-worker";
import type { Pool } from "pg";
import type { SessionConnection } from "../db/index.js";
import type { Logger } from "../log.js";
import type { JobHandler } from "./job-queue.js";
import { PatientPool } from "./patient-pool.js";
import { WorkerLiveness } from "./worker-liveness.js";

const SWEEP_MS = 700;
const POLL_MS = 500;
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
    // Without the session nobody knows that this process lives: the job is tried again when it is back.
    if (signal.aborted) throw signal.reason;
    this.#running.add(id);
    try {
      await handler(payload, { id, signal, stopping: this.#stopping.signal });
    } finally {
      this.#running.delete(id);
    }
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
