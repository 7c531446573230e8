import type { ScoreType } from "../metrics/index.js";
import type { MetricResultStatus } from "./result.table.js";

/** A category with how many results have it. */
export interface CategoryCount {
  readonly category: string;
  readonly count: number;
}

/** How many results a metric judged which way, reviews included. */
export interface MetricVerdictCounts {
  readonly passed: number;
  readonly failed: number;
  readonly errored: number;
  readonly skipped: number;
  readonly inconclusive: number;
}

/**
 * What one metric made of a run's results. The counts are of the verdicts that count and follow reviews; all else is
 * of the automated scores, and never changes. A statistic is null where it cannot be computed.
 */
export interface MetricSummary extends MetricVerdictCounts {
  readonly metricIndex: number;
  readonly metricId: string;
  readonly metricVersionId: string;
  /** The number of the version that judged, with its name and score type. */
  readonly metricVersion: number;
  readonly name: string;
  readonly scoreType: ScoreType;
  /** Results with an automated verdict: those that the statistics are of. */
  readonly scored: number;
  readonly mean: number | null;
  /** Of a sample: over n - 1. Null for fewer than two scores. */
  readonly standardDeviation: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly p50: number | null;
  /** Categories that occur, the most frequent first; none for NUMERIC metrics. */
  readonly categories: readonly CategoryCount[];
}

/** Of the answered calls of the endpoint, in milliseconds. Percentiles are interpolated between the two nearest ranks. */
export interface LatencySummary {
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** What a run's results come to. */
export interface RunSummary {
  /** One for each metric of the run, in their order, also where it has judged nothing yet. */
  readonly metrics: readonly MetricSummary[];
  /** Null without an answer, and for a RESCORE, which makes no call. */
  readonly latency: LatencySummary | null;
}

/** A closed range. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** The 97.5 % point of the standard normal distribution, for 95 % intervals. */
const Z = 1.959963984540054;

/**
 * The 95 % score interval of a rate, without continuity correction; null where there is nothing to take a rate of.
 * It never leaves 0 to 1 and holds near both ends, where the usual "p ± 1.96 s" fails.
 * Source: E. B. Wilson, "Probable inference", JASA 22 (1927); checked against R. G. Newcombe, Statistics in Medicine 17 (1998), table I.
 */
export function wilsonInterval(passed: number, total: number): Interval | null {
  if (total === 0) return null;
  const [rate, spread] = [passed / total, (Z * Z) / total];
  const center = rate + spread / 2;
  const halfWidth = Z * Math.sqrt((rate * (1 - rate)) / total + spread / (4 * total));
  // At the ends the terms cancel exactly; in floating point they leave 1e-18.
  const low = passed === 0 ? 0 : (center - halfWidth) / (1 + spread);
  return { low, high: passed === total ? 1 : (center + halfWidth) / (1 + spread) };
}

const COUNTED_AS = { PASSED: "passed", FAILED: "failed", ERROR: "errored", SKIPPED: "skipped", INCONCLUSIVE: "inconclusive" } as const satisfies Record<MetricResultStatus, keyof MetricVerdictCounts>;

/** A metric's verdict on one result that a review changed. */
export interface MetricVerdictChange {
  readonly metricIndex: number;
  readonly from: MetricResultStatus;
  readonly to: MetricResultStatus;
}

/** The summary after reviews changed verdicts of metrics: counts move, statistics stay. */
export function withVerdictChanges(summary: RunSummary, changes: readonly MetricVerdictChange[]): RunSummary {
  const move = (metric: MetricSummary, { from, to }: MetricVerdictChange): MetricSummary => {
    const less = { ...metric, [COUNTED_AS[from]]: metric[COUNTED_AS[from]] - 1 };
    return { ...less, [COUNTED_AS[to]]: less[COUNTED_AS[to]] + 1 };
  };
  return { ...summary, metrics: summary.metrics.map((metric) => changes.filter((change) => change.metricIndex === metric.metricIndex).reduce(move, metric)) };
}
