import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Worker } from "../../src/execution/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenBot, givenBuiltIn, givenConversations, readConversations } from "../support/conversations.js";
import { execute, untilFinished } from "../support/execution.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { completion, type FakeUserModel, givenUserModel, startFakeUserModel } from "../support/fake-model.js";
import { waitFor } from "../support/wait-for.js";
import { startTestWorker } from "../support/worker.js";

let app: TestApp;
let bot: FakeEndpoint;
let user: FakeUserModel;
let judge: FakeEndpoint;
let worker: Worker;
beforeAll(async () => {
  app = await createTestApp();
  bot = await startFakeEndpoint();
  judge = await startFakeEndpoint(completion('{"reason":"Fine.","passed":true}'));
  user = await startFakeUserModel();
  worker = await startTestWorker(app);
  await givenBuiltIn(app, "is ok", "contains", { value: "ok" });
});
afterEach(() => {
  for (const server of [bot, judge, user.server]) server.clear();
});
afterAll(async () => {
  await worker.stop(1_000);
  await app.close();
  await Promise.all([bot.close(), judge.close(), user.server.close()]);
});

const TURNS = { requestMapping: { input: "{{ input }}", turn: "{{ turn }}" }, limits: { maxAttempts: 1 } };

async function run(mutation: string, variables: Record<string, unknown>): Promise<string> {
  const { run: again } = await app.data(mutation, variables);
  await untilFinished(app, again.id);
  return again.id as string;
}

describe("a conversation that broke off", () => {
  it("is held anew by a retry, from its first turn, and its earlier attempts are kept", async () => {
    let isBroken = true;
    bot.answer((request) => (isBroken && request.json.turn === 2 ? { status: 400 } : { json: { output: "ok" } }));
    const id = await execute(app, await givenConversations(app, [{ scriptedTurns: ["a", "b", "c"] }, { scriptedTurns: ["d"] }], { metrics: ["is ok"] }), await givenBot(app, { url: bot.url, ...TURNS }));
    expect(await untilFinished(app, id)).toMatchObject({ status: "PARTIAL", progress: { executed: 2, passed: 1, errored: 1 } });
    isBroken = false;
    await run(`mutation ($id: ID!) { run: retryTestRun(id: $id) { id } }`, { id });
    expect(await untilFinished(app, id)).toMatchObject({ status: "COMPLETED", progress: { executed: 2, passed: 2, errored: 0, finished: 2 } });
    const [first] = await readConversations(app, id);
    expect(first).toMatchObject({ status: "PASSED", error: null, output: { stopReason: "SCRIPT_DONE", turns: [{ message: "a" }, { message: "b", response: "ok" }, { message: "c" }] } });
    expect(first.attempts.map((attempt: any) => [attempt.number, attempt.turn, attempt.httpStatus])).toEqual([[1, 1, 200], [2, 2, 400], [3, 1, 200], [4, 2, 200], [5, 3, 200]]);
    expect(bot.requests.filter((request) => request.json.input === "d")).toHaveLength(1);
  });

  it("stays in ERROR when it is only scored again, and nobody is called", async () => {
    bot.answer((request) => (request.json.turn === 2 ? { status: 400 } : { json: { output: "ok" } }));
    const id = await execute(app, await givenConversations(app, [{ scriptedTurns: ["a", "b", "c"] }, { scriptedTurns: ["a"] }], { metrics: ["is ok"] }), await givenBot(app, { url: bot.url, ...TURNS }));
    await untilFinished(app, id);
    const calls = bot.requests.length;
    const again = await run(`mutation ($id: ID!) { run: rescore(input: { run: { id: $id } }) { id } }`, { id });
    expect(await readConversations(app, again)).toMatchObject([{ status: "ERROR", error: { type: "HTTP", httpStatus: 400 }, output: { stopReason: "ERROR", turns: [{ response: "ok" }, { response: null }] } }, { status: "PASSED", output: { stopReason: "SCRIPT_DONE" } }]);
    expect(bot.requests).toHaveLength(calls);
  });
});

