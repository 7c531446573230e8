import type { Db, Trx } from "../db/index.js";
import type { EventBus } from "../events/index.js";
import type { JobQueue } from "../queue/index.js";
import type { Scope } from "../viewer.js";
import { isTerminal, type RunError, type TestRun, TestRunStatus } from "./run.js";
import { RUN_CHANGED, RUN_CONTROL } from "./run.events.js";
import { runLaneJob } from "./run.jobs.js";
import { cancelUnjudgedResults, closeIdleLanes, countOpenLanes, lockLane, lockRunById, type RunLane, updateLane, updateLockedRun, updateRunningOrdinals } from "./run-write.repository.js";

/** So often in a row the work on a lane may fail for a cause of ours before it is given up. */
const MAX_FAILURES = 5;
/** When a lane is tried again after its first failure; doubled each time. */
const FIRST_RETRY_MS = 500;

/** Which lane a job works on. */
export interface LaneRef {
  readonly runId: string;
  readonly lane: number;
  readonly jobId: string;
}

/** What a job may do with its lane: work from an ordinal on, come back later, or nothing. */
export type LaneClaim = { readonly kind: "claimed"; readonly run: TestRun; readonly nextOrdinal: number } | { readonly kind: "busy" } | { readonly kind: "nothing" };

/**
 * Who works on a lane. A lane is one job's at a time: the claim names the job, so that a job that is run again after
 * a crash takes up its own claim, and a newer job waits while the older one still runs.
 */
export class LaneService {
  readonly #deps: { db: Db; bus: EventBus; queue: JobQueue; now: () => Date };

  constructor(deps: { db: Db; bus: EventBus; queue: JobQueue; now: () => Date }) {
    this.#deps = deps;
  }

  /** Claims a lane for a job; the first claim of a run starts it. */
  claim(scope: Scope, ref: LaneRef): Promise<LaneClaim> {
    return this.#deps.db.transaction().execute(async (trx): Promise<LaneClaim> => {
      const run = await lockRunById(trx, scope, ref.runId);
      const lane = run === null ? null : await lockLane(trx, scope, ref.runId, ref.lane);
      if (run === null || lane === null || lane.done) return { kind: "nothing" };
      const isTaken = lane.jobId !== null && lane.jobId !== ref.jobId && (await this.#deps.queue.isRunning(trx, lane.jobId));
      if (run.status === TestRunStatus.PAUSED) {
        // The claim of a job that crashed ends here: else a cancel would wait for that job for ever.
        if (!isTaken) await leaveLane(trx, scope, run, lane, {});
        return { kind: "nothing" };
      }
      if (isTaken) return { kind: "busy" };
      if (isTerminal(run.status) || run.status === TestRunStatus.CANCELLING) {
        await this.#close(trx, scope, run, lane);
        return { kind: "nothing" };
      }
      await updateLane(trx, scope, lane, { jobId: ref.jobId });
      return { kind: "claimed", run: run.status === TestRunStatus.QUEUED ? await this.#start(trx, scope, run) : run, nextOrdinal: lane.nextOrdinal };
    });
  }

  /** Gives a lane back: done, or to be gone on with from `nextOrdinal` (not before `runAt`), if the run still goes on. */
  release(scope: Scope, ref: LaneRef, result: { nextOrdinal: number; done: boolean; runAt?: Date }): Promise<void> {
    return this.#deps.db.transaction().execute(async (trx) => {
      const run = await lockRunById(trx, scope, ref.runId);
      const lane = run === null ? null : await lockLane(trx, scope, ref.runId, ref.lane);
      // Another job took the lane over: what it does is right, and a second chain of jobs must not begin here.
      if (run === null || lane === null || lane.jobId !== ref.jobId) return;
      if (result.done || isTerminal(run.status) || run.status === TestRunStatus.CANCELLING) return this.#close(trx, scope, run, lane);
      await leaveLane(trx, scope, run, lane, { nextOrdinal: result.nextOrdinal, failures: 0 });
      if (run.status !== TestRunStatus.PAUSED) await this.#deps.queue.enqueue(trx, [runLaneJob(lane, result.runAt)]);
    });
  }

  /** Notes that the work on a lane failed for a cause of ours: it is tried again later, some times. Answers whether there is still hope. */
  fail(scope: Scope, ref: LaneRef): Promise<boolean> {
    return this.#deps.db.transaction().execute(async (trx) => {
      const run = await lockRunById(trx, scope, ref.runId);
      const lane = run === null ? null : await lockLane(trx, scope, ref.runId, ref.lane);
      if (run === null || lane === null || lane.jobId !== ref.jobId) return true;
      const failures = lane.failures + 1;
      if (failures >= MAX_FAILURES) return false;
      await leaveLane(trx, scope, run, lane, { failures });
      const runAt = new Date(this.#deps.now().getTime() + FIRST_RETRY_MS * 2 ** (failures - 1));
      if (run.status !== TestRunStatus.PAUSED) await this.#deps.queue.enqueue(trx, [runLaneJob(lane, runAt)]);
      return true;
    });
  }

  /** Ends a run that cannot be gone on with: it is cancelled, and says why. */
  abandon(scope: Scope, ref: LaneRef, error: RunError): Promise<void> {
    return this.#deps.db.transaction().execute(async (trx) => {
      const run = await lockRunById(trx, scope, ref.runId);
      const lane = run === null ? null : await lockLane(trx, scope, ref.runId, ref.lane);
      if (run === null || lane === null || isTerminal(run.status)) return;
      const cancelling = await updateLockedRun(trx, scope, run.id, { status: TestRunStatus.CANCELLING, error: JSON.stringify(error) });
      await closeIdleLanes(trx, scope, run.id);
      await this.#deps.bus.publish(trx, RUN_CONTROL, run.id);
      await this.#deps.bus.publish(trx, RUN_CHANGED, run.id);
      await this.#close(trx, scope, cancelling, lane);
    });
  }

  /** Ends a cancelled run whose lanes all have ended: the rest is CANCELLED without a row for each. */
  async finishCancelling(trx: Trx, scope: Scope, run: TestRun): Promise<TestRun> {
    const now = this.#deps.now();
    await cancelUnjudgedResults(trx, scope, run.id, now);
    const cancelled = run.total - run.passed - run.failed - run.errored;
    const after = await updateLockedRun(trx, scope, run.id, { status: TestRunStatus.CANCELLED, cancelled, finishedAt: now, summary: null });
    await this.#deps.bus.publish(trx, RUN_CHANGED, run.id);
    return after;
  }

  async #start(trx: Trx, scope: Scope, run: TestRun): Promise<TestRun> {
    const started = await updateLockedRun(trx, scope, run.id, { status: TestRunStatus.RUNNING, startedAt: run.startedAt ?? this.#deps.now() });
    await this.#deps.bus.publish(trx, RUN_CHANGED, run.id);
    return started;
  }

  async #close(trx: Trx, scope: Scope, run: TestRun, lane: RunLane): Promise<void> {
    await leaveLane(trx, scope, run, lane, { done: true });
    if (run.status === TestRunStatus.CANCELLING && (await countOpenLanes(trx, scope, run.id)) === 0) await this.finishCancelling(trx, scope, run);
  }
}

/** Lets go of a lane: nothing of it is in work any more. */
async function leaveLane(trx: Trx, scope: Scope, run: TestRun, lane: RunLane, changes: { nextOrdinal?: number; failures?: number; done?: boolean }): Promise<void> {
  await updateRunningOrdinals(trx, scope, run, new Map([[lane.lane, []]]));
  await updateLane(trx, scope, lane, { ...changes, jobId: null });
}
