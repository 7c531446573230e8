import { afterAll, describe, expect, it } from "vitest";
import type { MetricDefinition, NewMetric } from "../../src/metrics/index.js";
import { createScorer, type MetricVerdict, type ScoreInput } from "../../src/scoring/index.js";
import { asMetric, givenAnswer, givenMetric, NO_SIGNAL } from "./score-input.js";

const scorer = createScorer();
afterAll(() => scorer.close());

function score(definition: MetricDefinition, input: ScoreInput): Promise<MetricVerdict> {
  return scorer.score(asMetric(definition), input, NO_SIGNAL);
}

type More = Parameters<typeof givenAnswer>[1];

async function statusOf(builtIn: string, parameters: Record<string, unknown>, answer: string, more: More = {}): Promise<string> {
  const { status, error } = await score(givenMetric(builtIn, parameters), givenAnswer(answer, more));
  return error === null ? status : `${status} ${error.code}`;
}

async function scoreOf(builtIn: string, answer: string, value: string, parameters: Record<string, unknown> = {}, more: Partial<NewMetric> = {}): Promise<number | null> {
  const verdict = await score(givenMetric(builtIn, { value, ...parameters }, { threshold: 0.5, ...more }), givenAnswer(answer));
  expect(verdict.error).toBeNull();
  return verdict.score;
}

describe("contains_any and contains_all", () => {
  it("look for any or all of a list, which a template may yield", async () => {
    expect(await statusOf("contains_any", { values: ["Rome", "Paris"] }, "in Paris")).toBe("PASSED");
    expect(await statusOf("contains_any", { values: ["Rome", "Oslo"] }, "in Paris")).toBe("FAILED");
    expect(await statusOf("contains_all", { values: ["in", "Paris"] }, "in Paris")).toBe("PASSED");
    expect(await statusOf("contains_all", { values: ["in", "paris"] }, "in Paris")).toBe("FAILED");
    expect(await statusOf("contains_all", { values: ["IN", "paris"], ignoreCase: true }, "in Paris")).toBe("PASSED");
    expect(await statusOf("contains_all", { values: "{{ metadata.words }}" }, "a b", { metadata: { words: ["a", "b"] } })).toBe("PASSED");
    expect(await statusOf("contains_all", { values: ["{{ metadata.word }}", "x"] }, "a b", { metadata: { word: "a" } })).toBe("FAILED");
    expect((await score(givenMetric("contains_all", { values: ["a", "c", "d"] }), givenAnswer("a b"))).reason).toBe('The answer does not contain "c", "d".');
  });
});

describe("json_valid and json_schema", () => {
  const schema = { type: "object", required: ["city"], properties: { city: { type: "string", pattern: "^[A-Z]" }, size: { type: "integer" } }, additionalProperties: false };

  it("take the whole answer, in a code fence unless told otherwise", async () => {
    for (const answer of ['{"a": 1}', " [1]\n", "42", '```json\n{"a": 1}\n```', "~~~\nnull\n~~~"]) expect(await statusOf("json_valid", {}, answer)).toBe("PASSED");
    for (const answer of ["", "{a: 1}", 'Here: {"a": 1}', '```json\n{"a": 1}\n``` Done.']) expect(await statusOf("json_valid", {}, answer)).toBe("FAILED");
    expect(await statusOf("json_valid", { allowFenced: false }, '```json\n{"a": 1}\n```')).toBe("FAILED");
    expect(await statusOf("json_valid", { negate: true }, "plain")).toBe("PASSED");
  });

  it("name what does not meet the schema", async () => {
    expect(await statusOf("json_schema", { schema }, '```\n{"city": "Rome", "size": 3}\n```')).toBe("PASSED");
    const failed = await score(givenMetric("json_schema", { schema }), givenAnswer('{"city": "rome", "size": 1.5, "x": 0}'));
    expect(failed).toMatchObject({ status: "FAILED", metadata: { problems: expect.arrayContaining(['/city must match pattern "^[A-Z]"', "/size must be integer", "the value must NOT have additional properties"]) } });
    expect(await statusOf("json_schema", { schema }, "Rome")).toBe("FAILED");
    expect(await statusOf("json_schema", { schema: false }, "{}")).toBe("FAILED");
  });

  it("read a schema of the test, of an older dialect, with references and lookahead", async () => {
    expect(await statusOf("json_schema", { schema: "{{ metadata.schema }}" }, "[1]", { metadata: { schema: { type: "array" } } })).toBe("PASSED");
    expect(await statusOf("json_schema", { schema: "{{ metadata.schema }}" }, "[1]", { metadata: { schema: '{"type": "string"}' } })).toBe("FAILED");
    expect(await statusOf("json_schema", { schema: "{{ metadata.schema }}" }, "[1]", { metadata: { schema: "array" } })).toBe("ERROR INVALID_PARAMETERS");
    expect(await statusOf("json_schema", { schema: "{{ metadata.schema }}" }, "[1]", { metadata: { schema: { type: "list" } } })).toBe("ERROR INVALID_PARAMETERS");
    expect(await statusOf("json_schema", { schema: { $schema: "http://json-schema.org/draft-07/schema#", $defs: { n: { type: "number" } }, items: { $ref: "#/$defs/n" } } }, "[1]")).toBe("PASSED");
    expect(await statusOf("json_schema", { schema: { type: "string", pattern: "^(?=.*\\d)" } }, '"a1"')).toBe("PASSED");
  });
});

