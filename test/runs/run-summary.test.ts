import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type MetricSummary, type RunSummary, wilsonInterval, withVerdictChanges } from "../../src/runs/run-summary.js";

describe("the Wilson interval", () => {
  // R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998), table I, method 3.
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])("of %i in %i is the published one", (passed, total, low, high) => {
    const interval = wilsonInterval(passed, total);
    expect(interval?.low).toBeCloseTo(low, 4);
    expect(interval?.high).toBeCloseTo(high, 4);
  });

  it("is null without a verdict", () => {
    expect(wilsonInterval(0, 0)).toBeNull();
  });

  it("holds the rate, stays within 0 to 1 and is mirrored when passes and fails are swapped", () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.nat(10_000), (passed, failed) => {
        const total = passed + failed;
        fc.pre(total > 0);
        const [interval, mirror] = [wilsonInterval(passed, total), wilsonInterval(failed, total)];
        if (interval === null || mirror === null) throw new Error("There is an interval.");
        expect(interval.low).toBeGreaterThanOrEqual(0);
        expect(interval.high).toBeLessThanOrEqual(1);
        expect(interval.low).toBeLessThanOrEqual(passed / total);
        expect(interval.high).toBeGreaterThanOrEqual(passed / total);
        expect(mirror.low).toBeCloseTo(1 - interval.high, 9);
      }),
    );
  });
});

describe("a kept summary", () => {
  it("moves counts of the reviewed metric alone, and leaves statistics as they are", () => {
    const metric: MetricSummary = {
      metricIndex: 0, metricId: "m", metricVersionId: "v", metricVersion: 1, name: "one", scoreType: "NUMERIC", passed: 3, failed: 2, errored: 1, skipped: 0, inconclusive: 0,
      scored: 5, mean: 0.5, standardDeviation: 0.1, min: 0, max: 1, p50: 0.5, categories: [],
    }; // prettier-ignore
    const summary: RunSummary = { metrics: [metric, { ...metric, metricIndex: 1, name: "two" }], latency: null };
    const changed = withVerdictChanges(summary, [{ metricIndex: 1, from: "FAILED", to: "PASSED" }, { metricIndex: 1, from: "ERROR", to: "FAILED" }]);
    expect(changed.metrics).toEqual([metric, { ...metric, metricIndex: 1, name: "two", passed: 4, failed: 2, errored: 0 }]);
    expect(withVerdictChanges(summary, [{ metricIndex: 0, from: "PASSED", to: "PASSED" }])).toEqual(summary);
  });
});
