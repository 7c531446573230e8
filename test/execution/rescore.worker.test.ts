import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Worker } from "../../src/execution/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { execute, givenEndpointAt, givenTests, readRun, untilFinished } from "../support/execution.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { startTestWorker } from "../support/worker.js";

let app: TestApp;
let bot: FakeEndpoint;
let worker: Worker;
beforeAll(async () => {
  app = await createTestApp();
  bot = await startFakeEndpoint();
  worker = await startTestWorker(app);
  await app.data(`mutation { a: createMetric(input: { name: "has two", kind: BUILT_IN, builtIn: "contains", parameters: { value: "2" } }) { id }
    b: createMetric(input: { name: "as expected", kind: BUILT_IN, builtIn: "equals" }) { id }
    c: createMetric(input: { name: "fast", kind: BUILT_IN, builtIn: "latency", threshold: 100000 }) { id } }`);
});
afterAll(async () => {
  await worker.stop(1_000);
  await app.close();
  await bot.close();
});

const RESCORE = `mutation ($input: RescoreInput!) { rescore(input: $input) { id kind status phase name trials mode testSetVersion sourceRun { id } configuration { id } progress { total executed finished } metricsSource } }`;
const RESULTS = `query ($id: ID!) { testResults(filter: { runId: $id }, first: 200) { nodes {
  position trial status error { type message } output { output } attempts { number } latencyMs scores prompt { id content expectedResponse } metadata } } }`;

async function rescore(input: Record<string, unknown>): Promise<Record<string, any>> {
  return (await app.data(RESCORE, { input }))["rescore"] as Record<string, any>;
}
async function readResults(id: string): Promise<any[]> {
  return (await app.data(RESULTS, { id }))["testResults"].nodes as any[];
}
async function givenFinishedRun(tests: number, more: Record<string, unknown> = {}, expected?: string) {
  const set = await givenTests(app, { tests, ...(expected === undefined ? {} : { expected }) });
  const endpoint = await givenEndpointAt(app, bot.url, { maxAttempts: 1 });
  const id = await execute(app, set, endpoint, more);
  await untilFinished(app, id);
  return { set, endpoint, id };
}
const input = (request: { json: any }): string => request.json.input as string;

