import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createOutbound, type Outbound } from "../../src/address-guard.js";
import { DEFAULT_LIMITS, type Model } from "../../src/endpoints/index.js";
import { NotFoundError } from "../../src/errors.js";
import { type CallRunner, completeText, type LimitedCall, ModelCalls } from "../../src/scoring/index.js";
import { addUsage, usageOfAnswer } from "../../src/scoring/model-usage.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { completion } from "../support/fake-judge.js";

let server: FakeEndpoint;
let outbound: Outbound;
let limits = DEFAULT_LIMITS;
const ran: LimitedCall<unknown>[] = [];
/** Lets each call in at once, once. */
const runner: CallRunner = {
  run: async (call, signal) => {
    ran.push(call);
    return call.attempt(signal);
  },
};
beforeAll(async () => {
  server = await startFakeEndpoint();
  outbound = createOutbound({ allowPrivate: true });
});
afterAll(async () => {
  await outbound.close();
  await server.close();
});
beforeEach(() => {
  server.clear();
  ran.length = 0;
  limits = DEFAULT_LIMITS;
});

function givenModel(): Model {
  return { organizationId: "o", id: "m", name: "Judge", provider: "p", baseUrl: `${server.url}/v1/`, model: "fake", embeddingModel: null, inputCostPerMillionTokens: 1, outputCostPerMillionTokens: null, createdAt: new Date(), deletedAt: null, hasApiKey: true, limits };
}

function givenCalls(signal: AbortSignal = new AbortController().signal) {
  const models = { read: (_: unknown, id: string) => (id === "m" ? Promise.resolve({ model: givenModel(), apiKey: "sk-s3cr3t" }) : Promise.reject(new NotFoundError("model", id))) };
  const remoteMetrics = { read: () => Promise.resolve({ secret: "s3cr3t", limits }) };
  return new ModelCalls({ outbound, models, remoteMetrics, runner, now: () => new Date() }).begin({ organizationId: "o" }, "run", signal);
}

describe("the way to a model", () => {
  it("leads to its base URL with its key, by its id and limits, in the name of the run", async () => {
    server.answer(completion("hello"));
    const calls = givenCalls();
    const session = await calls.model("m");
    expect(await completeText(session, { instructions: "Be brief.", messages: [{ role: "user", content: "Hi" }] })).toBe("hello");
    expect(server.requests[0]).toMatchObject({ method: "POST", path: "/v1/chat/completions", headers: { authorization: "Bearer sk-s3cr3t" }, json: { model: "fake", messages: [{ role: "system", content: "Be brief." }, { role: "user", content: "Hi" }] } });
    expect(ran).toMatchObject([{ scope: { organizationId: "o" }, party: "run", id: "m" }]);
    expect(await ran[0]?.limits()).toEqual(DEFAULT_LIMITS);
    expect(calls.usage).toEqual({ calls: 1, inputTokens: 100, outputTokens: 20, cost: 0.0001 });
  });

  it("leads nowhere else, whatever a library has in mind", async () => {
    const { fetch } = await givenCalls().model("m");
    for (const url of ["https://api.openai.com/v1/chat/completions", `${server.url}/v2/chat`, `${server.url}/v1`, `${server.url}.evil.example/v1/x`]) await expect(fetch(url, { method: "POST", body: "{}" })).rejects.toThrow("own base URL");
    expect(server.requests).toHaveLength(0);
  });

  it("posts JSON and gives JSON back, and what is none is MALFORMED_ANSWER", async () => {
    server.answerNext({ json: { data: [1] } }, { text: "<html>" });
    const { post } = await givenCalls().model("m");
    expect(await post("/embeddings", { input: "x" })).toEqual({ data: [1] });
    expect(server.requests[0]).toMatchObject({ path: "/v1/embeddings", json: { input: "x" } });
    await expect(post("/embeddings", {})).rejects.toMatchObject({ code: "MALFORMED_ANSWER", message: expect.stringContaining("Judge") });
  });

  it("says by status and code what went wrong, without the key", async () => {
    server.answer({ status: 404, text: "no model for sk-s3cr3t" });
    const { post } = await givenCalls().model("m");
    const error = await post("/x", {}).catch((caught: unknown) => caught as Error);
    expect(error).toMatchObject({ code: "HTTP", httpStatus: 404, message: 'The model "Judge": It answered 404: no model for ***' });
  });

  it("ends with the signal, by its reason", async () => {
    const controller = new AbortController();
    server.answer(() => {
      controller.abort(new Error("the run was cancelled"));
      return { hang: "at once" };
    });
    const session = await givenCalls(controller.signal).model("m");
    const asking = completeText(session, { instructions: "", messages: [{ role: "user", content: "Hi" }] });
    await expect(asking).rejects.toThrow("the run was cancelled");
  });

  it("is a fault of the metric's parameters where there is no such model", async () => {
    await expect(givenCalls().model("gone")).rejects.toMatchObject({ code: "INVALID_PARAMETERS", message: expect.stringContaining("gone") });
  });
});

describe("the way to a remote metric", () => {
  it("posts a body under the metric's limits, its headers made for each attempt", async () => {
    server.answer({ json: { score: 1 } });
    const { secret, send } = await givenCalls().remote("metric");
    expect(secret).toBe("s3cr3t");
    expect(await send(`${server.url}/judge`, "{}", () => ({ "x-signed": "1" }))).toBe('{"score":1}');
    expect(server.requests[0]).toMatchObject({ method: "POST", path: "/judge", body: "{}", headers: { "content-type": "application/json", "x-signed": "1" } });
    expect(ran).toMatchObject([{ id: "metric" }]);
  });

  it("is bounded by its timeout", async () => {
    limits = { ...DEFAULT_LIMITS, timeoutMs: 60 };
    server.answer({ hang: "in body", text: "abc" });
    const { send } = await givenCalls().remote("metric");
    await expect(send(server.url, "{}", () => ({}))).rejects.toMatchObject({ code: "TIMEOUT", message: "The remote metric: No whole answer within 60 ms." });
  });
});

describe("usage", () => {
  const prices = { inputCostPerMillionTokens: 2, outputCostPerMillionTokens: 8 };
  it("is what the answer tells, priced", () => {
    expect(usageOfAnswer(prices, '{"usage":{"prompt_tokens":1000000,"completion_tokens":500000}}')).toEqual({ calls: 1, inputTokens: 1_000_000, outputTokens: 500_000, cost: 6 });
    expect(usageOfAnswer({ ...prices, outputCostPerMillionTokens: null }, '{"usage":{"prompt_tokens":1000000,"completion_tokens":5}}').cost).toBe(2);
    expect(usageOfAnswer({ inputCostPerMillionTokens: null, outputCostPerMillionTokens: null }, '{"usage":{"prompt_tokens":5}}')).toEqual({ calls: 1, inputTokens: 5, outputTokens: null, cost: null });
  });

  it("is unknown, not 0, where the answer tells nothing or nonsense", () => {
    for (const body of ["", "null", "{}", '{"usage":null}', '{"usage":{"prompt_tokens":-1,"completion_tokens":"7"}}', '{"usage":{"prompt_tokens":1e300}}']) expect(usageOfAnswer(prices, body)).toEqual({ calls: 1, inputTokens: null, outputTokens: null, cost: null });
  });

  it("sums up what is known", () => {
    expect(addUsage({ calls: 1, inputTokens: null, outputTokens: 2, cost: null }, { calls: 2, inputTokens: 5, outputTokens: null, cost: 0.5 })).toEqual({ calls: 3, inputTokens: 5, outputTokens: 2, cost: 0.5 });
  });
});
