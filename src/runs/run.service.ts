import { createHash } from "node:crypto";
import { once } from "../accounts/index.js";
import { type Db, storableJson, type Trx } from "../db/index.js";
import { canonicalJson, type Endpoint, endpointRefs } from "../endpoints/index.js";
import { assertNotDeleted, type EntityRef, getByRef } from "../entity-ref.js";
import { assertNoProblems, FailedPreconditionError, NotFoundError } from "../errors.js";
import type { EventBus } from "../events/index.js";
import { IdKind, MAX_ORDINAL, newId } from "../ids.js";
import { resolveRunMetrics, type RunMetrics } from "../metrics/index.js";
import type { JobQueue } from "../queue/index.js";
import { behaviorIdsOf, normalizeTestFilter, selectTests, takeRunNumber, type TestFilter, type TestSegment, type TestSet, testSetRefs, TestType } from "../test-sets/index.js";
import { requireRole, Role, type Viewer } from "../viewer.js";
import { firstInLane, laneCountFor } from "./lanes.js";
import { insertPlan } from "./plan.repository.js";
import { ExecutionMode, type TestRun, TestRunKind, TestRunStatus } from "./run.js";
import { executionProblems, overridesOf } from "./run-limits.js";
import { RUN_CHANGED } from "./run.events.js";
import { runLaneJob } from "./run.jobs.js";
import { findRunsByIds } from "./run.repository.js";
import { findOrInsertConfiguration, insertRun } from "./run-write.repository.js";

/** What to execute, and how. */
export interface ExecuteTestSet {
  readonly testSet: EntityRef;
  readonly endpoint: EntityRef;
  readonly mode: ExecutionMode;
  /** Execution-time metrics; null or empty: the set's, else the behaviors'. */
  readonly metrics: readonly EntityRef[] | null;
  /** Null: the whole set. */
  readonly tests: TestFilter | null;
  readonly trials: number;
  readonly name: string | null;
  readonly tags: readonly string[];
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly idempotencyKey: string | null;
}

/** A plan before it is written. */
interface Plan {
  readonly testSet: TestSet;
  readonly endpoint: Endpoint;
  readonly segments: readonly TestSegment[];
  readonly metrics: RunMetrics;
  readonly testCount: number;
  /** Null: the whole set. */
  readonly selection: TestFilter | null;
}

/** Starts runs. */
export class RunService {
  readonly #deps: { db: Db; bus: EventBus; queue: JobQueue; now: () => Date };

  constructor(deps: { db: Db; bus: EventBus; queue: JobQueue; now: () => Date }) {
    this.#deps = deps;
  }

