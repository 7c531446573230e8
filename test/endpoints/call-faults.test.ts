import { getEventListeners } from "node:events";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { OutboundEndpointClient } from "../../src/endpoints/index.js";
import { type FakeEndpoint, type FakeReply, startFakeEndpoint } from "../support/fake-endpoint.js";
import { answered, createClient, failed, optionsOf, targetOf, variablesOf } from "./calling.js";

const NOW = new Date("2026-11-21T10:00:00.000Z");
let bot: FakeEndpoint;
let client: OutboundEndpointClient;
beforeAll(async () => {
  bot = await startFakeEndpoint();
  client = createClient({ now: () => NOW });
});
beforeEach(() => bot.clear());
afterAll(() => bot.close());

const call = (reply: FakeReply, options = {}) => {
  bot.answerNext(reply);
  return client.call(targetOf({ url: bot.url }), variablesOf(), optionsOf(options));
};

describe("a failing call", () => {
  it.each([
    [400, "HTTP", false],
    [404, "HTTP", false],
    [408, "HTTP", true],
    [418, "HTTP", false],
    [425, "HTTP", true],
    [429, "RATE_LIMIT", true],
    [500, "HTTP", true],
    [501, "HTTP", false],
    [502, "HTTP", true],
    [503, "HTTP", true],
    [504, "HTTP", true],
    [401, "AUTH", false],
    [403, "AUTH", false],
  ])("reads status %i as %s, retryable: %s, and keeps what was said", async (status, type, retryable) => {
    const { error, raw } = failed(await call({ status, json: { message: "no luck" } }));
    expect(error).toMatchObject({ type, httpStatus: status, retryable, message: expect.stringContaining("no luck") as string });
    expect(raw).toEqual({ message: "no luck" });
    expect(bot.requests).toHaveLength(1);
  });

  it("follows no redirect", async () => {
    const { error } = failed(await call({ status: 302, headers: { location: `${bot.url}/elsewhere` } }));
    expect(error).toMatchObject({ type: "HTTP", httpStatus: 302, retryable: false });
    expect(bot.requests).toHaveLength(1);
  });

  it.each([
    ["7", 7000],
    ["0", 0],
    ["1.5", 1500],
    ["Sat, 21 Nov 2026 10:00:30 GMT", 30_000],
    ["Sat, 21 Nov 2026 09:00:00 GMT", 0],
    ["soon", null],
    ["-3", null],
  ])("reads Retry-After %j as %j ms", async (value, expected) => {
    expect(failed(await call({ status: 429, headers: { "retry-after": value } })).retryAfterMs).toBe(expected);
  });

  it.each<[string, FakeReply, { type: string; [field: string]: unknown }]>([
    ["a cut connection", { cut: "at once" }, { type: "NETWORK", retryable: true }],
    ["a connection cut in the body", { cut: "in body", json: { output: "x".repeat(1000) } }, { type: "NETWORK", retryable: true }],
    ["no answer in time", { hang: "at once" }, { type: "TIMEOUT", retryable: true, httpStatus: null }],
    ["a body that does not end in time", { hang: "in body", json: { output: "x" } }, { type: "TIMEOUT", retryable: true }],
    ["a body that trickles longer than the timeout", { chunks: Array.from({ length: 20 }, () => " "), chunkDelayMs: 50 }, { type: "TIMEOUT", retryable: true }],
    ["a body of more than 10 MiB", { bytes: 10 * 1024 * 1024 + 1 }, { type: "TOO_LARGE", retryable: false, httpStatus: 200 }],
  ])("names %s", async (_name, reply, error) => {
    expect(failed(await call(reply, { timeoutMs: error.type === "TIMEOUT" ? 400 : 20_000 })).error).toMatchObject(error);
  });

  it("reads a body of just 10 MiB", async () => {
    const output = "x".repeat(10 * 1024 * 1024 - '{"output":""}'.length);
    expect(answered(await call({ json: { output } }, { timeoutMs: 20_000 })).output).toHaveLength(output.length);
  });

  it.each([["nobody listens", "http://127.0.0.1:1/"], ["no such host", "http://nowhere.invalid/"]])("is NETWORK where there is %s", async (_name, url) => {
    expect(failed(await client.call(targetOf({ url }), variablesOf(), optionsOf())).error).toMatchObject({ type: "NETWORK", retryable: true, httpStatus: null });
  });

  it("survives an answer that is nested too deep to walk", async () => {
    const outcome = await call({ text: `${"[".repeat(200_000)}${"]".repeat(200_000)}`, headers: { "content-type": "application/json" } });
    expect(failed(outcome).error.type).toBe("RESPONSE_MAPPING");
  });

  it("ends with the caller's reason at once, down to the socket, and leaves nothing on the caller's signal", async () => {
    const controller = new AbortController();
    const reason = new Error("cancelled");
    const pending = call({ hang: "at once" }, { signal: controller.signal });
    await expect.poll(() => bot.inFlight.now).toBe(1);
    controller.abort(reason);
    await expect(pending).rejects.toBe(reason);
    await expect.poll(() => bot.inFlight.now).toBe(0);
    await expect(client.call(targetOf({ url: bot.url }), variablesOf(), optionsOf({ signal: controller.signal }))).rejects.toBe(reason);
    const calm = new AbortController();
    for (let n = 0; n < 3; n += 1) await call({}, { signal: calm.signal });
    expect(getEventListeners(calm.signal, "abort")).toHaveLength(0);
  });

  it("is BLOCKED_ADDRESS, after the name was resolved, where private addresses are not allowed", async () => {
    const guarded = createClient({ allowPrivate: false });
    for (const host of ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"]) {
      const outcome = await guarded.call(targetOf({ url: bot.url.replace("127.0.0.1", host) }), variablesOf(), optionsOf());
      expect(failed(outcome).error, host).toMatchObject({ type: "BLOCKED_ADDRESS", retryable: false });
    }
    expect(bot.requests).toEqual([]);
  });

  it("keeps many calls in flight over many connections", async () => {
    const { promise: allArrived, resolve } = Promise.withResolvers<void>();
    bot.answer(async (_request, index) => {
      if (index === 299) resolve();
      await allArrived; // nobody is answered before the last one has come
      return { json: { output: "ok" } };
    });
    const outcomes = await Promise.all(Array.from({ length: 300 }, () => client.call(targetOf({ url: bot.url }), variablesOf(), optionsOf())));
    expect(outcomes.every((outcome) => outcome.ok)).toBe(true);
    expect(bot.inFlight.most).toBe(300);
  });
});
