import { type Db, isRetryable } from "../db/index.js";
import { resultId } from "../ids.js";
import type { JobHandler, JobQueue, RunningJob } from "../queue/index.js";
import { ExecutionMode, laneOf, type LaneRef, type LaneService, parseRunLanePayload, runLaneJob, type TestRun } from "../runs/index.js";
import { WorkDeferred } from "../scoring/index.js";
import type { Scope } from "../viewer.js";
import type { ActiveRun, ActiveRuns } from "./active-run.js";
import { failLane, type FailLaneDeps } from "./fail-lane.js";
import { type PlannedItem, readLane } from "./planned-item.js";
import { Semaphore } from "../semaphore.js";
import type { SliceBoard } from "./slice-board.js";
import { faultOf, type ItemDeps, workItem } from "./work-item.js";

/** When to try again while an older job still holds the lane. */
const BUSY_MS = 250;
/** Results of one lane in work at once, at the most; calls are bounded by the endpoint and the process beyond that. */
const MAX_WINDOW = 256;

export interface LaneHandlerDeps extends ItemDeps, FailLaneDeps {
  readonly db: Db;
  readonly queue: JobQueue;
  readonly lanes: LaneService;
  readonly activeRuns: ActiveRuns;
  readonly slices: SliceBoard;
}

/** Works on one lane of a run for a slice of time, then hands it back to the queue. Safe to run twice. */
export function createLaneHandler(deps: LaneHandlerDeps): JobHandler {
  return async (payload, job) => {
    const { organizationId, runId, lane } = parseRunLanePayload(payload);
    const scope = { organizationId };
    const ref = { runId, lane, jobId: job.id };
    const timeIsUp = new AbortController();
    // From here on the run counts as at work: a small one's first statements, too, are to find the process less busy.
    const leaveBoard = deps.slices.enter(ref, () => timeIsUp.abort());
    try {
      const claim = await deps.lanes.claim(scope, ref);
      if (claim.kind === "busy") await deps.queue.enqueue(deps.db, [runLaneJob({ organizationId, runId, lane }, new Date(Date.now() + BUSY_MS))]);
      if (claim.kind === "claimed") await workOrFail(deps, { scope, ref, job, timeIsUp }, claim);
    } finally {
      leaveBoard();
    }
  };
}

/** A job that has its lane's claim. */
interface ClaimedJob {
  readonly scope: Scope;
  readonly ref: LaneRef;
  readonly job: RunningJob;
  /** Aborts when the slice is to end soon. */
  readonly timeIsUp: AbortController;
}

async function workOrFail(deps: LaneHandlerDeps, claimed: ClaimedJob, claim: { run: TestRun; nextOrdinal: number }): Promise<void> {
  const { scope, ref, job } = claimed;
  try {
    await workOnLane(deps, claimed, claim);
  } catch (error) {
    // Cut off, or without a database: the queue tries again at once.
    if (job.signal.aborted || isRetryable(error)) throw error;
    await failLane(deps, { scope, ref, run: claim.run, signal: job.signal }, error);
  }
}

async function workOnLane(deps: LaneHandlerDeps, { scope, ref, job, timeIsUp }: ClaimedJob, claim: { run: TestRun; nextOrdinal: number }): Promise<void> {
  const heldMs = claim.run.outputRunId === null ? await deps.holds.refresh(scope, claim.run.endpointId) : 0;
  if (heldMs > 0) return deps.lanes.release(scope, ref, { nextOrdinal: claim.nextOrdinal, done: false, runAt: new Date(Date.now() + heldMs) });
  await deps.activeRuns.use(claim.run, job.signal, async (active) => {
    const slice = new LaneSlice(deps, active, job, ref.lane, timeIsUp);
    const left = await slice.work(claim.nextOrdinal);
    await active.buffer.drain((ordinal) => laneOf(ordinal, active.run.laneCount) === ref.lane);
    const again = { nextOrdinal: left ?? claim.nextOrdinal, done: false, ...(slice.waitsMs > 0 ? { runAt: new Date(Date.now() + slice.waitsMs) } : {}) };
    await deps.lanes.release(scope, ref, left === null ? { nextOrdinal: active.run.total + 1, done: true } : again);
  });
}