describe("a conversation that came to its end", () => {
  it("is scored again over its turns, by other metrics, without a call", async () => {
    bot.answer({ json: { output: "ok" } });
    const id = await execute(app, await givenConversations(app, [{ scriptedTurns: ["a", "b"] }], { metrics: ["is ok"] }), await givenBot(app, { url: bot.url }));
    await untilFinished(app, id);
    const model = await givenUserModel(app, judge.url);
    await app.data(`mutation ($model: ID!) { createMetric(input: { name: "judged", kind: LLM_JUDGE, model: { id: $model }, evaluationPrompt: "Is it fine?", scoreType: BINARY, scope: [MULTI_TURN] }) { id } }`, { model: model.id });
    const again = await run(`mutation ($id: ID!) { run: rescore(input: { run: { id: $id }, metrics: [{ name: "judged" }] }) { id } }`, { id });
    expect(await readConversations(app, again)).toMatchObject([{ status: "PASSED", scores: { judged: 1 }, output: { turns: [{ message: "a" }, { message: "b" }] } }]);
    expect(bot.requests).toHaveLength(2);
    const material = judge.requests[0]?.json.messages[1].content as string;
    for (const text of ["a", "b", "ok"]) expect(material).toContain(`\n${text}\n`);
  });

  it("that was stored is judged after a crash and never held again", async () => {
    bot.answer({ json: { output: "ok" } });
    const model = await givenUserModel(app, judge.url);
    await app.data(`mutation ($model: ID!) { createMetric(input: { name: "slowly judged", kind: LLM_JUDGE, model: { id: $model }, evaluationPrompt: "Is it fine?", scoreType: BINARY }) { id } }`, { model: model.id });
    judge.answerNext({ hang: "at once" });
    const id = await execute(app, await givenConversations(app, [{ scriptedTurns: ["a", "b"] }], { metrics: ["slowly judged"] }), await givenBot(app, { url: bot.url }));
    await waitFor(() => Promise.resolve(judge.requests.length === 1), { what: "the judge's first request" });
    await worker.stop(0);
    worker = await startTestWorker(app);
    expect(await untilFinished(app, id)).toMatchObject({ status: "COMPLETED", progress: { passed: 1 } });
    expect(bot.requests).toHaveLength(2);
    expect((await readConversations(app, id))[0].output).toMatchObject({ stopReason: "SCRIPT_DONE", turns: [{ message: "a" }, { message: "b" }] });
  });

  it("is held again by a re-run, whose user is played by the model that was pinned, or by the one of now", async () => {
    user.play({ 1: "achieved" });
    bot.answer({ json: { output: "ok" } });
    const [then, now] = [await givenUserModel(app, `${user.server.url}/then`), await givenUserModel(app, `${user.server.url}/now`)];
    const set = await givenConversations(app, [{ goal: "g" }], { metrics: ["is ok"], attributes: { user_model: then.name } });
    const id = await execute(app, set, await givenBot(app, { url: bot.url }));
    await untilFinished(app, id);
    await app.data(`mutation ($id: ID!, $attributes: JSONObject) { updateTestSet(input: { testSet: { id: $id }, attributes: $attributes }) { id } }`, { id: set.id, attributes: { user_model: now.name } });
    const askedBy = async (pin: string): Promise<readonly string[]> => {
      user.server.clear();
      await run(`mutation ($id: ID!) { run: rerunTestRun(input: { runId: $id, pin: ${pin} }) { id } }`, { id });
      return [...new Set(user.server.requests.map((request) => request.path))];
    };
    expect(await askedBy("EXACT")).toEqual(["/then/v1/chat/completions"]);
    expect(await askedBy("LATEST")).toEqual(["/now/v1/chat/completions"]);
  });
});
