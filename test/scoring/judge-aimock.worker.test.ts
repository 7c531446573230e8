import { LLMock } from "@copilotkit/aimock";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestApp, type TestApp } from "../support/app.js";
import { execute, givenEndpointAt, untilFinished } from "../support/execution.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { fenced, givenJudge } from "../support/fake-judge.js";
import { startTestWorker } from "../support/worker.js";

// aimock speaks OpenAI's API and computes what it answers from the request: so verdicts are real functions of the data.
let app: TestApp;
let bot: FakeEndpoint;
let judge: LLMock;
let endpoint: { id: string };
let modelId: string;
let worker: Awaited<ReturnType<typeof startTestWorker>>;
beforeAll(async () => {
  app = await createTestApp();
  bot = await startFakeEndpoint((request) => ({ json: { output: `The answer is ${Number(request.json.input.split(" ").at(-1)) ** 2}.` } }));
  judge = new LLMock({ port: 0, strict: true });
  judge.on({ predicate: () => true }, (request) => {
    const content = request.messages.at(-1)?.content;
    const material = typeof content === "string" ? content : "";
    const holds = fenced(material, "ANSWER")?.includes(` ${fenced(material, "EXPECTED ANSWER")}.`) === true;
    return { content: JSON.stringify({ reason: holds ? "It says so." : "It says something else.", passed: holds }), usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 } };
  });
  await judge.start();
  worker = await startTestWorker(app);
  endpoint = await givenEndpointAt(app, bot.url);
  modelId = (await app.data("mutation ($url: String!) { createModel(input: { name: \"aimock\", baseUrl: $url, model: \"gpt-4o\", limits: { maxAttempts: 2 } }) { id } }", { url: `${judge.url}/v1` }))["createModel"].id;
});
afterAll(async () => {
  await worker.stop(1000);
  await app.close();
  await Promise.all([bot.close(), judge.stop()]);
});

let sets = 0;

/** Runs "square of 1" … "square of n", of which every fourth expects something wrong, under a judge; answers the run. */
async function runOf(tests: number): Promise<Record<string, any>> {
  sets += 1;
  const metric = await givenJudge(app, modelId, { groundTruthRequired: true });
  const list = Array.from({ length: tests }, (_, index) => ({ prompt: { content: `square of ${index + 1}`, expectedResponse: String((index + 1) ** 2 + ((index + 1) % 4 === 0 ? 1 : 0)) } }));
  const { createTestSet } = await app.data("mutation ($input: CreateTestSetInput!) { createTestSet(input: $input) { id } }", { input: { name: `squares ${sets}`, tests: list, metrics: [{ name: metric }] } });
  const id = await execute(app, createTestSet, endpoint);
  await untilFinished(app, id);
  const { testRun } = await app.data("query ($id: ID!) { testRun(ref: { id: $id }) { status passRate progress { passed failed errored } usage { judgeCalls judgeInputTokens } results(first: 100) { nodes { metricResults { status error { code } } } } } }", { id });
  return testRun;
}

describe("aimock as the judge", () => {
  it("passes what it computes to be right, and fails the rest", async () => {
    expect(await runOf(40)).toMatchObject({ status: "COMPLETED", passRate: 0.75, progress: { passed: 30, failed: 10, errored: 0 }, usage: { judgeCalls: 40, judgeInputTokens: 440 } });
  });

  it.each([
    ["rateLimitRate", "RATE_LIMIT", 2],
    ["dropRate", "HTTP", 2],
    ["malformedRate", "MALFORMED_ANSWER", 1],
    ["disconnectRate", "NETWORK", 2],
  ] as const)("with its chaos %s ends every result in ERROR %s after as many attempts as that is worth", async (chaos, code, calls) => {
    judge.setChaos({ [chaos]: 1 });
    try {
      const { status, results, usage } = await runOf(3);
      expect(status).toBe("FAILED");
      expect(results.nodes.map((node: Record<string, any>) => node["metricResults"])).toEqual(Array.from({ length: 3 }, () => [{ status: "ERROR", error: { code } }]));
      expect(usage.judgeCalls).toBe(3 * calls);
    } finally {
      judge.clearChaos();
    }
  });
});
