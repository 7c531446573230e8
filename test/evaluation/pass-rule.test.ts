import { describe, expect, it } from "vitest";
import { decidePass, runLevelResult } from "../../src/evaluation/pass-rule.js";
import type { StarMetric } from "../../src/evaluation/test-case.js";
import { type MetricDefinition, toDefinition } from "../../src/metrics/index.js";
import type { MetricSummary, TestRunStatus } from "../../src/runs/index.js";

const SUMMARY: MetricSummary = {
  metricIndex: 0, metricId: "m", metricVersionId: "v", metricVersion: 1, name: "quality", scoreType: "NUMERIC",
  passed: 6, failed: 2, errored: 1, skipped: 1, inconclusive: 0, scored: 8, mean: 0.8, standardDeviation: 0.1, min: 0, max: 1, p50: 0.8, categories: [],
}; // prettier-ignore

function summary(changes: Partial<MetricSummary>): MetricSummary {
  return { ...SUMMARY, ...changes };
}
function definition(changes: Partial<MetricDefinition>): MetricDefinition {
  return toDefinition({ name: "quality", kind: "BUILT_IN", scoreType: "NUMERIC", minScore: 0, maxScore: 1, ...changes });
}
const star = (threshold: Partial<StarMetric>): StarMetric => ({ metricId: "m", successThreshold: null, successThresholdPct: null, ...threshold });

function decide(args: { status?: TestRunStatus; star?: StarMetric | null; definition?: Partial<MetricDefinition>; summary?: Partial<MetricSummary> }): boolean | null {
  const chosen = args.star === undefined ? star({ successThreshold: 0.8 }) : args.star;
  return decidePass({ status: args.status ?? "COMPLETED" }, chosen, definition(args.definition ?? {}), runLevelResult(summary(args.summary ?? {}), 10)).passStatus;
}

describe("a metric's value over a run", () => {
  it("is the mean of the scores for NUMERIC", () => {
    expect(runLevelResult(SUMMARY, 10)).toMatchObject({ metricId: "m", metricName: "quality", valueType: "NUMBER", numberValue: 0.8, stringValue: null, errorDescription: null, scored: 8, total: 10 });
  });

  it("is the share of passes from 0 to 100 for BINARY, with reviews", () => {
    expect(runLevelResult(summary({ scoreType: "BINARY", passed: 3, failed: 1, scored: 2 }), 10)).toMatchObject({ valueType: "PERCENTAGE", numberValue: 75, scored: 4, reasoning: "3 of 4 verdicts passed." });
  });

  it("is the most frequent category with the share of passes for CATEGORICAL", () => {
    const categories = [{ category: "good", count: 5 }, { category: "bad", count: 3 }];
    expect(runLevelResult(summary({ scoreType: "CATEGORICAL", categories }), 10)).toMatchObject({ valueType: "STRING", stringValue: "good", numberValue: 0.75, reasoning: '"good" came 5 times. 6 of 8 verdicts passed.' });
  });

  it("is null with the reason where nothing was scored, never 0", () => {
    const none = { passed: 0, failed: 0, errored: 2, inconclusive: 1, skipped: 3, scored: 0, mean: null };
    for (const scoreType of ["NUMERIC", "BINARY", "CATEGORICAL"] as const) {
      expect(runLevelResult(summary({ ...none, scoreType }), 10)).toMatchObject({ numberValue: null, stringValue: null, reasoning: null, scored: 0, errorDescription: "No result was scored: 2 in error, 1 inconclusive, 3 skipped, 4 not judged." });
    }
  });
});

describe("the pass rule", () => {
  it("passes from the threshold on, and says why", () => {
    expect(decidePass({ status: "COMPLETED" }, star({ successThreshold: 0.8 }), definition({}), runLevelResult(SUMMARY, 10))).toEqual({ passStatus: true, passReason: '"quality" is 0.8; at least 0.8 was needed (8 of 10 results scored).' });
    expect(decide({ summary: { mean: 0.79 } })).toBe(false);
    expect(decide({ summary: { mean: 0.81 } })).toBe(true);
  });

  it("fails nobody for the last bit of a sum", () => {
    expect(0.1 + 0.2 + 0.3).toBeGreaterThan(0.6);
    expect(decide({ star: star({ successThreshold: 0.6 }), definition: { thresholdOperator: "LTE" }, summary: { mean: 0.1 + 0.2 + 0.3 } })).toBe(true);
    expect(decide({ star: star({ successThreshold: 0.8 }), summary: { mean: 0.7999999999999999 } })).toBe(true);
  });

  it("takes lower as better where the metric's operator says so", () => {
    for (const thresholdOperator of ["LT", "LTE"] as const) {
      expect(decide({ star: star({ successThreshold: 200 }), definition: { thresholdOperator }, summary: { mean: 150 } })).toBe(true);
      expect(decide({ star: star({ successThreshold: 200 }), definition: { thresholdOperator }, summary: { mean: 201 } })).toBe(false);
    }
  });

  it("maps a percentage linearly onto a NUMERIC metric's range", () => {
    const range = { minScore: 1, maxScore: 5 };
    expect(decide({ star: star({ successThresholdPct: 75 }), definition: range, summary: { mean: 4 } })).toBe(true); // 1 + 0.75 * 4 = 4
    expect(decide({ star: star({ successThresholdPct: 75 }), definition: range, summary: { mean: 3.9 } })).toBe(false);
    expect(decide({ star: star({ successThresholdPct: 75 }), definition: { minScore: null }, summary: { mean: 5 } })).toBeNull();
  });

  it("takes a percentage as the share of passes for BINARY and CATEGORICAL, for which more is always better", () => {
    for (const scoreType of ["BINARY", "CATEGORICAL"] as const) {
      expect(decide({ star: star({ successThresholdPct: 75 }), definition: { scoreType, thresholdOperator: "LTE" }, summary: { scoreType, passed: 3, failed: 1 } })).toBe(true);
      expect(decide({ star: star({ successThresholdPct: 76 }), definition: { scoreType }, summary: { scoreType, passed: 3, failed: 1 } })).toBe(false);
    }
  });

  it("is open while the run goes on, when it was cancelled, without a star metric, and when nothing was scored", () => {
    const reason = (status: TestRunStatus, chosen: StarMetric | null, changes: Partial<MetricSummary> = {}): string => {
      const decision = decidePass({ status }, chosen, definition({}), runLevelResult(summary(changes), 10));
      expect(decision.passStatus).toBeNull();
      return decision.passReason;
    };
    for (const status of ["QUEUED", "RUNNING", "PAUSED", "CANCELLING"] as const) expect(reason(status, star({ successThreshold: 0 }))).toBe("The run has not finished.");
    expect(reason("CANCELLED", star({ successThreshold: 0 }))).toBe("The run was cancelled.");
    expect(reason("COMPLETED", null)).toBe("The test case has no star metric.");
    expect(reason("FAILED", star({ successThreshold: 0 }), { scored: 0, mean: null, errored: 10, skipped: 0 })).toBe('The star metric "quality" has no value. No result was scored: 10 in error.');
    expect(decidePass({ status: "COMPLETED" }, star({ successThreshold: 0 }), null, null)).toEqual({ passStatus: null, passReason: "The run does not have the star metric." });
  });

  it("decides over what was scored of a partial run", () => {
    expect(decide({ status: "PARTIAL" })).toBe(true);
  });
});