  /**
   * Queues a run: its row, plan, jobs and notification in one transaction, in a handful of rows however many tests
   * there are. NOT_FOUND; BAD_USER_INPUT; FAILED_PRECONDITION: DELETED, TEST_SET_EMPTY, TEST_TYPE_MISMATCH;
   * CONFLICT: AMBIGUOUS_NAME, IDEMPOTENCY_MISMATCH.
   */
  async execute(viewer: Viewer, args: ExecuteTestSet): Promise<TestRun> {
    requireRole(viewer, Role.EDITOR);
    assertNoProblems(executionProblems(args));
    const runId = await this.#deps.db.transaction().execute((trx) =>
      once(trx, viewer, { mutation: "executeTestSet", key: args.idempotencyKey, input: args }, this.#deps.now(), async () => {
        const plan = await this.#plan(trx, viewer, args);
        return this.#write(trx, viewer, args, plan);
      }),
    );
    const [run] = await findRunsByIds(this.#deps.db, viewer, [runId]);
    if (run === undefined) throw new NotFoundError("test run", runId);
    return run;
  }

  async #plan(trx: Trx, viewer: Viewer, args: ExecuteTestSet): Promise<Plan> {
    const testSet = assertNotDeleted("test set", await getByRef(testSetRefs(trx, viewer), args.testSet));
    const endpoint = assertNotDeleted("endpoint", await getByRef(endpointRefs(trx, viewer), args.endpoint));
    if (testSet.type !== TestType.SINGLE_TURN) {
      throw new FailedPreconditionError("TEST_TYPE_MISMATCH", `The test set ${testSet.id} holds conversations, which this release does not execute. Choose a set of single-turn tests.`);
    }
    const selection = normalizeTestFilter(args.tests);
    const segments = await selectTests(trx, viewer, testSet, selection);
    const testCount = segments.reduce((sum, segment) => sum + segment.testCount, 0);
    if (testCount === 0) throw new FailedPreconditionError("TEST_SET_EMPTY", `The test set ${testSet.id} has no test${selection === null ? "" : " that matches"}. Add tests${selection === null ? "" : ", or widen the filter"}.`);
    if (testCount * args.trials > MAX_ORDINAL) assertNoProblems([{ field: "input.trials", message: `${testCount} tests with ${args.trials} trials are more than ${MAX_ORDINAL} results.` }]);
    const sources = { refs: args.metrics, testSetId: testSet.id };
    const metrics = await resolveRunMetrics(trx, viewer, { ...sources, behaviorIds: [] });
    // Which behaviors the tests have matters only when no level before gave metrics: it reads every test.
    const isDecided = metrics.source !== "BEHAVIOR";
    return { testSet, endpoint, selection, segments, testCount, metrics: isDecided ? metrics : await resolveRunMetrics(trx, viewer, { ...sources, behaviorIds: await behaviorIdsOf(trx, viewer, segments) }) };
  }

  async #write(trx: Trx, viewer: Viewer, args: ExecuteTestSet, plan: Plan): Promise<string> {
    const { organizationId } = viewer;
    const now = this.#deps.now();
    const runId = newId(IdKind.TEST_RUN, now.getTime());
    const total = plan.testCount * args.trials;
    const laneCount = laneCountFor({ total, sequential: args.mode === ExecutionMode.SEQUENTIAL, maxConcurrency: plan.endpoint.limits.maxConcurrency });
    const number = await takeRunNumber(trx, viewer, plan.testSet.id);
    await insertRun(trx, {
      organizationId,
      id: runId,
      projectId: plan.testSet.projectId,
      name: args.name ?? `${plan.testSet.name} - Run ${number}`,
      kind: TestRunKind.EXECUTION,
      status: TestRunStatus.QUEUED,
      mode: args.mode,
      trials: args.trials,
      testSetId: plan.testSet.id,
      testSetVersion: plan.testSet.version,
      selection: plan.selection === null ? null : storableJson(plan.selection),
      endpointId: plan.endpoint.id,
      endpointVersionId: plan.endpoint.versionId,
      configurationId: await this.#configuration(trx, viewer, args, plan, now),
      experimentId: null,
      experimentVersionId: null,
      metricsSource: plan.metrics.source,
      sourceRunId: null,
      request: JSON.stringify({ metricIds: plan.metrics.source === "EXECUTION" ? plan.metrics.metrics.map((metric) => metric.metricId) : null }),
      overrides: JSON.stringify(overridesOf(args.attributes)),
      error: null,
      testCount: plan.testCount,
      total,
      laneCount,
      tags: [...args.tags],
      attributes: storableJson(args.attributes),
      ownerId: viewer.userId,
      assigneeId: null,
      createdById: viewer.userId,
      createdAt: now,
      startedAt: null,
      finishedAt: null,
    });
    const lanes = Array.from({ length: laneCount }, (_, lane) => ({ organizationId, runId, lane, nextOrdinal: firstInLane(1, lane, laneCount), jobId: null }));
    await insertPlan(trx, {
      segments: placeSegments(organizationId, runId, plan.segments),
      metrics: plan.metrics.metrics.map((metric, metricIndex) => ({ organizationId, runId, metricIndex, metricId: metric.metricId, metricVersionId: metric.metricVersionId, behaviorIds: metric.behaviorIds })),
      lanes,
    });
    await this.#deps.queue.enqueue(trx, lanes.map((lane) => runLaneJob(lane)));
    await this.#deps.bus.publish(trx, RUN_CHANGED, runId);
    return runId;
  }

  async #configuration(trx: Trx, viewer: Viewer, args: ExecuteTestSet, plan: Plan, now: Date): Promise<string> {
    const content = {
      endpointId: plan.endpoint.id,
      testSetId: plan.testSet.id,
      behaviorId: plan.selection?.behaviorId ?? null,
      categoryId: plan.selection?.categoryId ?? null,
      topicId: plan.selection?.topicId ?? null,
      promptId: plan.selection?.promptId ?? null,
      useCaseId: plan.selection?.useCaseId ?? null,
      mode: args.mode,
      trials: args.trials,
    };
    const contentHash = createHash("sha256").update(canonicalJson({ ...content, attributes: args.attributes })).digest("hex");
    return findOrInsertConfiguration(trx, {
      organizationId: viewer.organizationId,
      id: newId(IdKind.TEST_CONFIGURATION, now.getTime()),
      ...content,
      attributes: storableJson(args.attributes),
      contentHash,
      createdAt: now,
      deletedAt: null,
    });
  }
}

/** The segments with their places in the run, one after another from 1. */
function placeSegments(organizationId: string, runId: string, segments: readonly TestSegment[]) {
  let firstPosition = 1;
  return segments.map((segment) => {
    const placed = { organizationId, runId, firstPosition, ...segment };
    firstPosition += segment.testCount;
    return placed;
  });
}
