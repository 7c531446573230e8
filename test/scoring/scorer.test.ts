import { afterAll, describe, expect, it } from "vitest";
import { CATALOG, type MetricDefinition, toDefinition } from "../../src/metrics/index.js";
import { createScorer, isQuick, type MetricVerdict, type ScoreInput, verdictOf } from "../../src/scoring/index.js";
import { BUILT_IN_SCORERS } from "../../src/scoring/built-ins/registry.js";
import { asMetric, givenAnswer, givenMetric, NO_SIGNAL } from "./score-input.js";

const scorer = createScorer();
afterAll(() => scorer.close());

function score(definition: MetricDefinition, input: ScoreInput): Promise<MetricVerdict> {
  return scorer.score(asMetric(definition), input, NO_SIGNAL);
}

async function statusOf(builtIn: string, parameters: Record<string, unknown>, answer: string, more: Parameters<typeof givenAnswer>[1] = {}): Promise<string> {
  const { status, error } = await score(givenMetric(builtIn, parameters), givenAnswer(answer, more));
  return error === null ? status : `${status} ${error.code}`;
}

describe("the catalog", () => {
  it("has a scorer for each of its built-ins, and each scorer is in it", () => {
    expect(Object.keys(BUILT_IN_SCORERS).sort()).toEqual(CATALOG.filter((builtIn) => !builtIn.needsModel).map((builtIn) => builtIn.name).sort());
  });
});

describe("a verdict", () => {
  it("of a BINARY built-in has score 1 or 0, its category, a reason and a duration", async () => {
    expect(await score(givenMetric("equals"), givenAnswer("18", { expectedResponse: "18" }))).toEqual({
      status: "PASSED",
      score: 1,
      category: "pass",
      threshold: null,
      reason: 'The answer is "18".',
      error: null,
      metadata: {},
      durationMs: expect.any(Number),
      inputTokens: null,
      outputTokens: null,
      cost: null,
      modelCalls: 0,
    });
    expect(await score(givenMetric("equals"), givenAnswer("19", { expectedResponse: "18" }))).toMatchObject({ status: "FAILED", score: 0, category: "fail", reason: 'The answer is not "18".' });
  });

  it("is turned around by negate, its score and category with it", async () => {
    expect(await score(givenMetric("contains", { value: "sorry", negate: true }), givenAnswer("Sure!"))).toMatchObject({ status: "PASSED", score: 1, category: "pass" });
    expect(await score(givenMetric("contains", { value: "sorry", negate: true }), givenAnswer("I am sorry"))).toMatchObject({ status: "FAILED", score: 0, category: "fail" });
  });

  it("is SKIPPED where the metric does not apply, with its code and no score", async () => {
    const skipped = await score(givenMetric("equals", {}, { scope: ["MULTI_TURN"] }), givenAnswer("18", { expectedResponse: "18" }));
    expect(skipped).toMatchObject({ status: "SKIPPED", score: null, category: null, error: { code: "SCOPE_MISMATCH" } });
    expect(await statusOf("equals", {}, "18")).toBe("SKIPPED NO_GROUND_TRUTH");
    expect(await statusOf("equals", { value: '{{ expected_response | default("18") }}' }, "18")).toBe("PASSED");
    expect((await score(givenMetric("contains", { value: "a" }, { contextRequired: true }), givenAnswer("a"))).error?.code).toBe("NO_CONTEXT");
    expect((await score(givenMetric("contains", { value: "a" }, { contextRequired: true }), givenAnswer("a", { answerContext: ["b"] }))).status).toBe("PASSED");
  });

  it("is ERROR where a template names what the test does not have", async () => {
    const verdict = await score(givenMetric("contains", { value: "{{ metadata.city }}" }), givenAnswer("Rome", { metadata: { town: "Rome" } }));
    expect(verdict).toMatchObject({ status: "ERROR", score: null, error: { code: "INVALID_PARAMETERS", message: expect.stringContaining("metadata.city") } });
    expect(await statusOf("contains", { value: "{{ metadata.city }}, {{ params.country }}" }, "Rome, Italy", { metadata: { city: "Rome" }, params: { country: "Italy" } })).toBe("PASSED");
    expect(await statusOf("equals", { value: "{{ metadata.n }}" }, "42", { metadata: { n: 42 } })).toBe("PASSED");
  });

  it("is ERROR for what this release cannot score", async () => {
    const judge = toDefinition({ name: "Judge", kind: "LLM_JUDGE", scoreType: "NUMERIC" });
    expect((await score(judge, givenAnswer("x"))).error?.code).toBe("INVALID_PARAMETERS");
    expect((await score({ ...judge, kind: "BUILT_IN", builtIn: "later" }, givenAnswer("x"))).error?.code).toBe("INVALID_PARAMETERS");
    expect(isQuick(judge)).toBe(false);
    expect(isQuick(givenMetric("equals"))).toBe(true);
  });

  it("is not given once the signal is aborted", async () => {
    const controller = new AbortController();
    const waiting = scorer.score(asMetric(givenMetric("regex", { pattern: "a" })), givenAnswer("a"), controller.signal);
    controller.abort(new Error("cancelled"));
    await expect(waiting).rejects.toThrow("cancelled");
    await expect(scorer.score(asMetric(givenMetric("equals")), givenAnswer("a"), controller.signal)).rejects.toThrow("cancelled");
  });
});

