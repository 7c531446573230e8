import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createOutbound } from "../../src/address-guard.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { execute, givenEndpointAt, givenTests, untilFinished } from "../support/execution.js";
import { type FakeEndpoint, type FakeReply, startFakeEndpoint } from "../support/fake-endpoint.js";
import { completion, givenJudge, givenModelAt, verdict } from "../support/fake-judge.js";
import { waitFor } from "../support/wait-for.js";
import { startTestWorker } from "../support/worker.js";

let app: TestApp;
let bot: FakeEndpoint;
let model: FakeEndpoint;
let endpoint: { id: string };
const workers: { stop(graceMs: number): Promise<void> }[] = [];
beforeAll(async () => {
  app = await createTestApp();
  [bot, model] = [await startFakeEndpoint(), await startFakeEndpoint()];
  endpoint = await givenEndpointAt(app, bot.url, { maxConcurrency: 50 });
});
afterAll(async () => {
  await app.close();
  await Promise.all([bot.close(), model.close()]);
});
afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.stop(0);
  model.clear();
  bot.clear();
  model.inFlight.most = 0;
});

async function givenWorker(): Promise<{ stop(graceMs: number): Promise<void> }> {
  const worker = await startTestWorker(app);
  workers.push(worker);
  return worker;
}

/** Queues a run of so many tests under the judge. */
async function queue(judge: string, tests = 1): Promise<string> {
  return execute(app, await givenTests(app, { tests, metrics: [judge] }), endpoint);
}

async function resultsOf(id: string): Promise<Record<string, any>[]> {
  const { testRun } = await app.data("query ($id: ID!) { testRun(ref: { id: $id }) { results(first: 100) { nodes { status error { type message } output { output } metricResults { status score error { code message } inputTokens } } } } }", { id });
  return testRun.results.nodes;
}

async function usageOf(id: string): Promise<Record<string, any>> {
  return (await app.data("query ($id: ID!) { testRun(ref: { id: $id }) { usage { endpointCalls judgeCalls judgeInputTokens judgeOutputTokens judgeCost } } }", { id }))["testRun"].usage;
}

describe("a judge that gives no usable answer", () => {
  it.each<[string, FakeReply, string]>([
    ["answers 429", { status: 429, json: { error: { message: "slow down" } } }, "RATE_LIMIT"],
    ["answers 500", { status: 500, text: "the key sk-s3cr3t-key broke" }, "HTTP"],
    ["answers 401", { status: 401, json: { error: { message: "Incorrect API key provided: sk-s3cr3t-key" } } }, "HTTP"],
    ["answers 302", { status: 302, headers: { location: "https://elsewhere.example" } }, "HTTP"],
    ["answers with no JSON", { text: "{malformed json: <<<chaos>>>" }, "MALFORMED_ANSWER"],
    ["answers with JSON that is no completion", { json: { ok: true } }, "MALFORMED_ANSWER"],
    ["answers with more than 10 MiB", { bytes: 11 * 1024 * 1024 }, "MALFORMED_ANSWER"],
    ["cuts the connection", { cut: "at once" }, "NETWORK"],
    ["cuts the connection in its answer", { cut: "in body", ...completion("x") }, "NETWORK"],
    ["never answers", { hang: "at once" }, "TIMEOUT"],
    ["never ends its answer", { hang: "in body", ...completion("x") }, "TIMEOUT"],
  ])("as it %s, ends in ERROR with its kind, the answer kept and no key shown", async (_, reply, code) => {
    await givenWorker();
    const modelId = await givenModelAt(app, model.url, { apiKey: "sk-s3cr3t-key", limits: { maxAttempts: 1, timeoutMs: code === "TIMEOUT" ? 700 : 20_000 } });
    model.answer(reply);
    const id = await queue(await givenJudge(app, modelId));
    await untilFinished(app, id);
    const [result] = await resultsOf(id);
    expect(result).toMatchObject({ status: "ERROR", error: { type: "METRIC" }, output: { output: "echo: q1" }, metricResults: [{ status: "ERROR", score: null, error: { code } }] });
    expect(JSON.stringify(result)).not.toContain("s3cr3t");
    expect(bot.requests).toHaveLength(1);
  });

  it("as nobody listens there, ends in NETWORK", async () => {
    await givenWorker();
    const gone = await startFakeEndpoint();
    await gone.close();
    const id = await queue(await givenJudge(app, await givenModelAt(app, gone.url)));
    await untilFinished(app, id);
    expect((await resultsOf(id))[0]?.["metricResults"]).toMatchObject([{ status: "ERROR", error: { code: "NETWORK" } }]);
  });

  it("as its host's name leads to a private address, ends in BLOCKED_ADDRESS without being called", async () => {
    const outbound = createOutbound({ allowPrivate: false });
    const worker = await startTestWorker(app, { outbound });
    try {
      const id = await queue(await givenJudge(app, await givenModelAt(app, model.url.replace("127.0.0.1", "localhost"), { limits: { maxAttempts: 5 } })));
      await untilFinished(app, id);
      expect(await resultsOf(id)).toMatchObject([{ output: { output: "echo: q1" }, metricResults: [{ status: "ERROR", error: { code: "BLOCKED_ADDRESS", message: expect.stringContaining("ENDPOINT_ALLOW_PRIVATE") } }] }]);
      expect(model.requests).toHaveLength(0);
    } finally {
      await worker.stop(0);
      await outbound.close();
    }
  });

  it("is asked again as often as its limits allow, every attempt counted, and its verdict stands", async () => {
    await givenWorker();
    const modelId = await givenModelAt(app, model.url, { limits: { maxAttempts: 3 } });
    model.answerNext({ status: 503, text: "busy" }, { status: 429, headers: { "retry-after": "0" }, text: "busy" });
    model.answer(verdict({ passed: true }));
    const id = await queue(await givenJudge(app, modelId));
    await untilFinished(app, id);
    expect(await resultsOf(id)).toMatchObject([{ status: "PASSED", metricResults: [{ status: "PASSED", inputTokens: 100 }] }]);
    expect(await usageOf(id)).toEqual({ endpointCalls: 1, judgeCalls: 3, judgeInputTokens: 100, judgeOutputTokens: 20, judgeCost: null });
  });

  it("is not asked again after a failure that is no passing one", async () => {
    await givenWorker();
    model.answer({ status: 403, text: "no" });
    const id = await queue(await givenJudge(app, await givenModelAt(app, model.url, { limits: { maxAttempts: 5 } })));
    await untilFinished(app, id);
    expect(model.requests).toHaveLength(1);
  });
});