describe("length", () => {
  it("counts code points, words, sentences or lines", async () => {
    const count = async (unit: string, text: string, more: More = {}): Promise<unknown> => (await score(givenMetric("length", { unit, min: 0 }), givenAnswer(text, more))).metadata["count"];
    expect(await count("characters", "añ😀")).toBe(3);
    expect(await count("words", "  one two\nthree ")).toBe(3);
    expect(await count("words", "")).toBe(0);
    expect(await count("sentences", "Who? Me. It costs 3.50 today!")).toBe(3);
    expect(await count("sentences", "これは本です。はい。", { languageCode: "ja" })).toBe(2);
    expect(await count("sentences", "Yes. No.", { languageCode: "no such language!" })).toBe(2);
    expect(await count("lines", "a\nb\r\nc\n")).toBe(3);
    expect(await count("lines", "")).toBe(0);
  });

  it("passes within its bounds, ends included", async () => {
    expect(await statusOf("length", { max: 3 }, "abc")).toBe("PASSED");
    expect(await statusOf("length", { max: 3 }, "abcd")).toBe("FAILED");
    expect(await statusOf("length", { unit: "words", min: 2, max: 2 }, "one")).toBe("FAILED");
  });
});

describe("refusal", () => {
  it("sees common ways to decline, and none in an answer that helps", async () => {
    for (const answer of ["I'm sorry, but I can't help with that.", "I’m sorry, but I cannot assist with this request.", "I cannot provide medical advice.", "As an AI language model, I cannot do so.", "  I must decline."]) expect(await statusOf("refusal", {}, answer)).toBe("PASSED");
    for (const answer of ["Sorry for the wait! Here it is.", "I can't wait to help you.", "Sure, here is how.", "", `${"Here is a long story. ".repeat(20)} "I cannot help", he said.`]) expect(await statusOf("refusal", {}, answer)).toBe("FAILED");
    expect(await statusOf("refusal", { negate: true }, "Sure!")).toBe("PASSED");
  });

  it("takes phrases of one's own, anywhere", async () => {
    expect(await statusOf("refusal", { phrases: ["leider nicht"] }, "Das geht Leider  nicht.")).toBe("PASSED");
    expect(await statusOf("refusal", { phrases: ["leider nicht"] }, "I cannot help with that.")).toBe("FAILED");
  });
});

describe("tool_called", () => {
  const calls = {
    openai: [{ id: "1", type: "function", function: { name: "weather", arguments: '{"city":"Rome","options":{"days":3,"unit":"c"}}' } }],
    anthropic: [{ type: "tool_use", name: "weather", input: { city: "Rome", options: { days: 3, unit: "c" } } }],
    sdk: { toolName: "weather", args: { city: "Rome", options: { days: 3, unit: "c" } } },
  };

  it.each(Object.entries(calls))("reads the form of %s", async (_, toolCalls) => {
    const more = { metadata: { city: "Rome" }, output: { toolCalls } };
    expect(await statusOf("tool_called", { name: "weather" }, "", more)).toBe("PASSED");
    expect(await statusOf("tool_called", { name: "weather", arguments: { city: "{{ metadata.city }}", options: { days: 3 } } }, "", more)).toBe("PASSED");
    expect(await statusOf("tool_called", { name: "weather", arguments: { city: "Oslo" } }, "", more)).toBe("FAILED");
    expect(await statusOf("tool_called", { name: "weather", arguments: { country: "Italy" } }, "", more)).toBe("FAILED");
    expect(await statusOf("tool_called", { name: "search" }, "", more)).toBe("FAILED");
  });

  it("fails where no tool was called, and passes with negate", async () => {
    for (const toolCalls of [null, [], "weather", [1, null]]) expect(await statusOf("tool_called", { name: "weather" }, "", { output: { toolCalls } })).toBe("FAILED");
    expect(await statusOf("tool_called", { name: "weather", negate: true }, "")).toBe("PASSED");
  });
});

