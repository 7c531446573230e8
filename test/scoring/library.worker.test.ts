import { Socket } from "node:net";
import { LLMock } from "@copilotkit/aimock";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Worker } from "../../src/execution/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { execute, givenEndpointAt, untilFinished } from "../support/execution.js";
import { type FakeEndpoint, type FakeReply, startFakeEndpoint } from "../support/fake-endpoint.js";
import { startTestWorker } from "../support/worker.js";
import { letterCounts, toolCall } from "./library-model.js";

let app: TestApp;
let bot: FakeEndpoint;
let worker: Worker;
let judge: LLMock;

/** What the prompt's lines say, as [Expert]: a cat; the last one, as examples come first. */
function part(prompt: string, name: string): string {
  return [...prompt.matchAll(new RegExp(`^\\[?${name}\\]?: (.*)$`, "gm"))].at(-1)?.[1] ?? "";
}

/** A judge whose verdicts follow from what it is shown. */
function toolArguments(tool: string, prompt: string): Record<string, unknown> {
  const answer = part(prompt, "Submission") || part(prompt, "answer");
  switch (tool) {
    case "select_choice": {
      const choices = [...(/single choice from \[(.*)\]\.$/m.exec(prompt)?.[1] ?? "").matchAll(/"([^"]+)"/g)].map(([, choice]) => choice);
      const isSame = answer.includes(part(prompt, "Expert"));
      return { reasons: `The submission is ${answer}.`, choice: choices.includes("D") ? (isSame ? "C" : "D") : choices[0] };
    }
    case "extract_statements":
      return { statements: prompt.includes("classification:") ? [{ statement: "s", attributed: 1, reason: "r" }] : [answer] };
    case "judge_statements":
      return { faithfulness: [{ statement: part(prompt, "statements"), verdict: part(prompt, "context").includes(part(prompt, "statements")) ? 1 : 0, reason: "compared" }] };
    case "generate_question":
      return { question: answer, noncommittal: 0 };
    case "classify_statements":
      return { TP: ["a"], FP: [], FN: [] };
    case "verify":
      return { reason: "useful", verdict: 1 };
    default:
      return { sentences: [{ sentence: part(prompt, "context"), reasons: ["r"] }] };
  }
}

const POISON = { OPENAI_API_KEY: "sk-of-somebody", OPENAI_BASE_URL: "http://127.0.0.1:1/poison", BRAINTRUST_API_KEY: "bt-of-somebody", OPENAI_ORG_ID: "org-of-somebody" };
const before = Object.fromEntries(Object.keys(POISON).map((name) => [name, process.env[name]]));

beforeAll(async () => {
  Object.assign(process.env, POISON);
  app = await createTestApp();
  bot = await startFakeEndpoint((request) => ({ json: { output: request.json.input } })); // says what it is told
  judge = new LLMock({ port: 0, strict: true });
  judge.on({ predicate: (request) => (request.tools ?? []).length > 0 }, (request) => {
    const name = request.tools?.[0]?.function.name ?? "";
    const { content } = request.messages.at(-1) ?? {};
    const given = toolArguments(name, typeof content === "string" ? content : "");
    return { toolCalls: [{ name, arguments: JSON.stringify(given) }], usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 } };
  });
  judge.onEmbedding(/.*/, (request) => ({ embedding: letterCounts(String((request as { embeddingInput?: string }).embeddingInput ?? "")) }));
  await judge.start();
  worker = await startTestWorker(app);
  const input = { name: "judge", baseUrl: `${judge.url}/v1`, model: "gpt-5-judge", embeddingModel: "letters", apiKey: "sk-of-the-model", inputCostPerMillionTokens: 2, outputCostPerMillionTokens: 10 };
  await app.data("mutation ($input: CreateModelInput!) { createModel(input: $input) { id } }", { input });
  for (const builtIn of ALL) await createMetric(builtIn);
});
afterAll(async () => {
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  await worker.stop(1_000);
  await app.close();
  await bot.close();
  await judge.stop();
});

const ALL = ["factuality", "closed_qa", "summary", "translation", "sql", "humor", "possible", "security", "faithfulness", "answer_relevancy", "answer_similarity", "answer_correctness", "context_precision", "context_recall", "context_relevancy"];

async function createMetric(builtIn: string): Promise<void> {
  const isNumeric = ALL.indexOf(builtIn) >= 8;
  const input = { name: builtIn, kind: "BUILT_IN", builtIn, model: { name: "judge" }, parameters: builtIn === "closed_qa" ? { criteria: "It is short." } : {}, ...(isNumeric ? { threshold: 0.5 } : {}) };
  await app.data("mutation ($input: CreateMetricInput!) { createMetric(input: $input) { id } }", { input });
}

