import { LLMock } from "@copilotkit/aimock";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { isStateful, isStateless, type OutboundEndpointClient } from "../../src/endpoints/index.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { answered, createClient, failed, optionsOf, targetOf, variablesOf } from "./calling.js";

let bot: FakeEndpoint;
let model: LLMock;
let client: OutboundEndpointClient;
beforeAll(async () => {
  bot = await startFakeEndpoint(() => ({ json: { choices: [{ message: { content: "ok" } }], usage: { prompt_tokens: 3, completion_tokens: 1 } } }));
  model = new LLMock({ port: 0, strict: true });
  model.on({ predicate: () => true }, (request) => ({ content: `You said: ${request.messages.at(-1)?.content as string}` }));
  await model.start();
  client = createClient();
});
beforeEach(() => bot.clear());
afterAll(async () => {
  await bot.close();
  await model.stop();
});

const version = (given: object = {}) => ({ connectionType: "OPENAI_CHAT" as const, url: `${bot.url}/v1`, ...given });
const call = (given: object = {}, variables = {}) => client.call(targetOf(version(given)), variablesOf(variables), optionsOf());

describe("an OPENAI_CHAT call", () => {
  it.each([["/v1", "/v1/chat/completions"], ["/v1/", "/v1/chat/completions"], ["/v1/chat/completions", "/v1/chat/completions"], ["", "/chat/completions"], ["/openai/deployments/x?api-version=1", "/openai/deployments/x/chat/completions"]])("goes from %j to %s", async (path, expected) => {
    await call({ url: `${bot.url}${path}` });
    expect(bot.requests[0]?.path).toBe(expected);
    if (path.includes("?")) expect(bot.requests[0]?.query.get("api-version")).toBe("1");
  });

  it("sends the conversation with params laid over it, types kept", async () => {
    const messages = [{ role: "user" as const, content: "hi" }, { role: "assistant" as const, content: "yes?" }, { role: "user" as const, content: "42" }];
    expect(answered(await call({}, { input: "42", messages, params: { model: "gpt-x", temperature: 0, stop: null } }))).toMatchObject({ output: "ok", inputTokens: 3, outputTokens: 1 });
    expect(bot.requests[0]?.json).toEqual({ model: "gpt-x", temperature: 0, stop: null, messages });
  });

  it("lays the mapping between, spreads messages into its own, and does not repeat a param that it places", async () => {
    const requestMapping = { model: "{{ params.model | default(\"small\") }}", temperature: 1, messages: [{ role: "system", content: "Be {{ params.style }}." }, "{{ messages }}"] };
    await call({ requestMapping }, { input: "hey", params: { style: "brief", temperature: 0.5 } });
    expect(bot.requests[0]?.json).toEqual({ model: "small", temperature: 0.5, messages: [{ role: "system", content: "Be brief." }, { role: "user", content: "hey" }] });
  });

  it("reads a completion of a mock that we did not write, streamed or not", async () => {
    for (const params of [{ model: "gpt-4o" }, { model: "gpt-4o", stream: true }]) {
      const outcome = await call({ url: `${model.url}/v1` }, { input: "x , ]", messages: [{ role: "user", content: "x , ]" }], params });
      expect(answered(outcome).output).toBe("You said: x , ]");
    }
  });

  it("puts streamed content, tool calls and usage together", async () => {
    const chunk = (delta: object, more: object = {}): string => `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason: null }], ...more })}\n\n`;
    const part = (args: string, first: object = {}): object => ({ tool_calls: [{ index: 0, ...first, function: { ...(Object.keys(first).length > 0 ? { name: "find" } : {}), arguments: args } }] });
    const text = [chunk({ role: "assistant", content: "" }), chunk({ content: "Hel" }), chunk({ content: "lo" }), chunk(part('{"q"', { id: "t1", type: "function" })), chunk(part(':1}')), `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 2 } })}\n\n`, "data: [DONE]\n\n"].join("");
    bot.answerNext({ text, headers: { "content-type": "text/event-stream; charset=utf-8" } });
    const responseMapping = { output: "$.choices[0].message.content", tool_calls: "$.choices[0].message.tool_calls", input_tokens: "$.usage.prompt_tokens" };
    expect(answered(await call({ responseMapping }))).toMatchObject({ output: "Hello", inputTokens: 5, toolCalls: [{ id: "t1", type: "function", function: { name: "find", arguments: '{"q":1}' } }] });
  });

  it("tells a malformed answer, a rate limit and an overload of that mock apart", async () => {
    model.nextRequestError(429, { message: "slow down" });
    expect(failed(await call({ url: `${model.url}/v1` })).error).toMatchObject({ type: "RATE_LIMIT", httpStatus: 429, retryable: true });
    model.nextRequestError(503, { message: "overloaded" });
    expect(failed(await call({ url: `${model.url}/v1` })).error).toMatchObject({ type: "HTTP", httpStatus: 503, retryable: true });
    model.setChaos({ malformedRate: 1 });
    expect(failed(await call({ url: `${model.url}/v1` })).error).toMatchObject({ type: "RESPONSE_MAPPING" });
    model.setChaos({ disconnectRate: 1 });
    expect(failed(await call({ url: `${model.url}/v1` })).error).toMatchObject({ type: "NETWORK", retryable: true });
    model.clearChaos();
  });
});

describe("isStateless and isStateful", () => {
  const of = (given: object) => targetOf({ url: "http://x", ...given }).version;
  it("follow from messages in the mapping and a mapped session", () => {
    expect(isStateless(of({}))).toBe(false);
    expect(isStateless(of({ requestMapping: { deep: ["{{ messages }}"] } }))).toBe(true);
    expect(isStateless(of({ connectionType: "OPENAI_CHAT" }))).toBe(true);
    expect(isStateless(of({ connectionType: "OPENAI_CHAT", requestMapping: { model: "x" } }))).toBe(true);
    expect(isStateless(of({ connectionType: "OPENAI_CHAT", requestMapping: { messages: [{ role: "user", content: "{{ input }}" }] } }))).toBe(false);
    expect(isStateful(of({}))).toBe(false);
    expect(isStateful(of({ responseMapping: { output: "$", session_id: "$.id" } }))).toBe(true);
  });
});
