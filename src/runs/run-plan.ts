import type { Trx } from "../db/index.js";
import type { Endpoint } from "../endpoints/index.js";
import type { EntityRef } from "../entity-ref.js";
import { assertNoProblems, FailedPreconditionError } from "../errors.js";
import { type ParameterRequest, resolveParameters, type RunParameters } from "../experiments/index.js";
import { MAX_ORDINAL } from "../ids.js";
import { resolveRunMetrics, type RunMetrics } from "../metrics/index.js";
import { behaviorIdsOf, normalizeTestFilter, selectTests, selectTestsOfProject, type TestFilter, type TestSegment, type TestSet } from "../test-sets/index.js";
import type { Viewer } from "../viewer.js";
import type { ExecutionMode } from "./run.js";
import { findUserModel } from "./user-model.js";

/** Which tests go to which endpoint, and how: what a configuration says, and executeTestSet with it. */
export interface RunTarget {
  /** Null: the tests of the endpoint's project that match. */
  readonly testSet: TestSet | null;
  readonly endpoint: Endpoint;
  /** Null: the whole set. */
  readonly tests: TestFilter | null;
  readonly mode: ExecutionMode;
  readonly trials: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** What an execution says for itself alone. */
export interface RunOptions extends ParameterRequest {
  /** Execution-time metrics; null or empty: the set's, else the behaviors'. */
  readonly metrics: readonly EntityRef[] | null;
  readonly name: string | null;
  readonly tags: readonly string[];
}

/** A run before it is written. */
export interface RunPlan extends RunTarget {
  readonly options: RunOptions;
  readonly segments: readonly TestSegment[];
  readonly testCount: number;
  /** As the run shows it: null for the whole set. */
  readonly selection: TestFilter | null;
  readonly metrics: RunMetrics;
  readonly parameters: RunParameters;
  /** Plays the user in conversations that pursue a goal; null where none does. */
  readonly userModelId: string | null;
}

/**
 * Looks up all that a run pins; commits inline parameters as a version. NOT_FOUND; BAD_USER_INPUT;
 * FAILED_PRECONDITION: DELETED, TEST_SET_EMPTY; CONFLICT, AMBIGUOUS_NAME.
 */
export async function planRun(trx: Trx, viewer: Viewer, target: RunTarget, options: RunOptions, now: Date): Promise<RunPlan> {
  const { testSet, endpoint } = target;
  const selection = normalizeTestFilter(target.tests);
  const segments = testSet === null ? await selectTestsOfProject(trx, viewer, endpoint.projectId, selection) : await selectTests(trx, viewer, testSet, selection);
  const testCount = segments.reduce((sum, segment) => sum + segment.testCount, 0);
  if (testCount === 0) throw nothingToRun(target, selection);
  if (testCount * target.trials > MAX_ORDINAL) assertNoProblems([{ field: "input.trials", message: `${testCount} tests with ${target.trials} trials are more than ${MAX_ORDINAL} results.` }]);
  const metrics = await metricsOf(trx, viewer, { refs: options.metrics, testSetId: testSet?.id ?? null }, segments);
  const parameters = await resolveParameters(trx, viewer, options, now);
  const userModelId = await findUserModel(trx, viewer, { attributes: target.attributes, testSet, metrics, segments });
  return { ...target, options, selection, segments, testCount, metrics, parameters, userModelId };
}

/** The metrics that a run of the segments pins, in their latest versions. NOT_FOUND; BAD_USER_INPUT; FAILED_PRECONDITION, DELETED. */
export async function metricsOf(trx: Trx, viewer: Viewer, sources: { refs: readonly EntityRef[] | null; testSetId: string | null }, segments: readonly TestSegment[]): Promise<RunMetrics> {
  const metrics = await resolveRunMetrics(trx, viewer, { ...sources, behaviorIds: [] });
  // Which behaviors the tests have matters only when no level before gave metrics: it reads every test.
  if (metrics.source !== "BEHAVIOR") return metrics;
  return resolveRunMetrics(trx, viewer, { ...sources, behaviorIds: await behaviorIdsOf(trx, viewer, segments) });
}

function nothingToRun({ testSet, endpoint }: RunTarget, selection: TestFilter | null): FailedPreconditionError {
  if (testSet === null) return new FailedPreconditionError("TEST_SET_EMPTY", `The project of the endpoint ${endpoint.id} has no test that matches. Add tests, or widen the filter.`);
  const [which, remedy] = selection === null ? ["", ""] : [" that matches", ", or widen the filter"];
  return new FailedPreconditionError("TEST_SET_EMPTY", `The test set ${testSet.id} has no test${which}. Add tests${remedy}.`);
}
