import type { Db, Trx } from "../db/index.js";
import { endpointRefs } from "../endpoints/index.js";
import { assertNotDeleted, getByRef } from "../entity-ref.js";
import { FailedPreconditionError, NotFoundError } from "../errors.js";
import type { EventBus } from "../events/index.js";
import { IdKind, isId } from "../ids.js";
import type { JobQueue } from "../queue/index.js";
import { requireRole, Role, type Viewer } from "../viewer.js";
import { reopenLanes, takeBackResults } from "./retry.repository.js";
import { isTerminal, type TestRun, TestRunKind, TestRunStatus } from "./run.js";
import { RUN_CHANGED, RUN_CONTROL } from "./run.events.js";
import { runLaneJob } from "./run.jobs.js";
import { lockRunById, updateLockedRun } from "./run-write.repository.js";

/** Goes on with runs that have ended. */
export class RetryService {
  readonly #deps: { db: Db; bus: EventBus; queue: JobQueue; now: () => Date };

  constructor(deps: { db: Db; bus: EventBus; queue: JobQueue; now: () => Date }) {
    this.#deps = deps;
  }

  /**
   * Does again, in the same run, what ended in ERROR or was cancelled: what has an output is only judged again, the
   * rest is called. Attempts of before are kept. NOT_FOUND; FAILED_PRECONDITION: RUN_NOT_FINISHED, NOTHING_TO_RETRY,
   * DELETED for the endpoint.
   */
  async retry(viewer: Viewer, runId: string): Promise<TestRun> {
    requireRole(viewer, Role.EDITOR);
    if (!isId(runId, IdKind.TEST_RUN)) throw new NotFoundError("test run", runId);
    return this.#deps.db.transaction().execute(async (trx) => {
      const run = await lockRunById(trx, viewer, runId);
      if (run === null) throw new NotFoundError("test run", runId);
      if (!isTerminal(run.status)) throw new FailedPreconditionError("RUN_NOT_FINISHED", `The run ${run.id} is ${run.status}. Retry it when it has ended.`, { status: run.status });
      return this.#reopen(trx, viewer, run);
    });
  }

  async #reopen(trx: Trx, viewer: Viewer, run: TestRun): Promise<TestRun> {
    const taken = await takeBackResults(trx, viewer, run);
    // The rest of a cancelled run has no rows: its lanes know where they stood.
    if (taken.results === 0 && run.cancelled === 0) throw new FailedPreconditionError("NOTHING_TO_RETRY", `Nothing of the run ${run.id} ended in ERROR or was cancelled. Re-run it to execute it again.`);
    if (run.kind === TestRunKind.EXECUTION) assertNotDeleted("endpoint", await getByRef(endpointRefs(trx, viewer), { id: run.endpointId }));
    const isExecution = run.kind === TestRunKind.EXECUTION;
    const again = await updateLockedRun(trx, viewer, run.id, {
      status: TestRunStatus.RUNNING,
      startedAt: run.startedAt ?? this.#deps.now(),
      finishedAt: null,
      error: null,
      summary: null,
      errored: run.errored - taken.errored,
      cancelled: 0,
      answered: run.answered - (isExecution ? taken.unanswered : 0),
      executed: run.executed - (isExecution ? taken.unexecuted : 0),
    });
    const lanes = await reopenLanes(trx, viewer, run, taken.firstOrdinal);
    await this.#deps.queue.enqueue(trx, lanes.map((lane) => runLaneJob({ organizationId: viewer.organizationId, runId: run.id, lane })));
    await this.#deps.bus.publish(trx, RUN_CONTROL, run.id);
    await this.#deps.bus.publish(trx, RUN_CHANGED, run.id);
    return again;
  }
}
