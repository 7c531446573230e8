import type { Db } from "../db/index.js";
import type { EventBus } from "../events/index.js";
import type { Logger } from "../log.js";
import { type LaneRef, type LaneService, recordOutcomes, type TestRun } from "../runs/index.js";
import type { Scope } from "../viewer.js";
import { readChunk } from "./planned-item.js";
import { faultOf } from "./work-item.js";

export interface FailLaneDeps {
  readonly db: Db;
  readonly bus: EventBus;
  readonly lanes: LaneService;
  readonly log: Logger;
  readonly now: () => Date;
}

/** What went wrong where. */
export interface FailedLane {
  readonly scope: Scope;
  readonly ref: LaneRef;
  readonly run: TestRun;
  readonly signal: AbortSignal;
}

/**
 * Handles a fault of ours that stopped the work on a lane: it is tried again some times, then its open results end in
 * ERROR, and where not even that can be written, the run is cancelled. So no run waits for ever.
 */
export async function failLane(deps: FailLaneDeps, failed: FailedLane, error: unknown): Promise<void> {
  const { scope, ref } = failed;
  const log = deps.log.child({ runId: ref.runId, lane: ref.lane });
  log.error({ err: error }, "the work on a lane failed inside the gateway");
  if (await deps.lanes.fail(scope, ref)) return;
  try {
    await endInError(deps, failed, error);
    await deps.lanes.release(scope, ref, { nextOrdinal: failed.run.total + 1, done: true });
    log.error("the lane was given up; its results ended in ERROR");
  } catch (last) {
    failed.signal.throwIfAborted();
    log.error({ err: last }, "the run was given up");
    await deps.lanes.abandon(scope, ref, { code: "INTERNAL", message: "The gateway failed on this run again and again; its log says why. What had finished stays. Retry the run when the cause is mended." });
  }
}

async function endInError(deps: FailLaneDeps, { scope, ref, run, signal }: FailedLane, cause: unknown): Promise<void> {
  for (let from: number | null = 1; from !== null; ) {
    signal.throwIfAborted();
    const chunk: Awaited<ReturnType<typeof readChunk>> = await readChunk(deps.db, scope, { run, lane: ref.lane, from });
    const outcomes = chunk.items.map((item) => faultOf(item, cause, deps.now()));
    if (outcomes.length > 0) await recordOutcomes(deps, scope, { runId: run.id, outcomes, running: new Map() });
    from = chunk.next;
  }
}
