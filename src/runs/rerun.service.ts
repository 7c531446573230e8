import type { Db, Trx } from "../db/index.js";
import { storableJson } from "../db/index.js";
import { type Endpoint, endpointRefs } from "../endpoints/index.js";
import { assertNotDeleted, getByRef } from "../entity-ref.js";
import { assertNoProblems, NotFoundError } from "../errors.js";
import type { EventBus } from "../events/index.js";
import { IdKind, isId } from "../ids.js";
import type { JobQueue } from "../queue/index.js";
import { type TestFilter, type TestSet, testSetRefs } from "../test-sets/index.js";
import { requireRole, Role, type Viewer } from "../viewer.js";
import { findRunMetrics, findRunSegments } from "./plan.repository.js";
import { queueOnce } from "./queue-once.js";
import { rescoreOf } from "./rescore-run.js";
import { RerunPin, type TestRun } from "./run.js";
import { executionProblems } from "./run-limits.js";
import { metricsOf, planRun } from "./run-plan.js";
import { findRunsByIds } from "./run.repository.js";
import { configurationOf } from "./run.service.js";
import { findOrInsertConfiguration, lockRunById } from "./run-write.repository.js";
import { type NewRun, RunWriter, takeRunName } from "./run-writer.js";
import { segmentsOfToday } from "./today-segments.js";
import { findConfigurationsByIds } from "./test-configuration.repository.js";

/** Which run to run again, and how exactly. */
export interface RerunTestRun {
  readonly runId: string;
  readonly pin: RerunPin;
  readonly name: string | null;
  readonly idempotencyKey: string | null;
}

/** Runs runs again, as new runs. */
export class RerunService {
  readonly #deps: { db: Db; now: () => Date };
  readonly #writer: RunWriter;

  constructor(deps: { db: Db; bus: EventBus; queue: JobQueue; now: () => Date }) {
    this.#deps = deps;
    this.#writer = new RunWriter(deps);
  }

  /**
   * Queues the run again: LATEST asks for the same by the same references, EXACT takes what was pinned. A RESCORE is
   * scored again. NOT_FOUND; FAILED_PRECONDITION: DELETED, TEST_SET_EMPTY; CONFLICT, IDEMPOTENCY_MISMATCH.
   */
  rerun(viewer: Viewer, args: RerunTestRun): Promise<TestRun> {
    requireRole(viewer, Role.EDITOR);
    assertNoProblems(executionProblems({ trials: 1, attributes: {}, name: args.name }));
    return queueOnce(this.#deps, viewer, { mutation: "rerunTestRun", key: args.idempotencyKey, input: args }, async (trx, now) => {
      const [run] = isId(args.runId, IdKind.TEST_RUN) ? await findRunsByIds(trx, viewer, [args.runId]) : [];
      if (run === undefined) throw new NotFoundError("test run", args.runId);
      if (run.outputRunId !== null) return this.#rescoreAgain(trx, viewer, { ...run, outputRunId: run.outputRunId }, args, now);
      const things = await usableThings(trx, viewer, run);
      return args.pin === RerunPin.LATEST ? this.#askAgain(trx, viewer, run, { ...things, name: args.name }, now) : this.#repeat(trx, viewer, run, { ...things, name: args.name }, now);
    });
  }

  /** By the references of then, over what they are now. */
  async #askAgain(trx: Trx, viewer: Viewer, run: TestRun, { testSet, endpoint, name }: Things, now: Date): Promise<string> {
    const { mode, trials, attributes, tags, request } = run;
    const target = { testSet, endpoint, tests: run.selection as TestFilter | null, mode, trials, attributes }; // as it was normalized and stored
    const experiment = run.experimentId === null ? null : { id: run.experimentId };
    const plan = await planRun(trx, viewer, target, { metrics: metricRefsOf(request), experiment, experimentVersion: request.experimentVersion ?? null, parameters: null, name, tags }, now);
    const [configuration] = await findConfigurationsByIds(trx, viewer, [run.configurationId]);
    const isUsable = configuration !== undefined && configuration.deletedAt === null;
    return this.#writer.write(trx, viewer, plan, { configurationId: isUsable ? configuration.id : await findOrInsertConfiguration(trx, configurationOf(viewer, plan, now)), now });
  }

  /** By what was pinned: the same prompts, metric versions, endpoint version and parameters. */
  async #repeat(trx: Trx, viewer: Viewer, run: TestRun, { testSet, endpoint, name }: Things, now: Date): Promise<string> {
    const segments = await findRunSegments(trx, viewer, [run.id]);
    const metrics = await findRunMetrics(trx, viewer, [run.id]);
    const row = { ...pinnedOf(run), name: await takeRunName(trx, viewer, { name, testSet, endpoint }) };
    return this.#writer.queue(trx, viewer, { row, segments, metrics, maxConcurrency: endpoint.limits.maxConcurrency }, now);
  }

  async #rescoreAgain(trx: Trx, viewer: Viewer, run: TestRun & { outputRunId: string }, args: RerunTestRun, now: Date): Promise<string> {
    // Locked, so that the outputs are not cleared away with the last run that names them.
    if ((await lockRunById(trx, viewer, run.id)) === null) throw new NotFoundError("test run", run.id);
    const isExact = args.pin === RerunPin.EXACT;
    const currentTests = run.request.currentTests ?? false;
    const pinned = await findRunSegments(trx, viewer, [run.id]);
    const segments = currentTests && !isExact ? await segmentsOfToday(trx, viewer, pinned) : pinned;
    const metrics = isExact
      ? { source: run.metricsSource, metrics: await findRunMetrics(trx, viewer, [run.id]) }
      : await metricsOf(trx, viewer, { refs: metricRefsOf(run.request), testSetId: run.testSetId }, segments);
    return this.#writer.queue(trx, viewer, await rescoreOf(trx, viewer, run, { segments, metrics, currentTests: currentTests && !isExact, name: args.name }), now);
  }
}

/** What the run is run again with. */
interface Things {
  readonly testSet: TestSet | null;
  readonly endpoint: Endpoint;
  readonly name: string | null;
}

async function usableThings(trx: Trx, viewer: Viewer, run: TestRun): Promise<Omit<Things, "name">> {
  const testSet = run.testSetId === null ? null : assertNotDeleted("test set", await getByRef(testSetRefs(trx, viewer), { id: run.testSetId }));
  return { testSet, endpoint: assertNotDeleted("endpoint", await getByRef(endpointRefs(trx, viewer), { id: run.endpointId })) };
}

function metricRefsOf(request: TestRun["request"]): readonly { id: string }[] | null {
  return request.metricIds?.map((id) => ({ id })) ?? null;
}

/** What of a run's row makes another one the same. */
function pinnedOf(run: TestRun): Omit<NewRun["row"], "name"> {
  const { projectId, kind, mode, trials, testSetId, testSetVersion, endpointId, endpointVersionId, configurationId, experimentId, experimentVersionId, metricsSource, userModelId, testCount, total } = run;
  return {
    projectId, kind, mode, trials, testSetId, testSetVersion, endpointId, endpointVersionId, configurationId, experimentId, experimentVersionId, metricsSource, userModelId, testCount, total,
    sourceRunId: null,
    outputRunId: null,
    selection: run.selection === null ? null : storableJson(run.selection),
    parameters: storableJson(run.parameters),
    request: JSON.stringify(run.request),
    overrides: JSON.stringify(run.overrides),
    tags: [...run.tags],
    attributes: storableJson(run.attributes),
  }; // prettier-ignore
}
