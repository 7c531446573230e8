import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Worker } from "../../src/execution/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { execute, givenEndpointAt, givenTests, readRun, untilFinished } from "../support/execution.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { waitFor } from "../support/wait-for.js";
import { startTestWorker } from "../support/worker.js";

let app: TestApp;
let bot: FakeEndpoint;
let worker: Worker;
beforeAll(async () => {
  app = await createTestApp();
  bot = await startFakeEndpoint();
  worker = await startTestWorker(app);
  await app.data(`mutation { createMetric(input: { name: "as set", kind: BUILT_IN, builtIn: "contains", parameters: { value: "{{ metadata.word }}" } }) { id } }`);
});
beforeEach(() => {
  bot.answer(echo);
  bot.clear();
});
afterAll(async () => {
  await worker.stop(1_000);
  await app.close();
  await bot.close();
});

const echo = (request: { json: any }) => ({ json: { output: `echo: ${request.json.input as string}` } });
const RETRY = `mutation ($id: ID!) { retryTestRun(id: $id) { id status phase finishedAt progress { total pending running executed passed failed errored cancelled finished } } }`;
const RESULTS = `query ($id: ID!, $filter: TestResultFilter) { testRun(ref: { id: $id }) { results(first: 200, filter: $filter) { totalCount nodes {
  id position status error { type } output { output } attempts { number httpStatus } metricResults { status } finishedAt } } } }`;

async function results(id: string, filter: Record<string, unknown> | null = null): Promise<any> {
  return (await app.data(RESULTS, { id, filter }))["testRun"].results;
}
const retry = async (id: string): Promise<any> => (await app.data(RETRY, { id }))["retryTestRun"];
async function seqs(runId: string): Promise<number[]> {
  const rows = await app.database.db.selectFrom("testResults").select("seq").where("organizationId", "=", app.admin.organizationId).where("runId", "=", runId).orderBy("seq").execute();
  return rows.map((row) => Number(row.seq));
}

