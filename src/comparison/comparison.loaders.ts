import type DataLoader from "dataloader";
import { byParentAndArgs, type ChildKey, type Db, EMPTY_PAGE, type LoaderOptions, manyByKey, type Page, valueByKey } from "../db/index.js";
import { findPlannedTests } from "../runs/index.js";
import type { Scope } from "../viewer.js";
import { type ComparisonSummary, EMPTY_SUMMARY } from "./comparison.js";
import type { MetricDelta, PinnedMetric } from "./metric-delta.js";
import { findMetricDeltas, findPinnedMetrics } from "./metric-delta.repository.js";
import { countTestPairs, pageTestPairs } from "./pair-page.repository.js";
import { findComparisonSummaries, findPinnedSets } from "./pairing.repository.js";
import type { PinnedSet } from "./run-change.js";
import { parsePairKey } from "./run-pair.js";
import type { TestPair, TestPairFilter, TestPairListArgs } from "./test-pair.js";

/** All but the last three are loaded by the `pairKey` of two runs that the viewer may see. */
export interface ComparisonLoaders {
  readonly summary: DataLoader<string, ComparisonSummary>;
  readonly metricDeltas: DataLoader<string, readonly MetricDelta[]>;
  readonly tests: DataLoader<ChildKey<TestPairListArgs>, Page<TestPair>, string>;
  readonly testCount: DataLoader<ChildKey<{ filter: TestPairFilter }>, number, string>;
  /** The metrics of a run with their versions' names and numbers. */
  readonly metricsOfRun: DataLoader<string, readonly PinnedMetric[]>;
  /** The sets whose tests a run has, with the versions that it pins. */
  readonly setsOfRun: DataLoader<string, readonly PinnedSet[]>;
  /** The revision of a test that stands at a place of a run, by `placeKey`. */
  readonly revisionIdAt: DataLoader<string, string | null>;
}

/** The loaders' key of a place in a run. */
export function placeKey(runId: string, place: number): string {
  return `${runId} ${place}`;
}

/** The loaders of one viewer over comparisons. */
export function createComparisonLoaders(db: Db, scope: Scope, options: LoaderOptions): ComparisonLoaders {
  return {
    summary: valueByKey(options, (keys) => findComparisonSummaries(db, scope, keys.map(parsePairKey)), EMPTY_SUMMARY),
    metricDeltas: valueByKey(options, (keys) => findMetricDeltas(db, scope, keys.map(parsePairKey)), []),
    tests: byParentAndArgs(options, (keys, args) => pageTestPairs(db, scope, keys.map(parsePairKey), args), () => EMPTY_PAGE),
    testCount: byParentAndArgs(options, (keys, { filter }) => countTestPairs(db, scope, keys.map(parsePairKey), filter), () => 0),
    metricsOfRun: manyByKey(options, (ids) => findPinnedMetrics(db, scope, ids), (metric) => metric.runId),
    setsOfRun: manyByKey(options, (ids) => findPinnedSets(db, scope, ids), (set) => set.runId),
    revisionIdAt: valueByKey<string, string | null>(options, (keys) => findRevisionIds(db, scope, keys), null),
  };
}

async function findRevisionIds(db: Db, scope: Scope, keys: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const places = keys.map((key) => key.split(" ")).map(([runId = "", place = ""]) => ({ runId, position: Number(place) }));
  return new Map((await findPlannedTests(db, scope, places)).map((test) => [placeKey(test.runId, test.position), test.testRevisionId]));
}

declare module "../graphql/context.js" {
  interface Loaders {
    comparison: ComparisonLoaders;
  }
}
