import { saysNothingChanged } from "../accounts/index.js";
import type { Db, Trx } from "../db/index.js";
import { FailedPreconditionError, NotFoundError } from "../errors.js";
import type { EventBus } from "../events/index.js";
import { IdKind, isId } from "../ids.js";
import type { JobQueue } from "../queue/index.js";
import { requireRole, Role, type Viewer } from "../viewer.js";
import type { LaneService } from "./lane.service.js";
import { isTerminal, type TestRun, TestRunStatus } from "./run.js";
import { RUN_CHANGED, RUN_CONTROL } from "./run.events.js";
import { runLaneJob } from "./run.jobs.js";
import { closeIdleLanes, findOpenLanes, lockRunById, updateLockedRun } from "./run-write.repository.js";

/** Changes the course of runs. */
export class RunControlService {
  readonly #deps: { db: Db; bus: EventBus; queue: JobQueue; lanes: LaneService };

  constructor(deps: { db: Db; bus: EventBus; queue: JobQueue; lanes: LaneService }) {
    this.#deps = deps;
  }

  /**
   * Cancels a run: no new call starts, calls in flight are aborted, finished results stay, the rest is CANCELLED. At
   * once when no worker is on it, else CANCELLING until the workers have let go. Safe to repeat.
   * NOT_FOUND; FAILED_PRECONDITION, RUN_FINISHED.
   */
  async cancel(viewer: Viewer, runId: string): Promise<TestRun> {
    requireRole(viewer, Role.EDITOR);
    return this.#withRun(viewer, runId, async (trx, run) => {
      if (run.status === TestRunStatus.CANCELLED || run.status === TestRunStatus.CANCELLING) return asIs(run);
      assertNotFinished(run);
      const cancelling = await updateLockedRun(trx, viewer, run.id, { status: TestRunStatus.CANCELLING });
      await closeIdleLanes(trx, viewer, run.id);
      const open = await findOpenLanes(trx, viewer, run.id);
      await this.#deps.bus.publish(trx, RUN_CONTROL, run.id);
      if (open.length === 0) return this.#deps.lanes.finishCancelling(trx, viewer, cancelling);
      // A lane is closed by the job that works on it, or by this one where that job is gone for good.
      await this.#deps.queue.enqueue(trx, open.map((lane) => runLaneJob({ organizationId: viewer.organizationId, runId: run.id, lane })));
      await this.#deps.bus.publish(trx, RUN_CHANGED, run.id);
      return cancelling;
    });
  }

  /**
   * Pauses a run: no new call starts, calls in flight end by themselves and are judged. Safe to repeat.
   * NOT_FOUND; FAILED_PRECONDITION, RUN_FINISHED, also while it is being cancelled.
   */
  async pause(viewer: Viewer, runId: string): Promise<TestRun> {
    requireRole(viewer, Role.EDITOR);
    return this.#withRun(viewer, runId, async (trx, run) => {
      if (run.status === TestRunStatus.PAUSED) return asIs(run);
      assertGoesOn(run);
      return this.#change(trx, viewer, run, TestRunStatus.PAUSED);
    });
  }

  /** Goes on with a paused run where it was. Safe to repeat. NOT_FOUND; FAILED_PRECONDITION, RUN_FINISHED. */
  async resume(viewer: Viewer, runId: string): Promise<TestRun> {
    requireRole(viewer, Role.EDITOR);
    return this.#withRun(viewer, runId, async (trx, run) => {
      assertGoesOn(run);
      if (run.status !== TestRunStatus.PAUSED) return asIs(run);
      const lanes = await findOpenLanes(trx, viewer, run.id);
      await this.#deps.queue.enqueue(trx, lanes.map((lane) => runLaneJob({ organizationId: viewer.organizationId, runId: run.id, lane })));
      return this.#change(trx, viewer, run, run.startedAt === null ? TestRunStatus.QUEUED : TestRunStatus.RUNNING);
    });
  }

  async #change(trx: Trx, viewer: Viewer, run: TestRun, status: TestRunStatus): Promise<TestRun> {
    const changed = await updateLockedRun(trx, viewer, run.id, { status });
    await this.#deps.bus.publish(trx, RUN_CONTROL, run.id);
    await this.#deps.bus.publish(trx, RUN_CHANGED, run.id);
    return changed;
  }

  async #withRun(viewer: Viewer, runId: string, change: (trx: Trx, run: TestRun) => Promise<TestRun>): Promise<TestRun> {
    if (!isId(runId, IdKind.TEST_RUN)) throw new NotFoundError("test run", runId);
    return this.#deps.db.transaction().execute(async (trx) => {
      const run = await lockRunById(trx, viewer, runId);
      if (run === null) throw new NotFoundError("test run", runId);
      return change(trx, run);
    });
  }
}

function asIs(run: TestRun): TestRun {
  saysNothingChanged();
  return run;
}

/** A run that is being cancelled is as good as finished: it cannot be paused any more. */
function assertGoesOn(run: TestRun): void {
  if (run.status === TestRunStatus.CANCELLING) throw new FailedPreconditionError("RUN_FINISHED", `The run ${run.id} is being cancelled; it can no longer be changed. Re-run it.`, { status: run.status });
  assertNotFinished(run);
}

function assertNotFinished(run: TestRun): void {
  if (isTerminal(run.status)) throw new FailedPreconditionError("RUN_FINISHED", `The run ${run.id} has ended as ${run.status}; it can no longer be changed. Retry or re-run it.`, { status: run.status });
}
