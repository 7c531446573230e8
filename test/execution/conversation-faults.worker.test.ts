import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Worker } from "../../src/execution/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenBot, givenBuiltIn, givenConversations, readConversations } from "../support/conversations.js";
import { execute, readRun, untilFinished } from "../support/execution.js";
import { type FakeEndpoint, type FakeReply, startFakeEndpoint } from "../support/fake-endpoint.js";
import { waitFor } from "../support/wait-for.js";
import { startTestWorker } from "../support/worker.js";

let app: TestApp;
let bot: FakeEndpoint;
let worker: Worker;
beforeAll(async () => {
  app = await createTestApp();
  bot = await startFakeEndpoint();
  worker = await startTestWorker(app);
  await givenBuiltIn(app, "has an answer", "contains", { value: "ok" });
});
afterEach(() => bot.clear());
afterAll(async () => {
  await worker.stop(1_000);
  await app.close();
  await bot.close();
});

const OK: FakeReply = { json: { output: "ok" } };

/** Answers the turn of that number, from 1, in its own way; all others are ok. */
function failAt(turn: number, reply: FakeReply): void {
  bot.answer((request) => (request.json.turn === turn ? reply : OK));
}

/** Runs one script against the bot and answers its result. */
async function hold(turns: number, limits: Record<string, unknown> = {}): Promise<any> {
  const endpoint = await givenBot(app, { url: bot.url, requestMapping: { input: "{{ input }}", turn: "{{ turn }}" }, limits: { maxAttempts: 1, timeoutMs: 5_000, ...limits } });
  const id = await execute(app, await givenConversations(app, [{ scriptedTurns: Array.from({ length: turns }, (_, index) => `t${index + 1}`) }], { metrics: ["has an answer"] }), endpoint);
  await untilFinished(app, id);
  return (await readConversations(app, id))[0];
}

const FAULTS: readonly [string, FakeReply, Record<string, unknown>, Record<string, unknown>][] = [
  ["a status that is no success", { status: 500, text: "broken" }, {}, { type: "HTTP", httpStatus: 500, retryable: true }],
  ["credentials that are refused", { status: 401 }, {}, { type: "AUTH", httpStatus: 401, retryable: false }],
  ["429", { status: 429 }, {}, { type: "RATE_LIMIT", httpStatus: 429 }],
  ["a cut socket", { cut: "at once" }, {}, { type: "NETWORK", httpStatus: null }],
  ["an answer that never comes", { hang: "at once" }, { timeoutMs: 1_000 }, { type: "TIMEOUT", httpStatus: null }],
  ["an answer without an output", { json: { other: 1 } }, {}, { type: "RESPONSE_MAPPING", httpStatus: 200, retryable: false }],
  ["an answer that is too large", { bytes: 11 * 1024 * 1024 }, {}, { type: "TOO_LARGE", retryable: false }],
];

describe("a turn that fails", () => {
  it.each(FAULTS)("with %s ends the conversation in ERROR of its own type, and the turns so far stay readable", async (_name, reply, limits, error) => {
    failAt(2, reply);
    const result = await hold(3, limits);
    expect(result).toMatchObject({ status: "ERROR", error, metricResults: [], output: { output: "ok", stopReason: "ERROR" } });
    expect(result.output.turns).toMatchObject([{ number: 1, message: "t1", response: "ok", error: null }, { number: 2, message: "t2", response: null, error: { type: error["type"] } }]);
    expect(result.attempts.map((attempt: any) => [attempt.turn, attempt.error?.type ?? null])).toEqual([[1, null], [2, error["type"]]]);
  });

  it.each(FAULTS)("with %s on the first turn leaves no output, and its type is the result's", async (_name, reply, limits, error) => {
    failAt(1, reply);
    const result = await hold(3, limits);
    expect(result).toMatchObject({ status: "ERROR", error, output: null, latencyMs: null, metricResults: [] });
    expect(result.attempts).toMatchObject([{ number: 1, turn: 1, error: { type: error["type"] } }]);
  });

  it("as the last of a script is recorded in its turn, and the conversation is judged", async () => {
    failAt(3, { status: 500 });
    const result = await hold(3);
    expect(result).toMatchObject({ status: "PASSED", error: null, scores: { "has an answer": 1 }, output: { output: "ok", stopReason: "SCRIPT_DONE" } });
    expect(result.output.turns).toMatchObject([{ error: null }, { error: null }, { number: 3, response: null, error: { type: "HTTP", httpStatus: 500 } }]);
  });

  it("as the only one of a script leaves nothing to judge", async () => {
    failAt(1, { status: 500 });
    expect(await hold(1)).toMatchObject({ status: "ERROR", error: { type: "HTTP" }, output: null });
  });

  it("is retried as a single call is, turn by turn", async () => {
    let calls = 0;
    bot.answer((request) => (request.json.turn === 2 && (calls += 1) < 3 ? { status: 503 } : OK));
    const result = await hold(3, { maxAttempts: 3 });
    expect(result).toMatchObject({ status: "PASSED", output: { stopReason: "SCRIPT_DONE" } });
    expect(result.attempts.map((attempt: any) => [attempt.turn, attempt.number, attempt.httpStatus])).toEqual([[1, 1, 200], [2, 2, 503], [2, 3, 503], [2, 4, 200], [3, 5, 200]]);
  });

  it("does not break off the conversations beside it", async () => {
    bot.answer((request) => (request.json.input === "b2" ? { status: 400 } : OK));
    const endpoint = await givenBot(app, { url: bot.url, limits: { maxAttempts: 1 } });
    const id = await execute(app, await givenConversations(app, [{ scriptedTurns: ["a1", "a2"] }, { scriptedTurns: ["b1", "b2", "b3"] }, { scriptedTurns: ["c1"] }], { metrics: ["has an answer"] }), endpoint);
    expect(await untilFinished(app, id)).toMatchObject({ status: "PARTIAL", passRate: 1, progress: { passed: 2, errored: 1, failed: 0 } });
    expect(bot.requests.map((request) => request.json.input)).not.toContain("b3");
  });
});