describe("latency", () => {
  it("passes up to the threshold, and is no verdict where it is not known", async () => {
    const metric = givenMetric("latency", {}, { threshold: 100 });
    expect(await score(metric, givenAnswer("", { output: { latencyMs: 100 } }))).toMatchObject({ status: "PASSED", score: 100, threshold: 100, category: null });
    expect(await score(metric, givenAnswer("", { output: { latencyMs: 100.5 } }))).toMatchObject({ status: "FAILED", score: 100.5 });
    expect(await score(metric, givenAnswer("", { output: { latencyMs: null } }))).toMatchObject({ status: "INCONCLUSIVE", score: null, error: { code: "NO_VERDICT" } });
  });
});

describe("numeric_difference", () => {
  it("takes the whole answer as a number, else its last number; without one it fails unscored", async () => {
    const difference = (answer: string, value: string): Promise<number | null> => scoreOf("numeric_difference", answer, value);
    expect(await difference("1,000", "999.5")).toBe(0.5);
    expect(await difference("$18.", "18")).toBe(0);
    expect(await difference("3 + 4 = 7, so it is -7.5", "-7")).toBe(0.5);
    expect(await difference("no idea", "18")).toBeNull();
    expect((await score(givenMetric("numeric_difference", { value: "18" }, { threshold: 1 }), givenAnswer("no idea"))).status).toBe("FAILED");
    expect((await score(givenMetric("numeric_difference", { value: "many" }, { threshold: 1 }), givenAnswer("18"))).error?.code).toBe("INVALID_PARAMETERS");
  });
});

describe("similarities", () => {
  it("levenshtein counts edits, as a share of the longer text or by themselves", async () => {
    expect(await scoreOf("levenshtein", "kitten", "sitting")).toBeCloseTo(1 - 3 / 7, 12);
    expect(await scoreOf("levenshtein", "", "")).toBe(1);
    expect(await scoreOf("levenshtein", "ABC", "abc", { ignoreCase: true })).toBe(1);
    // promptfoo's figure of the recorded sample: 15 edits.
    const metric = givenMetric("levenshtein", { value: "Paris", as: "distance" }, { threshold: 15 });
    expect(metric).toMatchObject({ thresholdOperator: "LTE", maxScore: null });
    expect(await score(metric, givenAnswer("Why do you ask ?"))).toMatchObject({ score: 15, status: "PASSED" });
  });

  it("rouge_n and rouge_l give F1 by js-rouge, and 0 for blank texts", async () => {
    expect(await scoreOf("rouge_n", "the cat sat", "the cat sat")).toBe(1);
    expect(await scoreOf("rouge_n", "the cat sat", "the dog sat")).toBeCloseTo(2 / 3, 12);
    expect(await scoreOf("rouge_n", "the cat sat", "the dog sat", { n: 2 })).toBe(0);
    expect(await scoreOf("rouge_n", "The Cat", "the cat", { ignoreCase: true })).toBe(1);
    expect(await scoreOf("rouge_l", "the cat sat on it", "the cat lay on it")).toBeCloseTo(0.8, 12);
    expect(await scoreOf("rouge_l", " ", "the cat")).toBe(0);
  });

  it("token_f1 counts words in any order, as often as both have them", async () => {
    expect(await scoreOf("token_f1", "Rome, the city", "city of Rome!")).toBeCloseTo(2 / 3, 12);
    expect(await scoreOf("token_f1", "a a a", "a")).toBeCloseTo(0.5, 12);
    expect(await scoreOf("token_f1", "?", "!")).toBe(1);
    expect(await scoreOf("token_f1", "", "a")).toBe(0);
    expect(await scoreOf("token_f1", "ROMA", "roma", { ignoreCase: true })).toBe(1);
  });

  it("bleu is that of sacreBLEU for sentences", async () => {
    expect(await scoreOf("bleu", "Producția de zahăr primă va fi exprimată în ceea ce privește zahărul alb;", "producţia de zahăr brut se exprimă în zahăr alb;")).toBeCloseTo(0.08493, 5);
    expect(await scoreOf("bleu", "this is a cat", "okay thanks")).toBe(0);
  });

  it("stay within the time limit on long texts, and refuse longer ones than the limit", async () => {
    const long = "a b ".repeat(200_000);
    const verdict = await score(givenMetric("levenshtein", { value: long.replaceAll("b", "c") }, { threshold: 0.5 }), givenAnswer(long));
    expect(verdict.error?.code).toBe("TIMEOUT");
    expect(verdict.durationMs).toBeLessThan(20_000); // to its end it would take much longer
    expect((await score(givenMetric("token_f1", { value: "a" }, { threshold: 0.5 }), givenAnswer("a".repeat(2 ** 20 + 1)))).error?.code).toBe("MALFORMED_ANSWER");
  });
});
