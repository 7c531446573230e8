import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { OutboundEndpointClient } from "../../src/endpoints/index.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { answered, createClient, failed, optionsOf, targetOf, variablesOf } from "./calling.js";

let bot: FakeEndpoint;
let client: OutboundEndpointClient;
beforeAll(async () => {
  bot = await startFakeEndpoint();
  client = createClient();
});
beforeEach(() => bot.clear());
afterAll(() => bot.close());

const call = (version: Partial<Parameters<typeof targetOf>[0]>, variables = {}, options = {}) => client.call(targetOf({ url: `${bot.url}/chat`, ...version }), variablesOf(variables), optionsOf(options));

describe("a REST call", () => {
  it("posts { input } and reads $.output when nothing is mapped", async () => {
    const outcome = await call({});
    expect(answered(outcome)).toMatchObject({ output: "echo: hello", sessionId: null, context: [], raw: { output: "echo: hello" } });
    expect(outcome).toMatchObject({ ok: true, httpStatus: 200 });
    expect(outcome.latencyMs).toBeGreaterThan(0);
    expect(bot.requests[0]).toMatchObject({ method: "POST", path: "/chat", json: { input: "hello" } });
    expect(bot.requests[0]?.headers).toMatchObject({ "content-type": "application/json", "idempotency-key": "key-1" });
  });

  it.each(["42", "true", "null", '{"a":1}', "x , ]", '"quoted"', "{{ input }}", "a\nb\u2028", "", " "])("sends the prompt %j unchanged, as a string", async (input) => {
    await call({ requestMapping: { q: "{{ input }}", in: "<{{ input }}>", list: ["{{ input }}"] } }, { input });
    expect(bot.requests[0]?.json).toEqual({ q: input, in: `<${input}>`, list: [input] });
  });

  it("fills headers and query parameters in, and leaves out what names an unknown session", async () => {
    const version = { method: "GET" as const, url: `${bot.url}/chat?fixed=1`, queryParams: { q: "{{ input }}", s: "{{ session_id }}" }, requestHeaders: { "X-Turn": "{{ turn }}", "X-Session": "{{ session_id }}" } };
    await call(version, { input: "a b&c" });
    await call(version, { sessionId: "s1" });
    expect(bot.requests[0]?.query.toString()).toBe("fixed=1&q=a+b%26c");
    expect(bot.requests[0]).toMatchObject({ method: "GET", body: "" });
    expect(bot.requests[0]?.headers).toMatchObject({ "x-turn": "1" });
    expect(bot.requests[0]?.headers["x-session"]).toBeUndefined();
    expect(bot.requests[1]?.headers["x-session"]).toBe("s1");
    expect(bot.requests[1]?.query.get("s")).toBe("s1");
  });

  it("sends a form when the content type says so", async () => {
    const requestMapping = { q: "{{ input }}", langpair: "spa|eng", n: 3, none: null, many: ["a", "b"] };
    await call({ requestHeaders: { "Content-Type": "application/x-www-form-urlencoded" }, requestMapping }, { input: "El gato & el pan" });
    expect(bot.requests[0]?.headers["content-type"]).toBe("application/x-www-form-urlencoded");
    expect(bot.requests[0]?.body).toBe("q=El+gato+%26+el+pan&langpair=spa%7Ceng&n=3&many=a&many=b");
    await call({ requestHeaders: { "Content-Type": "multipart/form-data" }, requestMapping: { q: "{{ input }}" } }, { input: "42" });
    expect(bot.requests[1]?.headers["content-type"]).toMatch(/^multipart\/form-data; boundary=/);
    expect(bot.requests[1]?.body).toMatch(/name="q"\r\n\r\n42\r\n/);
  });

  it("sends a text body when the content type is neither JSON nor a form", async () => {
    await call({ requestHeaders: { "content-type": "text/plain" }, requestMapping: "{{ input }}" }, { input: "42" });
    expect(bot.requests[0]?.body).toBe("42");
  });

  it("reads session, context, metadata, tool calls and tokens where they are mapped", async () => {
    bot.answerNext({ json: { reply: { text: 42 }, sid: 7, docs: ["a", { b: 1 }], meta: { x: null }, tools: [{ name: "t" }], usage: { in: 3, out: "many" } } });
    const responseMapping = { output: "$.reply.text", session_id: "$.sid", context: "$.docs", metadata: "$.meta", tool_calls: "$.tools", input_tokens: "$.usage.in", output_tokens: "$.usage.out" };
    expect(answered(await call({ responseMapping }))).toMatchObject({ output: "42", sessionId: "7", context: ["a", '{"b":1}'], metadata: { x: null }, toolCalls: [{ name: "t" }], inputTokens: 3, outputTokens: null });
  });

  it("answers an object as compact JSON, an empty text as an answer, and the one match of a filter as itself", async () => {
    bot.answerNext({ json: { output: { a: [1, 2] } } }, { json: { output: "" } }, { json: { activities: [{ from: "user", text: "hi" }, { from: "bot", text: "hello" }] } });
    expect(answered(await call({})).output).toBe('{"a":[1,2]}');
    expect(answered(await call({})).output).toBe("");
    expect(answered(await call({ responseMapping: { output: "$.activities[?@.from == 'bot'].text" } })).output).toBe("hello");
  });

  it.each([
    ["null at the output", { json: { output: null } }],
    ["nothing at the output", { json: { answer: "x" } }],
    ["malformed JSON", { text: '{"output": <<<', headers: { "content-type": "application/json" } }],
    ["an empty body", { text: "", headers: { "content-type": "application/json" } }],
    ["plain text where an object is mapped", { text: "hello" }],
    ["a compressed body that was not asked for", { text: "xx", headers: { "content-encoding": "gzip" } }],
  ])("ends in RESPONSE_MAPPING, finally, on %s", async (_name, reply) => {
    bot.answerNext(reply);
    const { error, raw } = failed(await call({}));
    expect(error).toMatchObject({ type: "RESPONSE_MAPPING", httpStatus: 200, retryable: false });
    if ("json" in reply) expect(raw).toEqual(reply.json);
    else if (reply.text.startsWith("{")) expect(raw).toBe(reply.text);
  });

  it("takes a whole text at $, even one that looks like JSON, and JSON that is called text elsewhere", async () => {
    bot.answerNext({ text: '{ "output": "x" }' }, { text: '{ "output": "x" }' });
    expect(answered(await call({ responseMapping: { output: "$" } })).output).toBe('{ "output": "x" }');
    expect(answered(await call({})).output).toBe("x");
  });

  it("gathers newline-delimited JSON and server-sent events", async () => {
    bot.answerNext(
      { chunks: ['{"t":"Hel"}\n', '{"t":"lo"}\n{"done":true}'], headers: { "content-type": "application/x-ndjson" } },
      { chunks: ['event: x\r\nid: 1\r\ndata: {"t":"Hel"}\r\n\r\n: comment\r\n', 'data: {"t":"lo"}\n\ndata: [DONE]\n\n'], headers: { "content-type": "text/event-stream" } },
      { text: "data: Hel\n\ndata: lo\ndata: you\n\n", headers: { "content-type": "text/event-stream" } },
    );
    expect(answered(await call({ responseMapping: { output: "$.t" } })).output).toBe("Hello");
    expect(answered(await call({ responseMapping: { output: "$[*].t" } }))).toMatchObject({ output: "Hello", raw: [{ t: "Hel" }, { t: "lo" }] });
    expect(answered(await call({ responseMapping: { output: "$[*]" } })).output).toBe("Hello\nyou");
  });

  it("ends with the [DONE] of a stream whose connection stays open", async () => {
    bot.answerNext({ text: 'data: {"t":"a"}\n\ndata: [DONE]\n\n'.repeat(2), headers: { "content-type": "text/event-stream" }, hang: "in body" });
    expect(answered(await call({ responseMapping: { output: "$.t" } }, {}, { timeoutMs: 2000 })).output).toBe("a");
  });

  it("ends in REQUEST_MAPPING when the test lacks what the mapping names", async () => {
    const requestMapping = { city: "{{ metadata.city }}" };
    expect(failed(await call({ requestMapping })).error).toMatchObject({ type: "REQUEST_MAPPING", retryable: false, message: expect.stringContaining("metadata.city") as string });
    await call({ requestMapping: { city: '{{ metadata.city | default("Rome") }}', none: "{{ metadata.none }}" } }, { metadata: { none: null } });
    expect(bot.requests.map((request) => request.json as unknown)).toEqual([{ city: "Rome", none: null }]);
    expect(failed(await call({ requestHeaders: { "X-Prompt": "{{ input }}" } }, { input: "a\nb" })).error.type).toBe("REQUEST_MAPPING");
  });
});