describe("text built-ins", () => {
  it("compare text as it is unless a parameter says otherwise", async () => {
    expect(await statusOf("equals", { value: "Paris" }, " Paris\n")).toBe("PASSED");
    expect(await statusOf("equals", { value: "Paris", trim: false }, " Paris\n")).toBe("FAILED");
    expect(await statusOf("equals", { value: "Paris" }, "paris")).toBe("FAILED");
    expect(await statusOf("equals", { value: "Paris", ignoreCase: true }, "PARIS")).toBe("PASSED");
    expect(await statusOf("contains", { value: "par" }, "in Paris")).toBe("FAILED");
    expect(await statusOf("contains", { value: "par", ignoreCase: true }, "in Paris")).toBe("PASSED");
    expect(await statusOf("starts_with", { value: "in" }, "in Paris")).toBe("PASSED");
    expect(await statusOf("starts_with", { value: "in" }, " in Paris")).toBe("FAILED");
    expect(await statusOf("ends_with", { value: "paris", ignoreCase: true }, "in Paris")).toBe("PASSED");
    expect(await statusOf("ends_with", { value: "in" }, "in Paris")).toBe("FAILED");
    expect(await statusOf("contains", { value: "" }, "")).toBe("PASSED");
  });
});

describe("regex", () => {
  it("matches anywhere, with flags, in JavaScript's syntax", async () => {
    expect(await statusOf("regex", { pattern: "\\?" }, "Why?")).toBe("PASSED");
    expect(await statusOf("regex", { pattern: "\\?" }, "Because.")).toBe("FAILED");
    expect(await statusOf("regex", { pattern: "^b", flags: "m" }, "a\nb")).toBe("PASSED");
    expect(await statusOf("regex", { pattern: "a.b" }, "a\nb")).toBe("FAILED");
    expect(await statusOf("regex", { pattern: "a.b", flags: "s" }, "a\nb")).toBe("PASSED");
    expect(await statusOf("regex", { pattern: "É", flags: "i" }, "é")).toBe("PASSED");
    expect(await statusOf("regex", { pattern: "(?<year>\\d{4})\\/\\u0030" }, "2026/0")).toBe("PASSED");
    expect(await statusOf("regex", { pattern: "(?<=\\$)18" }, "it is $18")).toBe("PASSED");
    expect(await statusOf("regex", { pattern: "^{{ metadata.start }}" }, "Rome", { metadata: { start: "[QR]" } })).toBe("PASSED");
  });

  it("gives the matched part", async () => {
    expect(await score(givenMetric("regex", { pattern: "\\d+" }), givenAnswer("room 101"))).toMatchObject({ reason: '"101" matches "\\\\d+".', metadata: { match: "101" } });
  });

  it("is ERROR, INVALID_PARAMETERS where a template makes a wrong pattern", async () => {
    expect(await statusOf("regex", { pattern: "{{ metadata.pattern }}" }, "a", { metadata: { pattern: "(" } })).toBe("ERROR INVALID_PARAMETERS");
  });
});

