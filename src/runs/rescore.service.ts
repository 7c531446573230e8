import type { Db, Trx } from "../db/index.js";
import type { EntityRef } from "../entity-ref.js";
import { assertNoProblems } from "../errors.js";
import type { EventBus } from "../events/index.js";
import type { JobQueue } from "../queue/index.js";
import { requireRole, Role, type Viewer } from "../viewer.js";
import { findRunSegments } from "./plan.repository.js";
import { queueOnce } from "./queue-once.js";
import { rescoreOf } from "./rescore-run.js";
import { lockSource, type SourceRefs } from "./rescore-source.js";
import type { TestRun } from "./run.js";
import { executionProblems } from "./run-limits.js";
import { metricsOf } from "./run-plan.js";
import { RunWriter } from "./run-writer.js";
import { segmentsOfToday } from "./today-segments.js";

/** What to score again, and by what. */
export interface Rescore extends SourceRefs {
  /** Whether tests are taken as they are now instead of as they were then. */
  readonly currentTests: boolean;
  /** Null or empty: the set's of now, else the behaviors'. */
  readonly metrics: readonly EntityRef[] | null;
  readonly name: string | null;
  readonly idempotencyKey: string | null;
}

/** Scores stored outputs again, by runs of their own that call no endpoint and copy no output. */
export class RescoreService {
  readonly #deps: { db: Db; now: () => Date };
  readonly #writer: RunWriter;

  constructor(deps: { db: Db; bus: EventBus; queue: JobQueue; now: () => Date }) {
    this.#deps = deps;
    this.#writer = new RunWriter(deps);
  }

  /**
   * Queues a RESCORE of a run that has ended. NOT_FOUND; BAD_USER_INPUT: RUN_OF_ANOTHER_SET; FAILED_PRECONDITION:
   * DELETED, NO_COMPLETED_RUN, RUN_NOT_FINISHED; CONFLICT: AMBIGUOUS_NAME, IDEMPOTENCY_MISMATCH.
   */
  rescore(viewer: Viewer, args: Rescore): Promise<TestRun> {
    requireRole(viewer, Role.EDITOR);
    assertNoProblems(executionProblems({ trials: 1, attributes: {}, name: args.name }));
    return queueOnce(this.#deps, viewer, { mutation: "rescore", key: args.idempotencyKey, input: args }, async (trx, now) => {
      const source = await lockSource(trx, viewer, args);
      return this.#queue(trx, viewer, source, args, now);
    });
  }

  async #queue(trx: Trx, viewer: Viewer, source: TestRun, args: Rescore, now: Date): Promise<string> {
    const pinned = await findRunSegments(trx, viewer, [source.id]);
    const segments = args.currentTests ? await segmentsOfToday(trx, viewer, pinned) : pinned;
    const metrics = await metricsOf(trx, viewer, { refs: args.metrics, testSetId: source.testSetId }, segments);
    const run = await rescoreOf(trx, viewer, { ...source, sourceRunId: source.id, outputRunId: source.outputRunId ?? source.id }, { segments, metrics, currentTests: args.currentTests, name: args.name });
    return this.#writer.queue(trx, viewer, run, now);
  }
}
