import { type IdempotencyRequest, once } from "../accounts/index.js";
import type { Db, Trx } from "../db/index.js";
import { NotFoundError } from "../errors.js";
import type { Viewer } from "../viewer.js";
import type { TestRun } from "./run.js";
import { findRunsByIds } from "./run.repository.js";

/** Runs `act`, which queues a run, in one transaction, once for an idempotency key; answers the run. CONFLICT, IDEMPOTENCY_MISMATCH. */
export async function queueOnce(deps: { db: Db; now: () => Date }, viewer: Viewer, request: IdempotencyRequest, act: (trx: Trx, now: Date) => Promise<string>): Promise<TestRun> {
  const now = deps.now();
  const runId = await deps.db.transaction().execute((trx) => once(trx, viewer, request, now, () => act(trx, now)));
  const [run] = await findRunsByIds(deps.db, viewer, [runId]);
  if (run === undefined) throw new NotFoundError("test run", runId);
  return run;
}
