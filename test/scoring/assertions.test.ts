import { afterAll, describe, expect, it } from "vitest";
import { createScorer, type MetricVerdict } from "../../src/scoring/index.js";
import { asMetric, givenAnswer, givenMetric, NO_SIGNAL } from "./score-input.js";

const scorer = createScorer();
afterAll(() => scorer.close());

function judge(answer: string, metadata: Record<string, unknown>, more: Parameters<typeof givenAnswer>[1] = {}): Promise<MetricVerdict> {
  return scorer.score(asMetric(givenMetric("assertions")), givenAnswer(answer, { ...more, metadata }), NO_SIGNAL);
}

describe("assertions", () => {
  it("pass when all of the test's own checks hold, each by its own parameters and threshold", async () => {
    const assertions = [
      { type: "contains", value: "problem" },
      { type: "contains", value: "AI", negate: true },
      { type: "regex", pattern: "^How" },
      { type: "length", unit: "words", max: 12 },
      { type: "levenshtein", value: "How do you do.", as: "distance", threshold: 40 },
      { type: "rouge_n", value: "{{ expected_response }}", threshold: 0.1 },
      { type: "latency", threshold: 5, thresholdOperator: "GTE" },
    ];
    const verdict = await judge("How do you do. Please state your problem.", { assertions }, { expectedResponse: "State your problem" });
    expect(verdict).toMatchObject({ status: "PASSED", score: 1, threshold: 1, reason: "All 7 assertions hold." });
    expect(verdict.metadata["assertions"]).toHaveLength(7);
    expect(verdict.metadata["assertions"]).toMatchObject([{ type: "contains", status: "PASSED", score: 1 }, {}, {}, {}, { score: 27 }, {}, { score: 12 }]);
  });

  it("give the weighted share that holds, which assertions_threshold may lower", async () => {
    const assertions = [
      { type: "contains", value: "a", weight: 3, metric: "has a" },
      { type: "contains", value: "z" },
    ];
    const failed = await judge("abc", { assertions });
    expect(failed).toMatchObject({ status: "FAILED", score: 0.75, reason: '1 of 2 assertions do not hold: contains: The answer does not contain "z".' });
    expect(failed.metadata["assertions"]).toMatchObject([{ metric: "has a", weight: 3 }, { metric: null, weight: 1 }]);
    expect(await judge("abc", { assertions, assertions_threshold: 0.75 })).toMatchObject({ status: "PASSED", score: 0.75, threshold: 0.75 });
    expect(await judge("abc", { assertions, assertions_threshold: "0.5" })).toMatchObject({ status: "PASSED", threshold: 0.5 });
    expect(await judge("abc", { assertions: [{ type: "contains", value: "z", weight: 0 }] })).toMatchObject({ status: "PASSED", score: 1 });
  });

  it("are skipped for a test without any, and leave out those that do not apply", async () => {
    for (const metadata of [{}, { assertions: [] }, { assertions: null }]) expect(await judge("a", metadata)).toMatchObject({ status: "SKIPPED", error: { code: "NO_ASSERTIONS" } });
    const assertions = [{ type: "equals" }, { type: "contains", value: "a" }];
    expect(await judge("a", { assertions })).toMatchObject({ status: "PASSED", score: 1, reason: "All 1 assertions hold." });
    expect(await judge("a", { assertions: assertions.slice(0, 1) })).toMatchObject({ status: "SKIPPED", error: { code: "NO_GROUND_TRUTH" } });
  });

  it.each([
    ["How do you do. Please state your problem.", "PASSED", [1, 1], [{ type: "contains", value: "problem", ignoreCase: true }, { type: "contains", value: "AI", negate: true }]],
    ["Tell me more about your family.", "PASSED", [1, 1, 1], [{ type: "contains", value: "family" }, { type: "regex", pattern: "^Tell" }, { type: "length", unit: "words", max: 12 }]],
    ["Why do you ask ?", "FAILED", [0, 15], [{ type: "contains", value: "Paris" }, { type: "levenshtein", value: "Paris", as: "distance", threshold: 5 }]],
    ["I'm not sure I understand you fully.", "FAILED", [0], [{ type: "json_valid", allowFenced: false }]],
  ])("agree with promptfoo's recorded verdicts: %s %s", async (answer, status, scores, assertions) => {
    const verdict = await judge(answer, { assertions });
    expect(verdict.status).toBe(status);
    expect((verdict.metadata["assertions"] as { score: number }[]).map(({ score }) => score)).toEqual(scores);
  });

  it.each([
    ["a list that is none", "contains"],
    ["an item that is no object", ["contains"]],
    ["an unknown type", [{ type: "shouts" }]],
    ["assertions within assertions", [{ type: "assertions" }]],
    ["a parameter that is missing", [{ type: "regex" }]],
    ["a parameter that there is not", [{ type: "contains", value: "a", ignorecase: true }]],
    ["a wrong pattern", [{ type: "regex", pattern: "(" }]],
    ["a number without threshold", [{ type: "bleu", value: "a" }]],
    ["a threshold that is no number", [{ type: "bleu", value: "a", threshold: "high" }]],
    ["a weight below 0", [{ type: "contains", value: "a", weight: -1 }]],
    ["an unknown operator", [{ type: "latency", threshold: 1, thresholdOperator: "<" }]],
    ["an unknown variable", [{ type: "contains", value: "{{ city }}" }]],
  ])("end in ERROR, INVALID_PARAMETERS for %s", async (_, assertions) => {
    expect(await judge("a", { assertions })).toMatchObject({ status: "ERROR", score: null, error: { code: "INVALID_PARAMETERS" } });
  });
});
