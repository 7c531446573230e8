import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Worker } from "../../src/execution/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenBot, givenBuiltIn, givenConversations, readConversations } from "../support/conversations.js";
import { execute, untilFinished } from "../support/execution.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { type FakeWebSocket, startFakeWebSocket } from "../support/fake-websocket.js";
import { startTestWorker } from "../support/worker.js";

let app: TestApp;
let bot: FakeEndpoint;
let socket: FakeWebSocket;
let worker: Worker;
beforeAll(async () => {
  app = await createTestApp();
  bot = await startFakeEndpoint();
  socket = await startFakeWebSocket();
  worker = await startTestWorker(app);
  await givenBuiltIn(app, "says bye", "contains", { value: "bye" });
});
afterEach(() => {
  bot.clear();
  bot.inFlight.most = 0;
});
afterAll(async () => {
  await worker.stop(1_000);
  await app.close();
  await Promise.all([bot.close(), socket.close()]);
});

const SCRIPT = { scriptedTurns: ["hello", "42", "good bye"] };
const STATEFUL = { requestMapping: { text: "{{ input }}", session: "{{ session_id }}", turn: "{{ turn }}" }, responseMapping: { output: "$.reply", session_id: "$.session", context: "$.sources[*]", tool_calls: "$.tools", input_tokens: "$.in", output_tokens: "$.out" } };

/** Runs the conversation once, and answers its result. */
async function hold(endpoint: { id: string }, conversation: Record<string, unknown> = SCRIPT, more: Record<string, unknown> = {}): Promise<any> {
  const id = await execute(app, await givenConversations(app, [conversation], { metrics: ["says bye"] }), endpoint, more);
  await untilFinished(app, id);
  return (await readConversations(app, id))[0];
}