describe("retryTestRun", () => {
  it("calls only what had no answer, keeps earlier attempts, and counts everything once", async () => {
    bot.answer((request) => (["q2", "q5"].includes(request.json.input as string) ? { status: 503 } : echo(request)));
    const set = await givenTests(app, { tests: 6 });
    const id = await execute(app, set, await givenEndpointAt(app, bot.url, { maxAttempts: 2 }));
    expect(await untilFinished(app, id)).toMatchObject({ status: "PARTIAL", progress: { passed: 4, errored: 2, executed: 4 } });
    const before = await results(id);
    bot.answer(echo);
    bot.clear();
    expect(await retry(id)).toMatchObject({ id, status: "RUNNING", phase: "EXECUTING", finishedAt: null, progress: { total: 6, executed: 4, passed: 4, errored: 0, finished: 4 } });
    expect(await untilFinished(app, id)).toMatchObject({ status: "COMPLETED", phase: "DONE", passRate: 1, progress: { passed: 6, errored: 0, executed: 6, finished: 6 } });
    expect(bot.requests.map((request) => request.json.input as string).sort()).toEqual(["q2", "q5"]);
    const after = await results(id);
    expect(after.nodes[1]).toMatchObject({
      id: before.nodes[1].id, status: "PASSED", error: null, output: { output: "echo: q2" },
      attempts: [{ number: 1, httpStatus: 503 }, { number: 2, httpStatus: 503 }, { number: 3, httpStatus: 200 }],
    }); // prettier-ignore
    expect(after.nodes[0]).toEqual(before.nodes[0]);
    expect((await app.data(`query ($id: ID!) { testRun(ref: { id: $id }) { usage { endpointCalls } } }`, { id }))["testRun"].usage.endpointCalls).toBe(10);
    // What was retried finishes anew: two more numbers, and those of before are given up.
    expect((await seqs(id)).at(-1)).toBe(8);
    expect(new Set(await seqs(id)).size).toBe(6);
  });

  it("shows a subscriber that resumes what was retried once more, and nothing else", async () => {
    bot.answer((request) => (request.json.input === "q2" ? { status: 400 } : echo(request)));
    const id = await execute(app, await givenTests(app, { tests: 3 }), await givenEndpointAt(app, bot.url));
    await untilFinished(app, id);
    const cursor = (await app.data(`query ($id: ID!) { testRun(ref: { id: $id }) { eventCursor } }`, { id }))["testRun"].eventCursor as string;
    bot.answer(echo);
    await retry(id);
    const shown: string[] = [];
    const statuses: string[] = [];
    for await (const event of await app.services.runEvents.watch(app.admin, { runId: id, after: cursor, withResults: true })) {
      shown.push(...event.finishedResults.map((result) => `${result.position} ${result.status}`));
      statuses.push(event.run.status);
    }
    expect(shown).toEqual(["2 PASSED"]);
    expect(statuses.at(-1)).toBe("COMPLETED");
  });

  it("gives a retried result its full number of attempts again, and ends in ERROR when they fail, too", async () => {
    bot.answer({ status: 500 });
    const id = await execute(app, await givenTests(app, { tests: 1 }), await givenEndpointAt(app, bot.url, { maxAttempts: 2 }));
    await untilFinished(app, id);
    await retry(id);
    expect(await untilFinished(app, id)).toMatchObject({ status: "FAILED", progress: { errored: 1, finished: 1 } });
    expect((await results(id)).nodes[0].attempts.map((attempt: { number: number }) => attempt.number)).toEqual([1, 2, 3, 4]);
    expect(bot.requests).toHaveLength(4);
  });

  it("only scores again what has an output", async () => {
    const { createTestSet: set } = await app.data(`mutation { createTestSet(input: { name: "words", metrics: [{ name: "as set" }], tests: [{ prompt: { content: "q1" }, metadata: { word: "q1" } }, { prompt: { content: "q2" }, metadata: { word: 7 } }] }) { id } }`);
    const id = await execute(app, set as { id: string }, await givenEndpointAt(app, bot.url));
    const first = await untilFinished(app, id);
    // Whatever the metric made of the second one: make it an ERROR of the metric, as a judge that was away would.
    expect(first.progress.finished).toBe(2);
    await app.database.db.transaction().execute(async (trx) => {
      const org = app.admin.organizationId;
      await trx.updateTable("testResults").set({ status: "ERROR", automatedStatus: "ERROR", errorType: "METRIC", error: JSON.stringify({ type: "METRIC", message: "away", httpStatus: null, retryable: true }) }).where("organizationId", "=", org).where("runId", "=", id).where("ordinal", "=", 1).execute();
      await trx.updateTable("testRuns").set({ status: "PARTIAL", passed: first.progress.passed - 1, errored: first.progress.errored + 1 }).where("organizationId", "=", org).where("id", "=", id).execute();
    });
    bot.clear();
    const again = await retry(id);
    expect(again).toMatchObject({ status: "RUNNING", phase: "EVALUATING", progress: { executed: 2 } });
    const done = await untilFinished(app, id);
    expect(done.progress).toEqual(first.progress);
    expect(bot.requests).toHaveLength(0);
    expect((await results(id)).nodes[0]).toMatchObject({ status: "PASSED", output: { output: "echo: q1" }, attempts: [{ number: 1 }], metricResults: [{ status: "PASSED" }] });
  });

  it("goes on with a run that was cancelled", async () => {
    bot.answer((request) => ({ ...echo(request), delayMs: 20 }));
    const id = await execute(app, await givenTests(app, { tests: 150 }), await givenEndpointAt(app, bot.url, { maxConcurrency: 4 }));
    await waitFor(async () => ((await readRun(app, id)).progress.finished >= 5 ? true : null), { what: "some results" });
    await app.data(`mutation ($id: ID!) { cancelTestRun(id: $id) { id } }`, { id });
    const cancelled = await untilFinished(app, id);
    expect(cancelled.status).toBe("CANCELLED");
    const { passed } = cancelled.progress;
    bot.answer(echo);
    bot.clear();
    expect(await retry(id)).toMatchObject({ status: "RUNNING", progress: { passed, cancelled: 0 } });
    expect(await untilFinished(app, id)).toMatchObject({ status: "COMPLETED", progress: { total: 150, passed: 150, cancelled: 0 } });
    expect(bot.requests).toHaveLength(150 - passed);
    expect(await seqs(id)).toEqual(Array.from({ length: 150 }, (_, index) => index + 1));
  });

  it("holds a conversation that broke off anew, from its first turn", async () => {
    const broken = { status: 500 };
    bot.answer((request) => (request.json.input === "two" ? broken : echo(request)));
    const { createTestSet: set } = await app.data(`mutation { createTestSet(input: { name: "talks", type: MULTI_TURN, metrics: [{ name: "echoes" }], tests: [{ conversation: { scriptedTurns: ["one", "two", "three"] } }] }) { id } }`);
    const id = await execute(app, set as { id: string }, await givenEndpointAt(app, bot.url, { maxAttempts: 1 }));
    expect(await untilFinished(app, id)).toMatchObject({ status: "FAILED", progress: { executed: 1, errored: 1 } });
    bot.answer(echo);
    bot.clear();
    expect(await retry(id)).toMatchObject({ phase: "EXECUTING", progress: { pending: 1, executed: 0, errored: 0 } });
    expect(await untilFinished(app, id)).toMatchObject({ status: "COMPLETED", progress: { executed: 1, passed: 1 } });
    expect(bot.requests.map((request) => request.json.input as string)).toEqual(["one", "two", "three"]);
    const [result] = (await app.data(`query ($id: ID!) { testRun(ref: { id: $id }) { results { nodes { attempts { turn httpStatus } output { output stopReason turns { message response } } } } } }`, { id }))["testRun"].results.nodes as any[];
    expect(result.output).toMatchObject({ output: "echo: three", stopReason: "SCRIPT_DONE", turns: [{ message: "one" }, { message: "two", response: "echo: two" }, { message: "three" }] });
    expect(result.attempts.map((attempt: { turn: number; httpStatus: number }) => [attempt.turn, attempt.httpStatus])).toEqual([[1, 200], [2, 500], [1, 200], [2, 200], [3, 200]]);
    // A re-score judges the conversation as it is, turn by turn, and holds none.
    bot.clear();
    const { rescore } = await app.data(`mutation ($id: ID!) { rescore(input: { run: { id: $id } }) { id } }`, { id });
    expect(await untilFinished(app, rescore.id as string)).toMatchObject({ status: "COMPLETED", progress: { executed: 1, passed: 1 } });
    expect(bot.requests).toHaveLength(0);
  });

  it("leaves lists, filters and counters in agreement while it waits", async () => {
    bot.answer((request) => (["q2", "q3"].includes(request.json.input as string) ? { status: 400 } : echo(request)));
    const id = await execute(app, await givenTests(app, { tests: 5 }), await givenEndpointAt(app, bot.url));
    await untilFinished(app, id);
    await worker.stop(1_000);
    try {
      expect((await retry(id)).progress).toMatchObject({ pending: 2, running: 0, passed: 3, errored: 0 });
      expect((await results(id)).nodes.map((result: { status: string }) => result.status)).toEqual(["PASSED", "PENDING", "PENDING", "PASSED", "PASSED"]);
      for (const [status, count] of [["PENDING", 2], ["RUNNING", 0], ["PASSED", 3], ["ERROR", 0]] as const) {
        const list = await results(id, { status: [status] });
        expect([status, list.totalCount, list.nodes.length]).toEqual([status, count, count]);
      }
      expect((await results(id)).nodes[1]).toMatchObject({ error: null, attempts: [{ number: 1, httpStatus: 400 }], metricResults: [], finishedAt: null });
      expect((await app.error(RETRY, { id })).reason).toBe("RUN_NOT_FINISHED");
    } finally {
      worker = await startTestWorker(app);
    }
    await untilFinished(app, id);
  });

  it("refuses a run in which nothing is to be done again, and one that is not there", async () => {
    const id = await execute(app, await givenTests(app, { tests: 2 }), await givenEndpointAt(app, bot.url));
    await untilFinished(app, id);
    expect(await app.error(RETRY, { id })).toMatchObject({ code: "FAILED_PRECONDITION", reason: "NOTHING_TO_RETRY" });
    expect(await app.error(RETRY, { id: "nothing" })).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.error(RETRY, { id }, await app.otherOrganization())).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.error(RETRY, { id }, app.viewerWith("VIEWER"))).toMatchObject({ code: "FORBIDDEN", reason: "ROLE_TOO_LOW" });
    expect((await readRun(app, id)).status).toBe("COMPLETED");
  });
});