describe("a model's limits", () => {
  it("hold over two workers: maxConcurrency and requestsPerMinute", async () => {
    await Promise.all([givenWorker(), givenWorker()]);
    model.answer({ ...verdict({ passed: true }), delayMs: 30 });
    const judge = await givenJudge(app, await givenModelAt(app, model.url, { limits: { maxConcurrency: 2 } }));
    const ids = [await queue(judge, 15), await queue(judge, 15)];
    for (const id of ids) expect((await untilFinished(app, id)).progress.passed).toBe(15);
    expect(model.inFlight.most).toBe(2);

    model.clear();
    model.answer(verdict({ passed: true }));
    const paced = await givenJudge(app, await givenModelAt(app, model.url, { limits: { requestsPerMinute: 600, maxConcurrency: 50 } }));
    const pacedIds = [await queue(paced, 6), await queue(paced, 6)];
    for (const id of pacedIds) await untilFinished(app, id);
    const times = model.requests.map(({ receivedAt }) => receivedAt).sort((a, b) => a - b);
    expect(times).toHaveLength(12);
    // 600 a minute are 10 a second: eleven gaps of 0.1 s, but for a first call that comes late on a busy machine.
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(700);
  });
});

describe("a model's limit that is changed", () => {
  it("takes effect within seconds, also for calls that wait already", async () => {
    await givenWorker();
    model.answer({ ...verdict({ passed: true }), delayMs: 300 });
    const modelId = await givenModelAt(app, model.url, { limits: { maxConcurrency: 1 } });
    const id = await queue(await givenJudge(app, modelId), 40);
    await waitFor(async () => (model.requests.length >= 2 ? true : null), { what: "calls one after the other" });
    expect(model.inFlight.most).toBe(1);
    await app.data("mutation ($id: ID!) { updateModel(input: { model: { id: $id }, limits: { maxConcurrency: 10 } }) { id } }", { id: modelId });
    await waitFor(async () => (model.inFlight.most > 5 ? true : null), { what: "more calls at once" });
    expect((await untilFinished(app, id)).progress.passed).toBe(40);
    expect(model.inFlight.most).toBeLessThanOrEqual(10);
  });
});

describe("a crash while judging", () => {
  it("repeats no call of the endpoint, and the result gets one verdict", async () => {
    const first = await givenWorker();
    model.answer({ hang: "at once" });
    const id = await queue(await givenJudge(app, await givenModelAt(app, model.url)));
    await waitFor(async () => (model.requests.length > 0 ? true : null), { what: "the judge's being asked" });
    workers.splice(workers.indexOf(first), 1);
    await first.stop(0);
    model.answer(verdict({ passed: true }));
    await givenWorker();
    await untilFinished(app, id);
    expect(await resultsOf(id)).toMatchObject([{ status: "PASSED", output: { output: "echo: q1" } }]);
    expect(bot.requests).toHaveLength(1);
    expect((await usageOf(id))["endpointCalls"]).toBe(1);
  });
});

describe("what ends a run", () => {
  it("ends waiting for the judge and its calls in flight, too", async () => {
    await givenWorker();
    model.answer({ hang: "at once" });
    const id = await queue(await givenJudge(app, await givenModelAt(app, model.url, { limits: { maxConcurrency: 1 } })), 5);
    await waitFor(async () => (model.inFlight.now === 1 && bot.requests.length === 5 ? true : null), { what: "a call of the judge" });
    await app.data("mutation ($id: ID!) { cancelTestRun(id: $id) { status } }", { id });
    expect((await untilFinished(app, id)).status).toBe("CANCELLED");
    await waitFor(async () => (model.inFlight.now === 0 ? true : null), { what: "the end of the call" });
    expect(model.requests).toHaveLength(1);
  });
});