describe("a scripted conversation", () => {
  it("goes turn by turn with the session that a stateful endpoint named, and keeps all of it", async () => {
    bot.answer((request) => ({ json: { reply: `re: ${request.json.text as string}`, session: "s-1", sources: [`doc ${request.json.turn as number}`, "shared"], tools: [{ name: `t${request.json.turn as number}` }], in: 10, out: request.json.turn } }));
    const result = await hold(await givenBot(app, { url: bot.url, ...STATEFUL }));
    expect(bot.requests.map((request) => request.json)).toEqual([{ text: "hello", turn: 1 }, { text: "42", session: "s-1", turn: 2 }, { text: "good bye", session: "s-1", turn: 3 }]);
    expect(result).toMatchObject({
      status: "PASSED",
      prompt: null,
      conversation: SCRIPT,
      error: null,
      scores: { "says bye": 1 },
      output: { output: "re: good bye", sessionId: "s-1", stopReason: "SCRIPT_DONE", context: ["doc 1", "shared", "doc 2", "doc 3"], toolCalls: [{ name: "t1" }, { name: "t2" }, { name: "t3" }], inputTokens: 30, outputTokens: 6 },
    });
    expect(result.output.turns).toMatchObject([
      { number: 1, message: "hello", response: "re: hello", sessionId: "s-1", context: ["doc 1", "shared"], toolCalls: [{ name: "t1" }], error: null },
      { number: 2, message: "42", response: "re: 42" },
      { number: 3, message: "good bye", response: "re: good bye" },
    ]);
    expect(result.output.raw.map((raw: any) => raw.reply)).toEqual(["re: hello", "re: 42", "re: good bye"]);
  });

  it("brings a stateless endpoint the whole history, and texts stay texts", async () => {
    bot.answer((request) => ({ json: { output: `${request.json.history.length as number} so far` } }));
    await hold(await givenBot(app, { url: bot.url, requestMapping: { history: "{{ messages }}" } }));
    expect(bot.requests.map((request) => request.json.history)).toEqual([
      [{ role: "user", content: "hello" }],
      [{ role: "user", content: "hello" }, { role: "assistant", content: "1 so far" }, { role: "user", content: "42" }],
      [{ role: "user", content: "hello" }, { role: "assistant", content: "1 so far" }, { role: "user", content: "42" }, { role: "assistant", content: "3 so far" }, { role: "user", content: "good bye" }],
    ]);
  });

  it("is held with an OPENAI_CHAT endpoint, behind a system message of its own", async () => {
    bot.answer((request) => ({ json: { choices: [{ message: { content: `heard ${request.json.messages.length as number}` } }], usage: { prompt_tokens: 5, completion_tokens: 2 } } }));
    const result = await hold(await givenBot(app, { url: `${bot.url}/v1`, connectionType: "OPENAI_CHAT", requestMapping: { model: "m", messages: [{ role: "system", content: "Be brief." }, "{{ messages }}"] } }));
    expect(bot.requests.map((request) => request.json.messages.map((message: any) => message.role).join(" "))).toEqual(["system user", "system user assistant user", "system user assistant user assistant user"]);
    expect(result.output).toMatchObject({ output: "heard 6", inputTokens: 15, outputTokens: 6 });
  });

  it("is held over a WEBSOCKET with its session", async () => {
    const seen: any[] = [];
    socket.converse((text, peer) => {
      const message = JSON.parse(text) as { text: string; session?: string };
      seen.push(message);
      peer.send(JSON.stringify({ reply: `ws: ${message.text}`, session: message.session ?? "w-1", done: true }));
    });
    const result = await hold(await givenBot(app, { url: socket.url, connectionType: "WEBSOCKET", requestMapping: { text: "{{ input }}", session: "{{ session_id }}" }, responseMapping: { output: "$.reply", session_id: "$.session", end: "$.done" } }));
    expect(seen).toEqual([{ text: "hello" }, { text: "42", session: "w-1" }, { text: "good bye", session: "w-1" }]);
    expect(result.output).toMatchObject({ output: "ws: good bye", sessionId: "w-1", stopReason: "SCRIPT_DONE" });
  });

  it("has an idempotency key for each result and turn, the same for every attempt", async () => {
    let calls = 0;
    bot.answer(() => ((calls += 1) === 2 ? { status: 503 } : { json: { output: "bye" } }));
    const result = await hold(await givenBot(app, { url: bot.url }), { scriptedTurns: ["a", "b"] });
    expect(bot.requests.map((request) => request.headers["idempotency-key"])).toEqual([`${result.id}-1`, `${result.id}-2`, `${result.id}-2`]);
    expect(result.attempts).toMatchObject([{ number: 1, turn: 1, httpStatus: 200, error: null }, { number: 2, turn: 2, httpStatus: 503, error: { type: "HTTP" } }, { number: 3, turn: 2, httpStatus: 200, error: null }]);
  });

  it("has the sum of the answering attempts of its turns as latency", async () => {
    let calls = 0;
    bot.answer(() => ((calls += 1) === 1 ? { status: 503, delayMs: 300 } : { json: { output: "bye" }, delayMs: 40 }));
    const result = await hold(await givenBot(app, { url: bot.url }), { scriptedTurns: ["a", "b"] });
    const answering = result.attempts.filter((attempt: any) => attempt.error === null).map((attempt: any) => attempt.latencyMs as number);
    expect(answering).toHaveLength(2);
    expect(result.latencyMs).toBeCloseTo(answering[0] + answering[1], 6);
    expect(result.output.turns.map((turn: any) => turn.latencyMs)).toEqual(answering);
  });

  it("counts every call of every turn, retries included, into the run's usage", async () => {
    let calls = 0;
    bot.answer((request) => ((calls += 1) === 1 ? { status: 503 } : { json: { reply: "bye", in: 3, out: request.json.turn } }));
    const id = await execute(app, await givenConversations(app, [SCRIPT, { scriptedTurns: ["x"] }], { metrics: ["says bye"] }), await givenBot(app, { url: bot.url, ...STATEFUL }));
    await untilFinished(app, id);
    const { rows } = await app.database.pool.query("select usage from test_runs where id = $1", [id]);
    expect(rows[0]?.usage).toMatchObject({ endpointCalls: 5, endpointInputTokens: 12, endpointOutputTokens: 1 + 2 + 3 + 1 });
  });

  it("is one call in flight in SEQUENTIAL mode, from its first turn to its last", async () => {
    bot.answer((request) => ({ json: { output: request.json.input }, delayMs: 3 }));
    const id = await execute(app, await givenConversations(app, [{ scriptedTurns: ["a1", "a2"] }, { scriptedTurns: ["b1", "b2"] }], { metrics: ["says bye"] }), await givenBot(app, { url: bot.url }), { mode: "SEQUENTIAL", trials: 2 });
    await untilFinished(app, id);
    expect(bot.inFlight.most).toBe(1);
    expect(bot.requests.map((request) => request.json.input)).toEqual(["a1", "a2", "a1", "a2", "b1", "b2", "b1", "b2"]);
  });

  it("skips a metric that is for single turns only, and needs another one", async () => {
    bot.answer({ json: { output: "bye" } });
    await givenBuiltIn(app, "for one turn", "contains", { value: "bye" }, { scope: ["SINGLE_TURN"] });
    const result = await hold(await givenBot(app, { url: bot.url }), { scriptedTurns: ["a"] }, { metrics: [{ name: "for one turn" }] });
    expect(result).toMatchObject({ status: "ERROR", error: { type: "NO_METRICS" }, metricResults: [{ name: "for one turn", status: "SKIPPED", error: { code: "SCOPE_MISMATCH" } }] });
  });
});
