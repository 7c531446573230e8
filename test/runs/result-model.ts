import fc from "fast-check";
import { TestResultStatus } from "../../src/runs/result.js";
import type { TestResultFilter } from "../../src/runs/result-filter.js";
import type { TestResultOrder } from "../../src/runs/result-order.js";
import type { ModelResult, World } from "./result-world.js";

/** A filter before the world's ids are known: ids are places in the world's lists. */
export interface FilterSpec extends Omit<TestResultFilter, "runId" | "testId" | "testSetId" | "endpointId" | "projectId" | "behaviorId" | "metric"> {
  readonly run?: number;
  readonly test?: number;
  readonly testSet?: number;
  readonly endpoint?: number;
  readonly project?: number;
  readonly behavior?: number;
  readonly metric?: { status?: ("PASSED" | "FAILED")[]; minScore?: number; maxScore?: number };
}

const statuses = fc.subarray(Object.values(TestResultStatus), { minLength: 1 });
/** Mostly one or two fields. */
export const filterSpec: fc.Arbitrary<FilterSpec> = fc
  .array(
    fc.oneof(
      fc.record({ status: statuses }),
      fc.record({ status: statuses }),
      fc.record({ automatedStatus: statuses }),
      fc.record({ errorType: fc.subarray(["HTTP" as const, "TIMEOUT" as const], { minLength: 1 }) }),
      fc.record({ run: fc.constantFrom(0, 1) }),
      fc.record({ test: fc.constantFrom(0, 3, 7) }),
      fc.record({ testSet: fc.constantFrom(0, 1) }),
      fc.record({ endpoint: fc.constantFrom(0, 1) }),
      fc.record({ project: fc.constantFrom(0, 1) }),
      fc.record({ behavior: fc.constantFrom(0, 1) }),
      fc.record({ tags: fc.subarray(["x", "y"], { minLength: 1 }) }),
      fc.record({ trial: fc.constantFrom(1, 2, 3) }),
      fc.record({ search: fc.constantFrom("alpha", "ALP", "% of_", "zzz", "?") }),
      fc.record({ metric: fc.record({ status: fc.subarray(["PASSED" as const, "FAILED" as const], { minLength: 1 }), minScore: fc.constantFrom(0, 0.5), maxScore: fc.constantFrom(0.5, 1) }, { requiredKeys: [] }) }),
      fc.record({ minLatencyMs: fc.constantFrom(0, 2.5) }),
      fc.record({ finishedAt: fc.record({ gte: fc.constant(new Date(2000)), lt: fc.constant(new Date(2001)) }, { requiredKeys: ["gte"] }) }),
    ),
    { maxLength: 2 },
  )
  .map((fields) => Object.assign({}, ...fields) as FilterSpec); // each is part of one
export const orderSpec: fc.Arbitrary<TestResultOrder> = fc.record({ field: fc.constantFrom("POSITION", "FINISHED_AT", "LATENCY", "STATUS"), direction: fc.constantFrom("ASC", "DESC") });

/** The filter with the world's ids. */
export function filterOf(spec: FilterSpec, world: World): TestResultFilter {
  const { run, test, testSet, endpoint, project, behavior, metric, ...rest } = spec;
  const at = (list: readonly string[], index: number | undefined) => (index === undefined ? null : (list[index] ?? list[0] ?? null));
  const fields = { ...rest, runId: at(world.runIds, run), testId: at(world.testIds, test), testSetId: at(world.testSetIds, testSet), endpointId: at(world.endpointIds, endpoint), projectId: at(world.projectIds, project), behaviorId: at(world.behaviorIds, behavior), metric: metric === undefined ? null : { name: world.metricName.toUpperCase(), ...metric } };
  return fields;
}

/** What a list shows, said as plainly as can be. */
export function modelList(results: readonly ModelResult[], filter: TestResultFilter, order: TestResultOrder): ModelResult[] {
  return results.filter((result) => matches(result, filter)).sort((a, b) => compare(a, b, order));
}

function matches(result: ModelResult, filter: TestResultFilter): boolean {
  const has = (text: string | null): boolean => text !== null && words(filter.search ?? "").length > 0 && words(filter.search ?? "").every((word) => words(text).some((each) => each.startsWith(word)));
  return (
    same(filter.runId, result.runId) &&
    same(filter.testId, result.testId) &&
    same(filter.testSetId, result.testSetId) &&
    same(filter.endpointId, result.endpointId) &&
    same(filter.projectId, result.projectId) &&
    same(filter.behaviorId, result.behaviorId) &&
    same(filter.trial, result.trial) &&
    (filter.status?.includes(result.status) ?? true) &&
    (filter.automatedStatus?.includes(result.status) ?? true) &&
    (filter.errorType == null || (result.errorType !== null && filter.errorType.includes(result.errorType))) &&
    (filter.tags ?? []).every((tag) => result.tags.includes(tag)) &&
    (filter.search == null || has(result.text) || has(result.output)) &&
    (filter.minLatencyMs == null || (result.latencyMs !== null && result.latencyMs >= filter.minLatencyMs)) &&
    (filter.finishedAt == null || (result.finishedAt !== null && result.finishedAt >= (filter.finishedAt.gte?.getTime() ?? 0) && result.finishedAt < (filter.finishedAt.lt?.getTime() ?? Infinity))) &&
    matchesMetric(result, filter)
  );
}

/** Of texts without the compounds that PostgreSQL's parser knows. */
function words(text: string): string[] {
  return text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
}

function same<T>(wanted: T | null | undefined, value: T): boolean {
  return wanted == null || wanted === value;
}

function matchesMetric({ score }: ModelResult, { metric }: TestResultFilter): boolean {
  if (metric == null) return true;
  if (score === null) return false;
  return (metric.status?.includes(score.status) ?? true) && score.score >= (metric.minScore ?? -Infinity) && score.score <= (metric.maxScore ?? Infinity);
}

function compare(a: ModelResult, b: ModelResult, { field, direction }: TestResultOrder): number {
  const sign = direction === "ASC" ? 1 : -1;
  const byRun = a.runId === b.runId ? 0 : a.runId > b.runId ? -1 : 1;
  if (field === "POSITION") return byRun || sign * (a.ordinal - b.ordinal);
  const value = ({ status, latencyMs, finishedAt }: ModelResult): number | null => (field === "STATUS" ? Object.values(TestResultStatus).indexOf(status) : field === "LATENCY" ? latencyMs : finishedAt);
  const [x, y] = [value(a), value(b)];
  const byValue = x === null || y === null ? Number(x === null) - Number(y === null) : sign * (x - y);
  return byValue || byRun || (field === "STATUS" ? 1 : sign) * (a.ordinal - b.ordinal);
}
