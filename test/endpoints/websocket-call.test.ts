import { BlockList } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { OutboundEndpointClient } from "../../src/endpoints/index.js";
import { type FakeWebSocket, startFakeWebSocket } from "../support/fake-websocket.js";
import { answered, createClient, failed, optionsOf, targetOf, variablesOf } from "./calling.js";

let bot: FakeWebSocket;
let client: OutboundEndpointClient;
beforeAll(async () => {
  bot = await startFakeWebSocket();
  client = createClient();
});
beforeEach(() => {
  bot.messages.length = 0;
  bot.refuse(null);
});
afterAll(() => bot.close());

const version = (given: object = {}) => ({ connectionType: "WEBSOCKET" as const, url: `${bot.url}/chat`, responseMapping: { output: "$.text", silence_ms: 50 }, ...given });
const call = (given: object = {}, variables = {}, options = {}, credentials = {}) => client.call(targetOf(version(given), credentials), variablesOf(variables), optionsOf(options));

describe("a WEBSOCKET call", () => {
  it("sends one JSON message a turn and ends with silence, which is no latency", async () => {
    bot.converse((message, socket) => socket.send(JSON.stringify({ type: "message", text: `you said ${(JSON.parse(message) as { text: string }).text}`, sid: 5 })));
    const given = { requestMapping: { type: "message", user: "u1", text: "{{ input }}", sid: "{{ session_id }}" }, responseMapping: { output: "$.text", session_id: "$.sid", silence_ms: 1000 }, queryParams: { lang: "{{ language_code | default(\"en\") }}" } };
    const begun = performance.now();
    const outcome = await call(given, { input: '{"a":1}' });
    expect(answered(outcome)).toMatchObject({ output: 'you said {"a":1}', sessionId: "5" });
    expect(outcome).toMatchObject({ httpStatus: null });
    expect(performance.now() - begun - outcome.latencyMs).toBeGreaterThan(990);
    expect(JSON.parse(bot.messages[0]?.text ?? "")).toEqual({ type: "message", user: "u1", text: '{"a":1}' });
    expect(bot.messages[0]?.request.url).toBe("/chat?lang=en");
  });

  it("gathers messages until the one that the mapping marks as the last", async () => {
    bot.converse((_message, socket) => {
      for (const piece of ["Hel", "lo"]) socket.send(JSON.stringify({ text: piece, done: false }));
      setTimeout(() => socket.send(JSON.stringify({ done: true })), 100);
    });
    const outcome = await call({ responseMapping: { output: "$.text", end: "$.done" } });
    expect(answered(outcome)).toMatchObject({ output: "Hello", raw: [{ text: "Hel", done: false }, { text: "lo", done: false }, { done: true }] });
    expect(outcome.latencyMs).toBeGreaterThan(90);
  });

  it("ends before a message that is the mapping's end as a text", async () => {
    bot.converse((message, socket) => ["You said ", message, "[DONE]", "too late"].forEach((text) => socket.send(text)));
    expect(answered(await call({ requestMapping: "{{ input }}", responseMapping: { output: "$", end: "[DONE]" } }, { input: "[1]" })).output).toBe("You said [1]");
  });

  it("takes plain text messages at $, and the close as the end", async () => {
    bot.converse((message, socket) => {
      socket.send("42 ");
      socket.send(message);
      socket.close(1000);
    });
    expect(answered(await call({ requestMapping: "{{ input }}", responseMapping: { output: "$", silence_ms: 60000 } }, { input: "true" })).output).toBe("42 true");
  });

  it("sends headers, authentication and subprotocols with the handshake", async () => {
    bot.converse((_message, socket) => socket.send('{"text":"hi"}'));
    await call({ auth: { type: "BASIC", username: "ada" }, requestHeaders: { "X-Run": "{{ run_id }}" } }, {}, {}, { auth: "pw" });
    expect(bot.messages[0]?.request.headers).toMatchObject({ authorization: `Basic ${Buffer.from("ada:pw").toString("base64")}`, "x-run": "run-id", "idempotency-key": "key-1" });
  });

  it.each([
    ["a broken socket", (socket: { terminate(): void }) => socket.terminate(), "NETWORK", true],
    ["a close with an error code", (socket: { close(code: number, reason: string): void }) => socket.close(1011, "oops"), "NETWORK", true],
    ["a close without an answer", (socket: { close(code: number): void }) => socket.close(1000), "RESPONSE_MAPPING", false],
    ["silence from the start", () => undefined, "TIMEOUT", true],
  ])("ends with an error on %s", async (_name, act, type, retryable) => {
    bot.converse((_message, socket) => act(socket));
    expect(failed(await call({}, {}, { timeoutMs: type === "TIMEOUT" ? 300 : 5000 })).error).toMatchObject({ type, retryable });
  });

  it("ends with TOO_LARGE beyond 10 MiB, in one message or in many", async () => {
    bot.converse((_message, socket) => socket.send("x".repeat(10 * 1024 * 1024 + 1)));
    expect(failed(await call()).error).toMatchObject({ type: "TOO_LARGE", retryable: false });
    bot.converse((_message, socket) => {
      for (let n = 0; n < 11; n += 1) socket.send("x".repeat(1024 * 1024));
    });
    expect(failed(await call({ responseMapping: { output: "$", silence_ms: 5000 } })).error).toMatchObject({ type: "TOO_LARGE" });
  });

  it("reads the status of a refused handshake, and Retry-After", async () => {
    bot.refuse(503);
    expect(failed(await call())).toMatchObject({ error: { type: "HTTP", httpStatus: 503, retryable: true }, retryAfterMs: 2000 });
    bot.refuse(401);
    const refused = failed(await call({ auth: { type: "BEARER" } }, {}, {}, { auth: "s3cr3t-token" }));
    expect(refused.error).toMatchObject({ type: "AUTH", httpStatus: 401, retryable: false });
    expect(JSON.stringify(refused)).not.toContain("s3cr3t-token");
  });

  it("ends with the caller's reason when the caller aborts, and leaves no socket open", async () => {
    bot.converse(() => undefined);
    const controller = new AbortController();
    const reason = new Error("cancelled");
    setTimeout(() => controller.abort(reason), 50);
    await expect(call({}, {}, { signal: controller.signal })).rejects.toBe(reason);
    await expect.poll(() => bot.open()).toBe(0);
  });

  it("ends with NETWORK where nobody listens, and with BLOCKED_ADDRESS where private addresses are not allowed", async () => {
    expect(failed(await call({ url: "ws://127.0.0.1:1/" })).error).toMatchObject({ type: "NETWORK", retryable: true });
    const guarded = createClient({ allowPrivate: false });
    for (const url of [bot.url, bot.url.replace("127.0.0.1", "localhost"), bot.url.replace("ws:", "wss:"), bot.url.replace("ws://127.0.0.1", "wss://localhost")]) {
      const outcome = await guarded.call(targetOf(version({ url })), variablesOf(), optionsOf());
      expect(failed(outcome).error, url).toMatchObject({ type: "BLOCKED_ADDRESS", retryable: false });
    }
    expect(bot.messages).toEqual([]);
    bot.converse((_message, socket) => socket.send('{"text":"hi"}'));
    const check = vi.spyOn(BlockList.prototype, "check").mockReturnValue(false); // as of a public address
    expect(answered(await guarded.call(targetOf(version()), variablesOf(), optionsOf())).output).toBe("hi");
    check.mockRestore();
    expect(bot.messages[0]?.request.url).toBe("/chat");
  });
});