/** A run of one long conversation that hangs in its second turn until `release` is called. */
async function givenHangingRun(): Promise<{ id: string; release: () => void }> {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  bot.answer(async (request) => {
    if (request.json.turn === 2) await held;
    return OK;
  });
  const endpoint = await givenBot(app, { url: bot.url, requestMapping: { input: "{{ input }}", turn: "{{ turn }}" } });
  const id = await execute(app, await givenConversations(app, [{ scriptedTurns: ["t1", "t2", "t3"] }], { metrics: ["has an answer"] }), endpoint);
  await waitFor(() => Promise.resolve(bot.requests.length === 2), { what: "the second turn" });
  return { id, release };
}

describe("people who interfere with a conversation", () => {
  it("cancel it in the middle: the call in flight is cut and no further turn is sent", async () => {
    const { id, release } = await givenHangingRun();
    await app.data(`mutation ($id: ID!) { cancelTestRun(id: $id) { id } }`, { id });
    expect(await untilFinished(app, id)).toMatchObject({ status: "CANCELLED", progress: { cancelled: 1 } });
    release();
    expect((await readConversations(app, id))[0]).toMatchObject({ status: "CANCELLED", output: null });
    expect(bot.requests).toHaveLength(2);
  });

  it("pause it in the middle: the turn in flight ends, no further one is sent, and it is held anew after the pause", async () => {
    const { id, release } = await givenHangingRun();
    const { statements } = app.database;
    statements.length = 0;
    await app.data(`mutation ($id: ID!) { pauseTestRun(id: $id) { id } }`, { id });
    // The worker hears of it a moment later, and looks at the run: without a lock, as nobody else here does.
    await waitFor(() => statements.some((statement) => /from "?test_runs/.test(statement) && !statement.includes("for update")), { what: "the worker's look at the run" });
    release();
    // The lane is given back once the turn in flight has ended; a third turn would have been sent by then.
    await waitFor(async () => (await app.database.pool.query("select 1 from run_lanes where run_id = $1 and job_id is null", [id])).rowCount === 1, { what: "the lane's return" });
    expect(bot.requests.map((request) => request.json.turn)).toEqual([1, 2]);
    expect((await readRun(app, id)).status).toBe("PAUSED");
    await app.data(`mutation ($id: ID!) { resumeTestRun(id: $id) { id } }`, { id });
    expect(await untilFinished(app, id)).toMatchObject({ status: "COMPLETED", progress: { passed: 1 } });
    expect(bot.requests.map((request) => request.json.turn)).toEqual([1, 2, 1, 2, 3]);
    // Every call that was made is kept and counted.
    expect((await readConversations(app, id))[0].attempts.map((attempt: any) => [attempt.number, attempt.turn])).toEqual([[1, 1], [2, 2], [3, 1], [4, 2], [5, 3]]);
    expect(await app.data(`query ($id: ID!) { testRun(ref: { id: $id }) { usage { endpointCalls } } }`, { id })).toEqual({ testRun: { usage: { endpointCalls: 5 } } });
  });
});