describe("rescore", () => {
  it("scores the stored outputs by other metrics, calls nobody and copies nothing", async () => {
    const { set, endpoint, id } = await givenFinishedRun(30, { trials: 2, mode: "SEQUENTIAL" });
    bot.clear();
    const queued = await rescore({ testSet: { id: set.id }, endpoint: { id: endpoint.id }, metrics: [{ name: "has two" }, { name: "fast" }] });
    expect(queued).toMatchObject({ kind: "RESCORE", phase: "EVALUATING", trials: 2, name: `${set.name} - Run 2`, sourceRun: { id }, metricsSource: "EXECUTION", progress: { total: 60, executed: 60 } });
    const run = await untilFinished(app, queued["id"] as string);
    // q2, q12 and q20 to q29 have a 2: twelve of thirty, in two trials each.
    expect(run).toMatchObject({ status: "COMPLETED", phase: "DONE", passRate: 0.4, progress: { total: 60, pending: 0, running: 0, executed: 60, passed: 24, failed: 36, errored: 0 } });
    expect(bot.requests).toHaveLength(0);
    const results = await readResults(queued["id"] as string);
    expect(results[2]).toMatchObject({ position: 2, trial: 1, status: "PASSED", output: { output: "echo: q2" }, attempts: [], latencyMs: null, scores: { "has two": 1, fast: expect.any(Number) as number } });
    const outputs = await app.database.db.selectFrom("testOutputs").select("ordinal").where("organizationId", "=", app.admin.organizationId).where("runId", "=", queued["id"] as string).execute();
    expect(outputs).toEqual([]);
  });

  it("takes the set's metrics of now, and those of the first run's outputs when a re-score is scored again", async () => {
    const { set, endpoint, id } = await givenFinishedRun(3);
    await app.data(`mutation ($set: ID!) { updateTestSet(input: { testSet: { id: $set }, metrics: [{ name: "has two" }] }) { id } }`, { set: set.id });
    const first = await rescore({ run: { id } });
    expect((await untilFinished(app, first["id"] as string)).progress).toMatchObject({ passed: 1, failed: 2 });
    const second = await rescore({ run: { id: first["id"] as string }, metrics: [{ name: "echoes" }] });
    expect((await untilFinished(app, second["id"] as string)).progress).toMatchObject({ passed: 3 });
    expect(second).toMatchObject({ sourceRun: { id: first["id"] } });
    expect((await readResults(second["id"] as string)).map((result) => result.output.output)).toEqual(["echo: q1", "echo: q2", "echo: q3"]);
    // Re-scores are no source by themselves: without a run the newest EXECUTION is meant.
    expect(await rescore({ testSet: { id: set.id }, endpoint: { id: endpoint.id } })).toMatchObject({ sourceRun: { id } });
  });

  it("gives NO_OUTPUT to what has no output", async () => {
    bot.answer((request) => (input(request) === "q2" ? { status: 500 } : { json: { output: `echo: ${input(request)}` } }));
    const { id } = await givenFinishedRun(3);
    const run = await rescore({ run: { id } });
    expect(await untilFinished(app, run["id"] as string)).toMatchObject({ status: "PARTIAL", progress: { executed: 2, passed: 2, errored: 1 } });
    expect((await readResults(run["id"] as string))[1]).toMatchObject({ status: "ERROR", error: { type: "NO_OUTPUT" }, output: null });
    bot.answer((request) => ({ json: { output: `echo: ${input(request)}` } }));
  });

  it("scores with the expected responses of then, or with today's where currentTests is given", async () => {
    const { set, id } = await givenFinishedRun(3, { metrics: [{ name: "as expected" }] }, "echo: q1");
    const { testSet } = await app.data(`query ($id: ID!) { testSet(ref: { id: $id }) { tests { nodes { id } } } }`, { id: set.id });
    const [, second, third] = testSet.tests.nodes as { id: string }[];
    await app.data(`mutation ($id: ID!) { updateTest(input: { id: $id, test: { prompt: { content: "q2", expectedResponse: "echo: q2" }, metadata: { edited: true } } }) { id } }`, { id: second?.id });
    await app.data(`mutation ($set: ID!, $id: ID!) { removeTests(testSet: { id: $set }, ids: [$id]) { id } }`, { set: set.id, id: third?.id });
    const then = await rescore({ run: { id }, metrics: [{ name: "as expected" }] });
    expect((await untilFinished(app, then["id"] as string)).progress).toMatchObject({ total: 3, passed: 1, failed: 2 });
    const today = await rescore({ run: { id }, metrics: [{ name: "as expected" }], currentTests: true });
    expect(today["testSetVersion"]).toBe(3);
    expect((await untilFinished(app, today["id"] as string)).progress).toMatchObject({ total: 3, passed: 2, failed: 1 });
    expect(await readResults(then["id"] as string)).toMatchObject([{ status: "PASSED" }, { status: "FAILED", metadata: {} }, { status: "FAILED" }]);
    expect(await readResults(today["id"] as string)).toMatchObject([{ status: "PASSED" }, { status: "PASSED", metadata: { edited: true }, prompt: { content: "q2" } }, { status: "FAILED", prompt: { content: "q3" } }]);
  });

  it("says what it cannot score", async () => {
    const { set, endpoint, id } = await givenFinishedRun(2);
    const other = await givenFinishedRun(2);
    // So many, one at a time, that the pause comes before the last: a pause lets calls in flight end.
    const queued = await execute(app, await givenTests(app, { tests: 200 }), await givenEndpointAt(app, "http://127.0.0.1:1", { maxConcurrency: 1 }));
    await app.data(`mutation ($id: ID!) { pauseTestRun(id: $id) { id } }`, { id: queued });
    const refused = (args: Record<string, unknown>) => app.error(RESCORE, { input: args });
    const place = { testSet: { id: set.id }, endpoint: { id: endpoint.id } };
    expect(await refused({})).toMatchObject({ code: "BAD_USER_INPUT", problems: [{ field: "input.testSet" }, { field: "input.endpoint" }] });
    expect(await refused({ run: { name: "some run" }, testSet: { id: set.id } })).toMatchObject({ code: "BAD_USER_INPUT", problems: [{ field: "input.endpoint" }] });
    expect(await refused({ ...place, run: { id: other.id } })).toMatchObject({ code: "BAD_USER_INPUT", reason: "RUN_OF_ANOTHER_SET" });
    expect(await refused({ run: { id: queued } })).toMatchObject({ code: "FAILED_PRECONDITION", reason: "RUN_NOT_FINISHED" });
    expect(await refused({ run: { id: "no id" } })).toMatchObject({ code: "NOT_FOUND" });
    expect(await refused({ testSet: { id: set.id }, endpoint: { id: other.endpoint.id } })).toMatchObject({ code: "FAILED_PRECONDITION", reason: "NO_COMPLETED_RUN" });
    expect(await refused({ run: { id }, name: " " })).toMatchObject({ code: "BAD_USER_INPUT", problems: [{ field: "input.name" }] });
    expect(await readRun(app, id)).toMatchObject({ status: "COMPLETED" });
    await app.data(`mutation ($id: ID!) { cancelTestRun(id: $id) { id } }`, { id: queued });
  });

  it("finds a run by its name, among those of the set against the endpoint", async () => {
    const { set, endpoint, id } = await givenFinishedRun(1, { name: "twin" });
    const other = await givenFinishedRun(1, { name: "Twin" });
    const place = { testSet: { id: set.id }, endpoint: { id: endpoint.id } };
    expect(await rescore({ ...place, run: { name: "TWIN" } })).toMatchObject({ sourceRun: { id } });
    expect(await app.error(RESCORE, { input: { testSet: { id: set.id }, endpoint: { id: other.endpoint.id }, run: { name: "twin" } } })).toMatchObject({ code: "BAD_USER_INPUT", reason: "RUN_OF_ANOTHER_SET" });
    const again = await execute(app, set, endpoint, { name: "twin" });
    await untilFinished(app, again);
    const error = await app.error(RESCORE, { input: { ...place, run: { name: "twin" } } });
    expect(error).toMatchObject({ code: "CONFLICT", reason: "AMBIGUOUS_NAME" });
    expect([...(error["ids"] as string[])].sort()).toEqual([id, again].sort());
  });

  it("pauses, goes on and is cancelled like any run", async () => {
    const { id } = await givenFinishedRun(3);
    await worker.stop(1_000);
    const run = await rescore({ run: { id } });
    const control = async (action: string): Promise<Record<string, any>> => (await app.data(`mutation ($id: ID!) { ${action}TestRun(id: $id) { status phase } }`, { id: run["id"] }))[`${action}TestRun`] as Record<string, any>;
    try {
      expect(await control("pause")).toEqual({ status: "PAUSED", phase: "EVALUATING" });
      expect((await readResults(run["id"] as string))[0]).toMatchObject({ status: "PENDING", output: { output: "echo: q1" } });
      expect(await control("resume")).toMatchObject({ status: "QUEUED" });
      expect(await control("cancel")).toEqual({ status: "CANCELLED", phase: "DONE" });
      expect((await readRun(app, run["id"] as string)).progress).toMatchObject({ cancelled: 3, finished: 3, executed: 3 });
    } finally {
      worker = await startTestWorker(app);
    }
    await app.data(`mutation ($id: ID!) { retryTestRun(id: $id) { id } }`, { id: run["id"] });
    expect(await untilFinished(app, run["id"] as string)).toMatchObject({ status: "COMPLETED", progress: { passed: 3, executed: 3 } });
  });

  it("gives the same run for the same idempotency key, at the same moment too, and refuses another input", async () => {
    const { id } = await givenFinishedRun(2);
    const args = { run: { id }, idempotencyKey: "once" };
    const runs = await Promise.all([rescore(args), rescore(args), rescore(args), rescore(args)]);
    expect(new Set(runs.map((run) => run["id"] as string)).size).toBe(1);
    expect(await app.error(RESCORE, { input: { ...args, currentTests: true } })).toMatchObject({ code: "CONFLICT", reason: "IDEMPOTENCY_MISMATCH" });
  });
});
