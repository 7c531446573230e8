import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type MetricDefinition, toDefinition } from "../../src/metrics/index.js";
import { readRemoteAnswer } from "../../src/scoring/remote/remote-answer.js";
import { remoteRequest } from "../../src/scoring/remote/remote-request.js";
import { signatureOf } from "../../src/scoring/remote/remote-signature.js";
import { givenAnswer } from "./score-input.js";

const NUMERIC = toDefinition({ name: "Stars", kind: "REMOTE", scoreType: "NUMERIC", minScore: 1, maxScore: 5, threshold: 3, parameters: { style: "dry" } });
const CATEGORICAL = toDefinition({ name: "Tone", kind: "REMOTE", scoreType: "CATEGORICAL", categories: ["kind", "rude"], passingCategories: ["kind"] });
const BINARY = toDefinition({ name: "Valid", kind: "REMOTE", scoreType: "BINARY" });

function read(definition: MetricDefinition, answer: unknown): unknown {
  try {
    return readRemoteAnswer(definition, typeof answer === "string" ? answer : JSON.stringify(answer));
  } catch (error) {
    const { status, code } = error as { status: string; code: string };
    return `${status} ${code}`;
  }
}

describe("a remote metric's request", () => {
  it("has the test, the answer, the conversation and the ids, all texts as they are", () => {
    const input = givenAnswer("18 {{ input }}", { input: "9 + 9?", expectedResponse: "18", context: ["c"], answerContext: ["used"], metadata: { level: 1 }, params: { temperature: 0 }, testKey: "sum", sessionId: "s", output: { toolCalls: [{ name: "add" }] } });
    expect(remoteRequest(NUMERIC, input)).toEqual({
      metric: { name: "Stars", scoreType: "NUMERIC", minScore: 1, maxScore: 5, categories: [] },
      test: { id: "test", key: "sum", type: "SINGLE_TURN", languageCode: null, context: ["c"] },
      prompt: "9 + 9?",
      expectedResponse: "18",
      output: "18 {{ input }}",
      outputDetails: { latencyMs: 12, toolCalls: [{ name: "add" }], metadata: null, sessionId: "s", context: ["used"] },
      context: ["used"],
      conversation: [{ role: "user", content: "9 + 9?" }, { role: "assistant", content: "18 {{ input }}" }],
      metadata: { level: 1 },
      parameters: { style: "dry" },
      runParameters: { temperature: 0 },
      runId: "run",
      resultId: "result",
      trial: 1,
    });
    expect(remoteRequest(NUMERIC, givenAnswer("18", { context: ["c"] }))["context"]).toEqual(["c"]);
    const turns = [{ message: "Hi", response: "Hello" }, { message: "Bye", response: null }];
    expect(remoteRequest(NUMERIC, givenAnswer("Hello", { output: { turns } }))["conversation"]).toEqual([{ role: "user", content: "Hi" }, { role: "assistant", content: "Hello" }, { role: "user", content: "Bye" }]);
  });

  it("is signed over its time and body", () => {
    const expected = createHmac("sha256", "s3cret").update('1760000000.{"a":"é"}').digest("hex");
    expect(signatureOf("s3cret", '{"a":"é"}', new Date(1_760_000_000_999))).toBe(`t=1760000000,v1=${expected}`);
    // RFC 4231, test case 2, by its parts: the key is "Jefe"
    expect(createHmac("sha256", "Jefe").update("what do ya want for nothing?").digest("hex")).toBe("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  });
});

describe("a remote metric's answer", () => {
  it("passes a NUMERIC metric by its threshold", () => {
    expect(read(NUMERIC, { score: 3, reason: "Fair.", metadata: { model: "m" } })).toEqual({ status: "PASSED", score: 3, category: null, threshold: 3, reason: "Fair.", metadata: { model: "m" } });
    expect(read(NUMERIC, { score: 2.9 })).toMatchObject({ status: "FAILED", score: 2.9, reason: null, metadata: {} });
    expect(read({ ...NUMERIC, thresholdOperator: "LT" }, { score: 3, passed: true })).toMatchObject({ status: "FAILED" });
  });

  it("passes a CATEGORICAL metric by its passing categories", () => {
    expect(read(CATEGORICAL, { category: "kind", score: 0.9, reason: "r" })).toEqual({ status: "PASSED", score: 0.9, category: "kind", threshold: null, reason: "r", metadata: {} });
    expect(read(CATEGORICAL, { category: "rude" })).toMatchObject({ status: "FAILED", score: null, category: "rude" });
  });

  it("passes a BINARY metric by passed, else by the category or the score", () => {
    const passed = { status: "PASSED", score: 1, category: "pass", threshold: null };
    for (const answer of [{ passed: true }, { passed: true, score: 0 }, { category: "pass" }, { score: 1 }, { passed: null, score: 1 }]) expect(read(BINARY, answer)).toMatchObject(passed);
    for (const answer of [{ passed: false }, { category: "fail" }, { score: 0 }]) expect(read(BINARY, answer)).toMatchObject({ status: "FAILED", score: 0, category: "fail" });
  });

  it("is INCONCLUSIVE where it does not decide", () => {
    for (const definition of [NUMERIC, CATEGORICAL, BINARY]) expect(read(definition, { reason: "no idea" })).toBe("INCONCLUSIVE NO_VERDICT");
    expect(read(NUMERIC, { score: null })).toBe("INCONCLUSIVE NO_VERDICT");
    expect(read(NUMERIC, { passed: true })).toBe("INCONCLUSIVE NO_VERDICT");
    expect(read(NUMERIC, { score: 5.1 })).toBe("INCONCLUSIVE OUT_OF_RANGE");
    expect(read(NUMERIC, { score: 0.9 })).toBe("INCONCLUSIVE OUT_OF_RANGE");
    expect(read(BINARY, { score: 0.5 })).toBe("INCONCLUSIVE OUT_OF_RANGE");
    expect(read(CATEGORICAL, { category: "Kind" })).toBe("INCONCLUSIVE UNKNOWN_CATEGORY");
    expect(read(BINARY, { category: "maybe" })).toBe("INCONCLUSIVE UNKNOWN_CATEGORY");
  });

  it("has its reason cut and long metadata refused", () => {
    expect(read(NUMERIC, { score: 3, reason: "é".repeat(10_001) })).toMatchObject({ status: "PASSED", reason: "é".repeat(10_000) });
    const metadata = { text: "x".repeat(50_000 - '{"text":""}'.length) };
    expect(read(NUMERIC, { score: 3, metadata })).toMatchObject({ status: "PASSED", metadata });
    expect(read(NUMERIC, { score: 3, metadata: { text: `${metadata.text}x` } })).toBe("ERROR MALFORMED_ANSWER");
  });

  it("is ERROR, MALFORMED_ANSWER where it cannot be read", () => {
    for (const answer of ["", "<html>", "3", "[]", "null", '{"score": 3', { score: "3" }, { score: 3, reason: 4 }, { score: 3, metadata: [] }]) expect(read(NUMERIC, answer)).toBe("ERROR MALFORMED_ANSWER");
    expect(read(CATEGORICAL, { category: 1 })).toBe("ERROR MALFORMED_ANSWER");
    expect(read(BINARY, { passed: "yes" })).toBe("ERROR MALFORMED_ANSWER");
  });
});
