import { type Db, isForeignKeyViolation, type Trx } from "../db/index.js";
import { FailedPreconditionError, NotFoundError } from "../errors.js";
import type { EventBus } from "../events/index.js";
import { IdKind, isId } from "../ids.js";
import type { JobQueue } from "../queue/index.js";
import { requireRole, Role, type Scope, type Viewer } from "../viewer.js";
import { isTerminal } from "./run.js";
import { deletedRunKey, RUN_CHANGED, RUN_DELETED } from "./run.events.js";
import { purgeRunJob } from "./run.jobs.js";
import { deleteRun } from "./run-deletion.repository.js";
import { lockRunById } from "./run-write.repository.js";

/** Deletes runs, really. */
export class RunDeletionService {
  readonly #deps: { db: Db; bus: EventBus; queue: JobQueue };

  constructor(deps: { db: Db; bus: EventBus; queue: JobQueue }) {
    this.#deps = deps;
  }

  /**
   * Deletes a run that has ended: nobody finds it any more at once, and a worker clears its rows away, but for outputs
   * that re-scores refer to. Answers its id. NOT_FOUND; FAILED_PRECONDITION: RUN_NOT_FINISHED, IN_USE.
   */
  async delete(viewer: Viewer, runId: string): Promise<string> {
    requireRole(viewer, Role.EDITOR);
    if (!isId(runId, IdKind.TEST_RUN)) throw new NotFoundError("test run", runId);
    await this.#deps.db.transaction().execute(async (trx) => {
      const run = await lockRunById(trx, viewer, runId);
      if (run === null) throw new NotFoundError("test run", runId);
      if (!isTerminal(run.status)) throw new FailedPreconditionError("RUN_NOT_FINISHED", `The run ${run.id} is ${run.status}. Cancel it, then delete it.`, { status: run.status });
      await deleteUnused(trx, viewer, run.id);
      // With the last re-score the outputs of a run that was deleted before it are needed no more.
      const jobs = [run.id, ...(run.outputRunId === null ? [] : [run.outputRunId])].map((id) => purgeRunJob({ organizationId: viewer.organizationId, runId: id }));
      await this.#deps.queue.enqueue(trx, jobs);
      await this.#deps.bus.publish(trx, RUN_DELETED, deletedRunKey(run));
      await this.#deps.bus.publish(trx, RUN_CHANGED, run.id);
    });
    return runId;
  }
}

/** Everything that may refer to a run and keeps it has a foreign key to it. */
async function deleteUnused(trx: Trx, scope: Scope, runId: string): Promise<void> {
  try {
    await deleteRun(trx, scope, runId);
  } catch (error) {
    if (!isForeignKeyViolation(error)) throw error;
    throw new FailedPreconditionError("IN_USE", `An evaluation run has the run ${runId}, so it cannot be deleted.`);
  }
}