const RESULTS = `query ($id: ID!) { testRun(ref: { id: $id }) { usage { judgeCalls judgeInputTokens judgeOutputTokens judgeCost } results(first: 50) { nodes {
  status scores error { type } metricResults { name status score category threshold reason error { code } metadata inputTokens outputTokens cost } } } } }`;

async function run(name: string, metrics: readonly string[], tests: readonly Record<string, unknown>[]): Promise<{ usage: any; results: any; plannedCalls: number }> {
  const { createTestSet } = await app.data("mutation ($input: CreateTestSetInput!) { createTestSet(input: $input) { id } }", { input: { name, metrics: metrics.map((metric) => ({ name: metric })), tests } });
  const endpoint = await givenEndpointAt(app, bot.url);
  const { planTestSet } = await app.data("query ($input: ExecuteTestSetInput!) { planTestSet(input: $input) { judgeCalls } }", { input: { testSet: { id: createTestSet.id }, endpoint: { id: endpoint.id } } });
  const id = await execute(app, createTestSet, endpoint);
  await untilFinished(app, id, 60_000);
  return { ...(await app.data(RESULTS, { id }))["testRun"], plannedCalls: planTestSet.judgeCalls };
}

describe("a run judged by the library", () => {
  it("has every metric's verdict, and reaches nobody but the database, the endpoint and the model", async () => {
    const reached = new Set<string>();
    const connect = Socket.prototype.connect;
    Socket.prototype.connect = function (this: Socket, ...args: any[]): Socket {
      const options = [args[0]].flat()[0] as { host?: string; port?: number | string; path?: string };
      reached.add(options.path ?? `${options.host}:${options.port}`);
      return connect.apply(this, args as Parameters<typeof connect>);
    };
    try {
      const { usage, results, plannedCalls } = await run("all of them", ALL, [
        { key: "same", prompt: { content: "a cat", expectedResponse: "a cat", context: ["a cat"] } },
        { key: "none", prompt: { content: "a dog" } },
      ]);
      const [same, none] = results.nodes;
      expect(same.metricResults.map((each: any) => `${each.name} ${each.status} ${each.error?.code ?? ""}`.trim()).sort()).toEqual(
        // A judge that takes the first choice finds no solution (A), a worse summary (A) and malice (Yes).
        ALL.map((name) => `${name} ${["summary", "possible", "security"].includes(name) ? "FAILED" : "PASSED"}`).sort(),
      );
      expect(same).toMatchObject({ status: "FAILED", scores: { factuality: "C", faithfulness: 1, answer_similarity: 1 } });
      const skipped = none.metricResults.filter((each: any) => each.status === "SKIPPED").map((each: any) => `${each.name} ${each.error.code}`);
      expect(skipped.sort()).toEqual(["answer_correctness NO_GROUND_TRUTH", "answer_similarity NO_GROUND_TRUTH", "context_precision NO_GROUND_TRUTH", "context_recall NO_GROUND_TRUTH", "context_relevancy NO_CONTEXT", "factuality NO_GROUND_TRUTH", "faithfulness NO_CONTEXT", "sql NO_GROUND_TRUTH", "summary NO_GROUND_TRUTH", "translation NO_GROUND_TRUTH"]);
      const sum = (pick: (each: any) => number): number => results.nodes.flatMap((node: any) => node.metricResults).reduce((total: number, each: any) => total + (pick(each) ?? 0), 0);
      expect(usage).toMatchObject({ judgeInputTokens: sum((each) => each.inputTokens), judgeOutputTokens: sum((each) => each.outputTokens) });
      expect(usage.judgeCost).toBeCloseTo(sum((each) => each.cost), 12);
      expect(judge.getRequests()).toHaveLength(usage.judgeCalls);
      expect(plannedCalls).toBe(usage.judgeCalls);
    } finally {
      Socket.prototype.connect = connect;
    }
    const allowed = [new URL(app.database.url).host, new URL(bot.url).host, new URL(judge.url).host];
    expect([...reached].filter((host) => !allowed.includes(host.replace("localhost", "127.0.0.1")))).toEqual([]);
    expect(reached).toContain(new URL(judge.url).host);
    expect(judge.getRequests().map((request) => `${request.path} ${(request.body as { model?: string } | null)?.model}`).filter((each) => each !== "/v1/chat/completions gpt-5-judge" && each !== "/v1/embeddings letters")).toEqual([]);
  });

  it("names the library with its version and the rationale, and counts tokens and cost over all calls of a metric", async () => {
    const { usage, results } = await run("figures", ["factuality", "faithfulness"], [{ prompt: { content: "a cat sat", expectedResponse: "a dog", context: ["a cat sat", "x"] } }]);
    const [factuality, faithfulness] = results.nodes[0].metricResults;
    expect(results.nodes[0]).toMatchObject({ status: "FAILED", scores: { factuality: "D", faithfulness: 1 }, error: null });
    const library = { name: "autoevals", version: expect.stringMatching(/^\d+\.\d+\.\d+$/) };
    expect(factuality).toMatchObject({ status: "FAILED", score: 0, category: "D", threshold: null, reason: "The submission is a cat sat.", metadata: { library, model: "gpt-5-judge" }, inputTokens: 100, outputTokens: 10 });
    expect(factuality.cost).toBeCloseTo((100 * 2 + 10 * 10) / 1e6, 12);
    expect(faithfulness).toMatchObject({ status: "PASSED", score: 1, category: null, threshold: 0.5, reason: "1 of 1 statements follow from the context.", metadata: { library, statements: ["a cat sat"] }, inputTokens: 200, outputTokens: 20 });
    expect(usage).toMatchObject({ judgeCalls: 3, judgeInputTokens: 300, judgeOutputTokens: 30 });
    expect(usage.judgeCost).toBeCloseTo((300 * 2 + 30 * 10) / 1e6, 12);
  });

  it("has an error with its own code for each kind of fault, never a fail", async () => {
    const faults = await startFakeEndpoint((request) => {
      const prompt = String(request.json.messages[0].content);
      const says = (given: unknown): FakeReply => ({ json: toolCall("select_choice", given) });
      switch (part(prompt, "Submission")) {
        case "limited":
          return { status: 429, headers: { "retry-after": "0" } };
        case "broken":
          return { status: 500, text: "boom" };
        case "refused":
          return { status: 401, text: "no such key" };
        case "cut":
          return { cut: "at once" };
        case "cut in body":
          return { json: toolCall("select_choice", { choice: "C" }), cut: "in body" };
        case "slow":
          return { hang: "at once" };
        case "no json":
          return { text: "<html>" };
        case "no completion":
          return { json: { ok: true } };
        case "half a call":
          return says('{"choice": "C"');
        case "no choice":
          return says({ reasons: "r" });
        case "other choice":
          return says({ reasons: "r", choice: "Z" });
        case "words":
          return { json: { choices: [{ message: { content: "I would say C." } }] } };
        default:
          return says({ reasons: "r", choice: "C" });
      }
    });
    const model = { name: "faulty", baseUrl: faults.url, model: "m", limits: { timeoutMs: 1500, maxAttempts: 2 } };
    await app.data("mutation ($input: CreateModelInput!) { createModel(input: $input) { id } }", { input: model });
    await app.data("mutation ($input: CreateMetricInput!) { createMetric(input: $input) { id } }", { input: { name: "faulty", kind: "BUILT_IN", builtIn: "factuality", model: { name: "faulty" } } });
    const expected: Record<string, string> = {
      limited: "ERROR RATE_LIMIT",
      broken: "ERROR HTTP",
      refused: "ERROR HTTP",
      cut: "ERROR NETWORK",
      "cut in body": "ERROR NETWORK",
      slow: "ERROR TIMEOUT",
      "no json": "ERROR MALFORMED_ANSWER",
      "no completion": "ERROR MALFORMED_ANSWER",
      "half a call": "ERROR MALFORMED_ANSWER",
      "no choice": "INCONCLUSIVE NO_VERDICT",
      "other choice": "INCONCLUSIVE UNKNOWN_CATEGORY",
      words: "INCONCLUSIVE NO_VERDICT",
      fine: "PASSED",
    };
    const tests = Object.keys(expected).map((content) => ({ prompt: { content, expectedResponse: "x" } }));
    const { createTestSet } = await app.data("mutation ($input: CreateTestSetInput!) { createTestSet(input: $input) { id } }", { input: { name: "faults", metrics: [{ name: "faulty" }], tests } });
    const id = await execute(app, createTestSet, await givenEndpointAt(app, bot.url));
    expect(await untilFinished(app, id, 60_000)).toMatchObject({ status: "PARTIAL", progress: { passed: 1, failed: 0, errored: tests.length - 1 } });
    const { nodes } = (await app.data(RESULTS, { id }))["testRun"].results;
    const found = nodes.map(({ metricResults: [each] }: any) => (each.error === null ? each.status : `${each.status} ${each.error.code}`));
    expect(Object.fromEntries(tests.map(({ prompt }, index) => [prompt.content, found[index]]))).toEqual(expected);
    expect(nodes.slice(0, -1).every((node: any) => node.status === "ERROR" && node.error.type === "METRIC" && node.scores.faulty === null)).toBe(true);
    expect(faults.requests.filter((request) => request.body.includes("limited")).length).toBe(2);
    await faults.close();
  });
});
