import { type MetricDefinition, ScoreType, ThresholdOperator } from "../metrics/index.js";
import { isTerminal, type MetricSummary, type TestRun, TestRunStatus } from "../runs/index.js";
import type { StarMetric } from "./test-case.js";

/** What kind of value a metric has over a whole run. */
export const MetricValueType = { NUMBER: "NUMBER", STRING: "STRING", PERCENTAGE: "PERCENTAGE" } as const;
export type MetricValueType = (typeof MetricValueType)[keyof typeof MetricValueType];

/** A metric's value over a whole run. What could not be computed is null with an error, never 0. */
export interface RunLevelResult {
  readonly metricId: string;
  readonly metricName: string;
  readonly valueType: MetricValueType;
  readonly numberValue: number | null;
  readonly stringValue: string | null;
  readonly reasoning: string | null;
  readonly errorDescription: string | null;
  /** Results that the value is of, and planned ones. */
  readonly scored: number;
  readonly total: number;
}

/** Whether an evaluation run passes, and why it does, does not, or cannot be said to. */
export interface PassDecision {
  readonly passStatus: boolean | null;
  readonly passReason: string;
}

/**
 * A metric's value over a run: NUMERIC, the mean of the scores; BINARY, the share of passes from 0 to 100; CATEGORICAL,
 * the most frequent category with the share of passes, a fraction. Shares follow reviews, means and categories never do.
 */
export function runLevelResult(summary: MetricSummary, total: number): RunLevelResult {
  const { metricId, name: metricName, passed, failed } = summary;
  const verdicts = passed + failed;
  const valueType = VALUE_TYPES[summary.scoreType];
  const scored = valueType === MetricValueType.NUMBER ? summary.scored : verdicts;
  const base = { metricId, metricName, valueType, numberValue: null, stringValue: null, reasoning: null, errorDescription: null, scored, total };
  if (scored === 0) return { ...base, errorDescription: whyUnscored(summary, total) };
  const shareText = `${passed} of ${verdicts} verdicts passed.`;
  switch (valueType) {
    case MetricValueType.NUMBER:
      return { ...base, numberValue: summary.mean, reasoning: `The mean of ${scored} scores, of ${total} planned results.` };
    case MetricValueType.PERCENTAGE:
      return { ...base, numberValue: (passed / verdicts) * 100, reasoning: shareText };
    case MetricValueType.STRING: {
      const [most] = summary.categories;
      return { ...base, stringValue: most?.category ?? null, numberValue: passed / verdicts, reasoning: most === undefined ? shareText : `"${most.category}" came ${most.count} times. ${shareText}` };
    }
    default:
      return valueType satisfies never;
  }
}

const VALUE_TYPES = { [ScoreType.NUMERIC]: MetricValueType.NUMBER, [ScoreType.BINARY]: MetricValueType.PERCENTAGE, [ScoreType.CATEGORICAL]: MetricValueType.STRING } as const;

function whyUnscored({ errored, inconclusive, skipped }: MetricSummary, total: number): string {
  const waiting = total - errored - inconclusive - skipped;
  const parts = [[errored, "in error"], [inconclusive, "inconclusive"], [skipped, "skipped"], [waiting, "not judged"]] as const;
  return `No result was scored: ${parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`).join(", ")}.`;
}

/** Means are sums of fractions: 0.7 + 0.9 is 1.6 but for the last bit, and no run fails for that bit. */
const ROUNDING = 1e-9;

/**
 * The verdict over a run, by the star metric alone. Higher is better unless the metric's operator is LT or LTE.
 * successThresholdPct is mapped linearly onto a NUMERIC metric's range and is the share of passes for the others.
 * `definition`: as the run pins it; null where the run does not have the metric.
 */
export function decidePass(run: Pick<TestRun, "status">, star: StarMetric | null, definition: MetricDefinition | null, result: RunLevelResult | null): PassDecision {
  const open = (passReason: string): PassDecision => ({ passStatus: null, passReason });
  if (run.status === TestRunStatus.CANCELLED) return open("The run was cancelled.");
  if (!isTerminal(run.status)) return open("The run has not finished.");
  if (star === null) return open("The test case has no star metric.");
  if (definition === null || result === null) return open("The run does not have the star metric.");
  if (result.numberValue === null) return open(`The star metric "${result.metricName}" has no value. ${result.errorDescription ?? ""}`.trim());
  const threshold = thresholdOf(star, definition);
  if (threshold === null) return open(`The star metric "${result.metricName}" has no range any more that ${star.successThresholdPct} % could be mapped onto.`);
  const isPercent = definition.scoreType !== ScoreType.NUMERIC;
  const value = definition.scoreType === ScoreType.CATEGORICAL ? result.numberValue * 100 : result.numberValue;
  const lowerIsBetter = !isPercent && (definition.thresholdOperator === ThresholdOperator.LT || definition.thresholdOperator === ThresholdOperator.LTE);
  const tolerance = ROUNDING * Math.max(1, Math.abs(threshold));
  const passes = lowerIsBetter ? value <= threshold + tolerance : value >= threshold - tolerance;
  const [bound, unit] = [lowerIsBetter ? "at most" : "at least", isPercent ? " %" : ""];
  return { passStatus: passes, passReason: `"${result.metricName}" is ${rounded(value)}${unit}; ${bound} ${rounded(threshold)}${unit} was needed (${result.scored} of ${result.total} results scored).` };
}

function thresholdOf({ successThreshold, successThresholdPct }: StarMetric, { scoreType, minScore, maxScore }: MetricDefinition): number | null {
  if (successThreshold !== null || successThresholdPct === null) return successThreshold;
  if (scoreType !== ScoreType.NUMERIC) return successThresholdPct;
  return minScore === null || maxScore === null ? null : minScore + (successThresholdPct / 100) * (maxScore - minScore);
}

/** As people read it: six significant digits. */
function rounded(value: number): string {
  return String(Number(value.toPrecision(6)));
}