describe("extracted_answer", () => {
  const pattern = "A: (.*)";

  it("compares the last match's group, without white space around it", async () => {
    expect(await statusOf("extracted_answer", { pattern, expected: "26" }, "A: 25\nA: 26 ")).toBe("PASSED");
    expect(await statusOf("extracted_answer", { pattern, expected: "25" }, "A: 25\nA: 26")).toBe("FAILED");
    expect(await statusOf("extracted_answer", { pattern, expected: "25", pick: "first" }, "A: 25\nA: 26")).toBe("PASSED");
    expect(await statusOf("extracted_answer", { pattern: "\\d+", group: 0, expected: "26" }, "25, 26")).toBe("PASSED");
    expect(await statusOf("extracted_answer", { pattern: "A: (\\d+)|(B)", expected: "1" }, "A: 1 B")).toBe("PASSED");
  });

  it("fails without a match, whatever negate says", async () => {
    expect(await statusOf("extracted_answer", { pattern, expected: "26" }, "26")).toBe("FAILED");
    expect(await statusOf("extracted_answer", { pattern, expected: "26", negate: true }, "26")).toBe("FAILED");
    expect(await statusOf("extracted_answer", { pattern, expected: "26", negate: true }, "A: 27")).toBe("PASSED");
  });

  it("compares numbers without separators, currency and trailing dots, within the tolerance", async () => {
    const given = { pattern, as: "number" };
    for (const [answer, expected] of [["$1,234.50.", "1234.5"], ["−5", "-5"], ["2 000 000", "2,000,000"], ["1e3", "1000"], [".5", "0.50"]]) {
      expect(await statusOf("extracted_answer", { ...given, expected }, `A: ${answer}`)).toBe("PASSED");
    }
    expect(await statusOf("extracted_answer", { ...given, expected: "18" }, "A: eighteen")).toBe("FAILED");
    expect(await statusOf("extracted_answer", { ...given, expected: "eighteen" }, "A: 18")).toBe("ERROR INVALID_PARAMETERS");
    expect(await statusOf("extracted_answer", { ...given, expected: "1", tolerance: 0.1 }, "A: 1.1")).toBe("PASSED");
    expect(await statusOf("extracted_answer", { ...given, expected: "1", tolerance: 0.1 }, "A: 1.11")).toBe("FAILED");
  });

  it("extracts the expected part by its own pattern", async () => {
    const given = { pattern, expectedPattern: "#### (.*)" };
    expect(await statusOf("extracted_answer", given, "A: 18", { expectedResponse: "9 * 2 = 18\n#### 18" })).toBe("PASSED");
    expect(await statusOf("extracted_answer", given, "A: 18", { expectedResponse: "18" })).toBe("ERROR INVALID_PARAMETERS");
    expect(await statusOf("extracted_answer", given, "A: 18")).toBe("SKIPPED NO_GROUND_TRUTH");
  });
});

describe("the verdict of a result", () => {
  it("is FAILED if any metric failed, else ERROR if any gave none, else PASSED; skipped ones alone are NO_METRICS", () => {
    expect(verdictOf(["PASSED", "SKIPPED"])).toEqual({ status: "PASSED", error: null });
    expect(verdictOf(["PASSED", "ERROR", "FAILED"])).toEqual({ status: "FAILED", error: null });
    expect(verdictOf(["PASSED", "INCONCLUSIVE"])).toEqual({ status: "ERROR", error: "METRIC" });
    expect(verdictOf(["SKIPPED", "ERROR"])).toEqual({ status: "ERROR", error: "METRIC" });
    expect(verdictOf(["SKIPPED"])).toEqual({ status: "ERROR", error: "NO_METRICS" });
    expect(verdictOf([])).toEqual({ status: "ERROR", error: "NO_METRICS" });
  });
});
