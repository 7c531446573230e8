import type { Db, Trx } from "../db/index.js";
import { FailedPreconditionError, NotFoundError } from "../errors.js";
import type { EventBus } from "../events/index.js";
import { IdKind, isId } from "../ids.js";
import { requireRole, Role, type Viewer } from "../viewer.js";
import type { LaneService } from "./lane.service.js";
import { isTerminal, type TestRun, TestRunStatus } from "./run.js";
import { RUN_CHANGED, RUN_CONTROL } from "./run.events.js";
import { closeIdleLanes, lockRunById, updateLockedRun } from "./run-write.repository.js";

/** Changes the course of runs. */
export class RunControlService {
  readonly #deps: { db: Db; bus: EventBus; lanes: LaneService };

  constructor(deps: { db: Db; bus: EventBus; lanes: LaneService }) {
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
      if (run.status === TestRunStatus.CANCELLED || run.status === TestRunStatus.CANCELLING) return run;
      assertNotFinished(run);
      const cancelling = await updateLockedRun(trx, viewer, run.id, { status: TestRunStatus.CANCELLING });
      const open = await closeIdleLanes(trx, viewer, run.id);
      await this.#deps.bus.publish(trx, RUN_CONTROL, run.id);
      if (open === 0) return this.#deps.lanes.finishCancelling(trx, viewer, cancelling);
      await this.#deps.bus.publish(trx, RUN_CHANGED, run.id);
      return cancelling;
    });
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

function assertNotFinished(run: TestRun): void {
  if (isTerminal(run.status)) throw new FailedPreconditionError("RUN_FINISHED", `The run ${run.id} has ended as ${run.status}; it can no longer be changed. Retry or re-run it.`, { status: run.status });
}
