import { type Metric, type MetricDefinition, MetricErrorCode, type MetricVersion, modelCallsOf } from "../metrics/index.js";
import type { TestShape } from "../test-sets/index.js";

/** What an execution would come to. */
export interface ExecutionPlan {
  readonly tests: number;
  readonly results: number;
  readonly endpointCallsMin: number;
  readonly endpointCallsMax: number;
  readonly judgeCalls: number;
  readonly metrics: readonly PlannedMetric[];
  readonly testsWithoutMetrics: number;
  readonly problems: readonly string[];
}

/** To how many tests a metric would apply. */
export interface PlannedMetric {
  readonly metric: Metric;
  readonly tests: number;
  readonly skipped: number;
  readonly skipReasons: readonly MetricErrorCode[];
}

/** Why a metric is skipped for a test; see skipReason in scoring/, which stands above this room. */
export type SkipReason = (
  definition: Pick<MetricDefinition, "scope" | "groundTruthRequired" | "contextRequired">,
  test: { testType: TestShape["type"]; hasExpectedResponse: boolean; hasContext: boolean },
) => MetricErrorCode | null;

/** A metric as a run would pin it. */
export interface MetricOfPlan {
  readonly metric: Metric;
  readonly definition: MetricVersion["definition"];
  readonly behaviorIds: readonly string[] | null;
}

/** What counts are made of. */
export interface PlanBasis {
  readonly shapes: readonly TestShape[];
  readonly metrics: readonly MetricOfPlan[];
  readonly trials: number;
  readonly maxAttempts: number;
  /** Whether the endpoint's mapping says what an answer rests on: then no test lacks context for sure. */
  readonly mapsContext: boolean;
}

/** The plan of an execution that would be refused. */
export function refusedPlan(problem: string): ExecutionPlan {
  return { tests: 0, results: 0, endpointCallsMin: 0, endpointCallsMax: 0, judgeCalls: 0, metrics: [], testsWithoutMetrics: 0, problems: [problem] };
}

/** Counts what an execution would come to. Attempts are counted in full at the most; a judge's own repairs are not. */
export function countPlan(basis: PlanBasis, skipReason: SkipReason): ExecutionPlan {
  const { shapes, trials, maxAttempts } = basis;
  const sum = (count: (shape: TestShape) => number): number => shapes.reduce((total, shape) => total + count(shape), 0);
  const skips = (metric: MetricOfPlan, shape: TestShape): MetricErrorCode | null => skipOf(basis, metric, shape, skipReason);
  const metrics = basis.metrics.map((metric): PlannedMetric => {
    const meant = shapes.filter((shape) => isMeant(metric, shape));
    const skipped = meant.filter((shape) => skips(metric, shape) !== null);
    return { metric: metric.metric, tests: total(meant), skipped: total(skipped), skipReasons: [...new Set(skipped.map((shape) => skips(metric, shape)).filter((code) => code !== null))] };
  });
  const tests = sum((shape) => shape.tests);
  const testsWithoutMetrics = total(shapes.filter((shape) => !basis.metrics.some((metric) => isMeant(metric, shape) && skips(metric, shape) === null)));
  return {
    tests,
    results: tests * trials,
    endpointCallsMin: sum((shape) => shape.tests * shape.minTurns) * trials,
    endpointCallsMax: sum((shape) => shape.tests * shape.maxTurns) * trials * maxAttempts,
    judgeCalls: metrics.reduce((calls, { tests: all, skipped }, index) => calls + (all - skipped) * trials * callsOf(basis.metrics[index]), sum(userCallsOf) * trials),
    metrics,
    testsWithoutMetrics,
    problems: problemsOf(metrics, testsWithoutMetrics),
  };
}

function total(shapes: readonly TestShape[]): number {
  return shapes.reduce((sum, shape) => sum + shape.tests, 0);
}

function isMeant({ behaviorIds }: MetricOfPlan, shape: TestShape): boolean {
  return behaviorIds === null || (shape.behaviorId !== null && behaviorIds.includes(shape.behaviorId));
}

function skipOf({ mapsContext }: PlanBasis, { definition }: MetricOfPlan, shape: TestShape, skipReason: SkipReason): MetricErrorCode | null {
  const code = skipReason(definition, { testType: shape.type, hasExpectedResponse: shape.hasExpectedResponse, hasContext: shape.hasContext || mapsContext });
  if (code !== null) return code;
  return definition.kind === "BUILT_IN" && definition.builtIn === "assertions" && !shape.hasAssertions ? MetricErrorCode.NO_ASSERTIONS : null;
}

/** A message for each turn, and one look at the goal: at the fewest turns. */
function userCallsOf(shape: TestShape): number {
  return shape.isPursued ? shape.tests * (shape.minTurns + 1) : 0;
}

function callsOf(metric: MetricOfPlan | undefined): number {
  return metric === undefined ? 0 : modelCallsOf(metric.definition);
}

function problemsOf(metrics: readonly PlannedMetric[], testsWithoutMetrics: number): string[] {
  const idle = metrics.filter(({ tests, skipped }) => tests > 0 && skipped === tests);
  return [
    ...(testsWithoutMetrics === 0 ? [] : [`No metric applies to ${testsWithoutMetrics} of the tests: they will end in ERROR (NO_METRICS). Assign metrics to the test set or the behaviors, or name some.`]),
    ...idle.map(({ metric, skipReasons }) => `The metric "${metric.name}" will be skipped for every test (${skipReasons.join(", ")}).`),
  ];
}
