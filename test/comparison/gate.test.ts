import { describe, expect, it } from "vitest";
import { type GateFacts, judge } from "../../src/comparison/gate.js";
import { assertPolicy, type GatePolicy } from "../../src/comparison/gate-policy.js";
import type { BadUserInputError } from "../../src/errors.js";

const FACTS: GateFacts = {
  run: { name: "Nightly", total: 20, passed: 15, failed: 3, errored: 2 },
  p95LatencyMs: 812.44,
  metrics: [{ name: "Tone", passed: 9, failed: 1 }, { name: "Silent", passed: 0, failed: 0 }],
  baseline: { name: "Main", summary: { improved: 1, regressed: 8, unchanged: 9, added: 0, removed: 0, notComparable: 2 } },
}; // prettier-ignore

function problemsOf(policy: GatePolicy): { reason: string; fields: string[] } | null {
  try {
    assertPolicy(policy);
    return null;
  } catch (error) {
    const { reason, details } = error as BadUserInputError;
    return { reason, fields: (details["problems"] as { field: string }[]).map(({ field }) => field) };
  }
}

describe("a gate", () => {
  it.each([
    ["minPassRate", { minPassRate: 0.83 }, true, 15 / 18, "at least 83 %", "83.33 %"],
    ["minPassRate", { minPassRate: 0.8334 }, false, 15 / 18, "at least 83.34 %", "83.33 %"],
    ["minCoverage", { minCoverage: 0.9 }, true, 0.9, "at least 90 %", "90 %"],
    ["minCoverage", { minCoverage: 0.95 }, false, 0.9, "at least 95 %", "90 %"],
    ["maxErrorRate", { maxErrorRate: 0.1 }, true, 0.1, "at most 10 %", "10 %"],
    ["maxErrorRate", { maxErrorRate: 0 }, false, 0.1, "at most 0 %", "10 %"],
    ["maxP95LatencyMs", { maxP95LatencyMs: 900 }, true, 812.44, "at most 900 ms", "812.4 ms"],
    ["maxP95LatencyMs", { maxP95LatencyMs: 500 }, false, 812.44, "at most 500 ms", "812.4 ms"],
    ["maxRegressions", { maxRegressions: 8 }, true, 8, "at most 8 regressed", "8 regressed"],
    ["maxRegressions", { maxRegressions: 0 }, false, 8, "at most 0 regressed", "8 regressed"],
    // 8 of 9 changes are regressions: p = 2 (1 + 9) / 512.
    ["failOnSignificantRegression", { failOnSignificantRegression: true }, false, 20 / 512, "no significant regression (p at most 0.05)", "8 regressed, 1 improved, p = 0.039"],
    ["metricMinPassRates.Tone", { metricMinPassRates: [{ name: "tone", minPassRate: 0.9 }] }, true, 0.9, "at least 90 %", "90 %"],
    ["metricMinPassRates.Tone", { metricMinPassRates: [{ name: "Tone", minPassRate: 0.91 }] }, false, 0.9, "at least 91 %", "90 %"],
  ])("decides %s by %j: %s", (name, policy, passed, actualValue, expected, actual) => {
    const result = judge(policy, FACTS);
    expect(result).toMatchObject({ passed, decided: true });
    expect(result.checks).toEqual([{ name, passed, decided: true, expected, actual, expectedValue: expect.any(Number) as number, actualValue: expect.closeTo(actualValue, 12) as number }]);
  });

  it.each([
    ["a rate just below its limit", { minPassRate: 1 }, { run: { ...FACTS.run, passed: 99_999, failed: 1 } }, "at least 100 %", "99.999 %"],
    ["a limit just above the rate", { minPassRate: 0.750000001 }, { run: { ...FACTS.run, passed: 3, failed: 1 } }, "at least 75.0000001 %", "75 %"],
    ["few errors where none may be", { maxErrorRate: 0 }, { run: { ...FACTS.run, passed: 249_999, failed: 0, errored: 1 } }, "at most 0 %", "0.0004 %"],
    ["a latency just above its limit", { maxP95LatencyMs: 812.4 }, {}, "at most 812.4 ms", "812.44 ms"],
    // Twice the sum of the binomial coefficients of 32 up to 10, over 2 to the power of 32: 0.0501025.
    ["a p-value just above 0.05", { failOnSignificantRegression: true }, { baseline: { name: "Main", summary: { improved: 10, regressed: 22, unchanged: 0, added: 0, removed: 0, notComparable: 0 } } }, "no significant regression (p at most 0.05)", "22 regressed, 10 improved, p = 0.0501"],
  ] as [string, GatePolicy, Partial<GateFacts>, string, string][])("never shows %s as if it were the limit", (_, policy, facts, expected, actual) => {
    expect(judge(policy, { ...FACTS, ...facts }).checks).toMatchObject([{ expected, actual }]);
  });

  it("decides nothing where there is nothing to decide by, and has not passed then", () => {
    const nothing: GateFacts = { run: { name: "Empty", total: 0, passed: 0, failed: 0, errored: 0 }, p95LatencyMs: null, metrics: FACTS.metrics, baseline: { name: "Main", summary: { improved: 0, regressed: 0, unchanged: 0, added: 5, removed: 0, notComparable: 1 } } };
    const policy: GatePolicy = { minPassRate: 0, minCoverage: 0, maxErrorRate: 1, maxP95LatencyMs: 1e9, maxRegressions: 99, failOnSignificantRegression: true, metricMinPassRates: [{ name: "Silent", minPassRate: 0 }, { name: "Unknown", minPassRate: 0 }] };
    const { passed, decided, checks } = judge(policy, nothing);
    expect([passed, decided]).toEqual([false, false]);
    expect(checks.map(({ name, passed: each, decided: isDecided, actualValue }) => [name, each, isDecided, actualValue])).toEqual(
      ["minPassRate", "minCoverage", "maxErrorRate", "maxP95LatencyMs", "maxRegressions", "failOnSignificantRegression", "metricMinPassRates.Silent", "metricMinPassRates.Unknown"].map((name) => [name, false, false, null]),
    );
    expect(checks.at(-1)?.actual).toBe("the run has no metric of this name");
  });

  it("lets an improvement and a change that may be luck pass", () => {
    const with_ = (improved: number, regressed: number): boolean => judge({ failOnSignificantRegression: true }, { ...FACTS, baseline: { name: "Main", summary: { improved, regressed, unchanged: 0, added: 0, removed: 0, notComparable: 0 } } }).passed;
    expect([with_(20, 0), with_(0, 5), with_(0, 6)]).toEqual([true, true, false]);
  });

  it("sums itself up in one paragraph of Markdown in which names cannot format or mention", () => {
    const facts = { ...FACTS, run: { ...FACTS.run, name: "a *bold* [link](x)\n# head @team" } };
    expect(judge({ minPassRate: 0.9, maxErrorRate: 0.2 }, facts).summary).toBe(
      String.raw`❌ **Gate not met** by a \*bold\* \[link\]\(x\) \# head \@team, compared with Main: 15 of 20 results passed, 3 failed, 2 ended in errors. ✗ ${"`minPassRate`"} 83.33 % (at least 90 %); ✓ ${"`maxErrorRate`"} 10 % (at most 20 %).`,
    );
    expect(judge({ minPassRate: 0.5 }, { ...FACTS, baseline: null }).summary).toMatch(/^✅ \*\*Gate met\*\* by Nightly: /);
    expect(judge({ metricMinPassRates: [{ name: "`x`\n\nnew", minPassRate: 0.5 }] }, FACTS).summary).toMatch(/^⚠️ \*\*Gate not decided\*\*[^\n]*$/);
  });
});

describe("a policy", () => {
  it.each([{}, { baselineId: "x" }, { failOnSignificantRegression: false }, { metricMinPassRates: [] }, { minPassRate: null }])("that checks nothing is refused: %j", (policy) => {
    expect(problemsOf(policy)).toEqual({ reason: "EMPTY_POLICY", fields: ["policy"] });
  });

  it("is refused with all its problems at once", () => {
    const policy: GatePolicy = { minPassRate: 90, minCoverage: -0.1, maxErrorRate: 1.01, maxP95LatencyMs: -1, maxRegressions: -1, metricMinPassRates: [{ name: " ", minPassRate: 2 }] };
    expect(problemsOf(policy)).toEqual({
      reason: "INPUT_INVALID",
      fields: ["minPassRate", "minCoverage", "maxErrorRate", "metricMinPassRates.0.name", "metricMinPassRates.0.minPassRate", "maxP95LatencyMs", "maxRegressions", "baselineId"].map((field) => `policy.${field}`),
    });
    expect(problemsOf({ failOnSignificantRegression: true })).toEqual({ reason: "INPUT_INVALID", fields: ["policy.baselineId"] });
    expect(problemsOf({ minPassRate: 0 })).toBeNull();
  });
});
