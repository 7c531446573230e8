import type { Db } from "../db/index.js";

/** A job to be done once, by some worker. */
export interface NewJob {
  /** Which handler does it. */
  readonly name: string;
  /** JSON; ids, never content. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** Of the jobs with one key at most one waits (a newer one replaces it) beside at most one that runs. */
  readonly key: string;
  /** Not before this time; now where absent. */
  readonly runAt?: Date;
  /** Of the jobs that wait, those with the lowest number go first; 0 where absent. */
  readonly priority?: number;
}

/** The producer's side of the queue: jobs are added in the caller's transaction, and exist if it commits. */
export interface JobQueue {
  enqueue(db: Db, jobs: readonly NewJob[]): Promise<void>;
  /** Whether the job of that id is being worked on, as far as the queue knows. */
  isRunning(db: Db, jobId: string): Promise<boolean>;
  /** Whether any job could start now but waits for a free worker: a long job gives way then. */
  hasWaiting(db: Db): Promise<boolean>;
}

/** The job that a handler works on. Handlers must be safe to run twice: a killed worker's jobs are run again. */
export interface RunningJob {
  readonly id: string;
  /** Aborted when the worker lost its claim or must end now: stop at once and write nothing more. */
  readonly signal: AbortSignal;
  /** Aborted when the process wants to end: finish what is in flight, hand over the rest. */
  readonly stopping: AbortSignal;
}

/** Does one kind of job. A throw makes the queue try again later. */
export type JobHandler = (payload: unknown, job: RunningJob) => Promise<void>;