/** One stretch of work on a lane. */
class LaneSlice {
  readonly #deps: LaneHandlerDeps;
  readonly #active: ActiveRun;
  readonly #lane: number;
  readonly #abort: AbortSignal;
  readonly #closing: AbortSignal;
  readonly #between: AbortSignal;
  readonly #timeIsUp: AbortController;
  readonly #turn: Semaphore | null;
  readonly #unfinished: number[] = [];
  #waitsMs = 0;

  constructor(deps: LaneHandlerDeps, active: ActiveRun, job: RunningJob, lane: number, timeIsUp: AbortController) {
    this.#deps = deps;
    this.#timeIsUp = timeIsUp;
    this.#active = active;
    this.#lane = lane;
    this.#abort = AbortSignal.any([job.signal, active.cancelled]);
    this.#closing = AbortSignal.any([this.#abort, active.paused, job.stopping, this.#timeIsUp.signal]);
    this.#between = AbortSignal.any([this.#abort, active.paused]);
    this.#turn = active.run.mode === ExecutionMode.SEQUENTIAL ? new Semaphore(1) : null;
  }

  /** For how many ms the lane is better left alone; 0: it may be gone on with at once. */
  get waitsMs(): number {
    return this.#waitsMs;
  }

  /** Answers the first ordinal without a verdict, or null when the lane has none left. */
  async work(from: number): Promise<number | null> {
    const window = new Semaphore(await this.#windowSize());
    const inWork = new Set<Promise<void>>();
    let notReached: number | null = null;
    try {
      for await (const item of readLane(this.#deps.db, this.#active.scope, { run: this.#active.run, lane: this.#lane, from })) {
        const leave = await window.acquire(this.#closing).catch(() => null);
        if (leave === null) {
          notReached = item.ordinal;
          break;
        }
        const work = this.#workOn(item).finally(() => {
          leave();
          inWork.delete(work);
        });
        inWork.add(work);
      }
    } finally {
      await Promise.all(inWork);
    }
    const left = notReached === null ? this.#unfinished : [...this.#unfinished, notReached];
    return left.length === 0 ? null : Math.min(...left);
  }

  async #workOn(item: PlannedItem): Promise<void> {
    try {
      const begin = (): void => this.#active.buffer.setRunning(this.#lane, item.ordinal, true);
      await workItem(this.#deps, this.#active, item, { abort: this.#abort, closing: this.#closing, between: this.#between, begin }, this.#turn);
    } catch (error) {
      if (error instanceof WorkDeferred) {
        this.#waitsMs = Math.max(this.#waitsMs, error.forMs);
        this.#timeIsUp.abort();
      }
      // A database that went away is no fault of the result: the slice ends, and the next one takes it up again.
      if (isRetryable(error)) this.#timeIsUp.abort();
      if (this.#closing.aborted) {
        this.#unfinished.push(item.ordinal);
        return;
      }
      this.#active.log.error({ err: error, resultId: resultId(this.#active.run.id, item.ordinal) }, "a result failed inside the gateway");
      await this.#active.buffer.add(faultOf(item, error, this.#deps.now()));
    } finally {
      this.#active.buffer.setRunning(this.#lane, item.ordinal, false);
    }
  }

  /** Twice this lane's share of the endpoint's calls: the next ones wait at the gate, and few enough that other runs get in between. */
  async #windowSize(): Promise<number> {
    if (this.#active.run.outputRunId !== null) return MAX_WINDOW; // a re-score calls nobody
    const { limits } = await this.#active.target();
    return Math.min(MAX_WINDOW, Math.ceil(limits.maxConcurrency / this.#active.run.laneCount) * 2 + 2);
  }
}
