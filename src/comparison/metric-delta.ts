import { holm, pairedT } from "./statistics.js";

/** A metric that a run pins. */
export interface PinnedMetric {
  readonly runId: string;
  readonly metricIndex: number;
  readonly metricId: string;
  readonly number: number;
  readonly name: string;
}

/** A metric as each of two runs pins it; null in a run that does not. */
export interface MetricPair {
  readonly name: string;
  readonly baseline: PinnedMetric | null;
  readonly candidate: PinnedMetric | null;
}

/** Means of a metric over tests, a test's being the mean over its trials. */
export interface MetricMeans {
  /** Tests that both runs scored. */
  readonly pairs: number;
  /** Over those tests; null without any. */
  readonly baselineMean: number | null;
  readonly candidateMean: number | null;
  readonly meanDelta: number | null;
  /** Of the tests' differences; null for fewer than two. */
  readonly standardDeviation: number | null;
  /** Over all tests that the run scored. */
  readonly baselineOwnMean: number | null;
  readonly candidateOwnMean: number | null;
}

/** How a metric differs between two runs. */
export interface MetricDelta {
  readonly name: string;
  readonly baselineMean: number | null;
  readonly candidateMean: number | null;
  readonly meanDelta: number | null;
  readonly interval: { readonly low: number; readonly high: number } | null;
  readonly pValue: number | null;
  readonly adjustedPValue: number | null;
  readonly pairs: number;
}

/** The metrics of two runs side by side: the same metric in whatever version, else one of the same name (deleted and made anew). In the candidate's order, then what only the baseline has. */
export function pairMetrics(baseline: readonly PinnedMetric[], candidate: readonly PinnedMetric[]): MetricPair[] {
  const left = new Set(baseline);
  const take = (found: PinnedMetric | undefined): PinnedMetric | null => {
    if (found === undefined) return null;
    left.delete(found);
    return found;
  };
  const same = candidate.map((metric) => take([...left].find(({ metricId }) => metricId === metric.metricId)));
  const pairs = candidate.map((metric, index): MetricPair => {
    const partner = same[index] ?? take([...left].find(({ name }) => name.toLowerCase() === metric.name.toLowerCase()));
    return { name: metric.name, baseline: partner, candidate: metric };
  });
  return [...pairs, ...[...left].map((metric): MetricPair => ({ name: metric.name, baseline: metric, candidate: null }))];
}

/** The deltas of the metrics of two runs, with p-values as they are and corrected for their number. */
export function metricDeltas(metrics: readonly (MetricPair & { readonly means: MetricMeans })[]): MetricDelta[] {
  const tests = metrics.map(({ means }) => testOf(means));
  const adjusted = holm(tests.map((test) => test?.pValue ?? null));
  return metrics.map(({ name, means }, index) => ({
    name,
    // Without a test that both scored there is no difference; each run's own mean still says where it stands.
    baselineMean: means.pairs > 0 ? means.baselineMean : means.baselineOwnMean,
    candidateMean: means.pairs > 0 ? means.candidateMean : means.candidateOwnMean,
    meanDelta: means.meanDelta,
    interval: tests[index]?.interval ?? null,
    pValue: tests[index]?.pValue ?? null,
    adjustedPValue: adjusted[index] ?? null,
    pairs: means.pairs,
  }));
}

function testOf({ pairs, meanDelta, standardDeviation, baselineMean, candidateMean }: MetricMeans) {
  if (meanDelta === null) return null;
  return pairedT({ pairs, mean: meanDelta, standardDeviation, magnitude: Math.max(Math.abs(baselineMean ?? 0), Math.abs(candidateMean ?? 0)) });
}
