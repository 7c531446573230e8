import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Worker } from "../../src/execution/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { execute, givenEndpointAt, givenTests, readRun, untilFinished } from "../support/execution.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { waitFor } from "../support/wait-for.js";
import { startTestWorker } from "../support/worker.js";

let app: TestApp;
let bot: FakeEndpoint;
let workers: Worker[];
beforeAll(async () => {
  app = await createTestApp();
  bot = await startFakeEndpoint();
  workers = [await startTestWorker(app), await startTestWorker(app)];
});
afterEach(() => {
  bot.clear();
  bot.answer((request) => ({ json: { output: `echo: ${request.json.input as string}` } }));
  bot.inFlight.most = 0;
});
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.stop(1_000)));
  await app.close();
  await bot.close();
});

const RESULTS = `query ($id: ID!, $after: String) { testResults(filter: { runId: $id }, first: 200, after: $after) { pageInfo { hasNextPage endCursor } nodes {
  id position trial status error { type message httpStatus retryable } output { output preview } attempts { number httpStatus latencyMs error { type } } latencyMs scores metricResults { name status score reason metricVersion } } } }`;

async function readResults(id: string): Promise<any[]> {
  return (await app.data(RESULTS, { id }))["testResults"].nodes as any[];
}

describe("executing a test set", () => {
  it("calls the endpoint once for each test, scores every answer and completes", async () => {
    const set = await givenTests(app, { tests: 300 });
    const id = await execute(app, set, await givenEndpointAt(app, bot.url));
    const run = await untilFinished(app, id);
    expect(run).toMatchObject({ status: "COMPLETED", phase: "DONE", passRate: 1, coverage: 1, progress: { total: 300, pending: 0, running: 0, executed: 300, passed: 300, failed: 0, errored: 0, cancelled: 0, finished: 300 } });
    expect(bot.requests).toHaveLength(300);
    expect(new Set(bot.requests.map((request) => request.headers["idempotency-key"])).size).toBe(300);
    const [first] = await readResults(id);
    expect(first).toMatchObject({ position: 1, trial: 1, status: "PASSED", error: null, output: { output: "echo: q1" }, scores: { echoes: 1 }, attempts: [{ number: 1, httpStatus: 200, error: null }] });
  });

  it("keeps to the endpoint's maxConcurrency over two runs and two workers", async () => {
    bot.answer((request) => ({ json: { output: `echo: ${request.json.input as string}` }, delayMs: 15 }));
    const endpoint = await givenEndpointAt(app, bot.url, { maxConcurrency: 5 });
    const ids = [await execute(app, await givenTests(app, { tests: 120 }), endpoint), await execute(app, await givenTests(app, { tests: 120 }), endpoint)];
    for (const id of ids) expect((await untilFinished(app, id)).status).toBe("COMPLETED");
    expect(bot.inFlight.most).toBe(5);
  });

  it("in SEQUENTIAL mode has one call in flight, test by test in order with a test's trials together", async () => {
    bot.answer((request) => ({ json: { output: `echo: ${request.json.input as string}` }, delayMs: 3 }));
    const id = await execute(app, await givenTests(app, { tests: 20 }), await givenEndpointAt(app, bot.url), { mode: "SEQUENTIAL", trials: 2 });
    const run = await untilFinished(app, id);
    expect(run.progress).toMatchObject({ total: 40, passed: 40 });
    expect(bot.inFlight.most).toBe(1);
    expect(bot.requests.map((request) => request.json.input)).toEqual(Array.from({ length: 40 }, (_, index) => `q${Math.floor(index / 2) + 1}`));
    expect((await readResults(id)).map((result) => [result.position, result.trial]).slice(0, 4)).toEqual([[1, 1], [1, 2], [2, 1], [2, 2]]);
  });

  it("retries transient failures and keeps every attempt; what stays broken is an error, never a fail", async () => {
    bot.answer((request) => {
      const input = request.json.input as string;
      const seen = bot.requests.filter((other) => other.json.input === input).length;
      if (input === "q1") return seen === 1 ? { status: 503 } : { json: { output: "echo again" } };
      if (input === "q2") return { status: 429, headers: { "retry-after": "0" } };
      if (input === "q3") return { status: 400, text: "no" };
      if (input === "q4") return { json: { answer: "not where the mapping looks" } };
      if (input === "q5") return { json: { output: "something else" } };
      if (input === "q6") return { json: { output: "" } };
      return { cut: "at once" };
    });
    const id = await execute(app, await givenTests(app, { tests: 7 }), await givenEndpointAt(app, bot.url, { maxAttempts: 3 }));
    const run = await untilFinished(app, id);
    expect(run).toMatchObject({ status: "PARTIAL", passRate: 1 / 3, coverage: 3 / 7, progress: { passed: 1, failed: 2, errored: 4, executed: 3 } });
    const results = await readResults(id);
    expect(results.map((result) => [result.status, result.error?.type ?? null, result.attempts.length])).toEqual([
      ["PASSED", null, 2],
      ["ERROR", "RATE_LIMIT", 3],
      ["ERROR", "HTTP", 1],
      ["ERROR", "RESPONSE_MAPPING", 1],
      ["FAILED", null, 1],
      ["FAILED", null, 1],
      ["ERROR", "NETWORK", 3],
    ]);
    expect(results[1].error).toMatchObject({ httpStatus: 429, retryable: true });
    expect(results[0].attempts.map((attempt: any) => attempt.httpStatus)).toEqual([503, 200]);
    expect(results.map((result) => result.latencyMs)).toEqual([results[0].attempts[1].latencyMs, null, null, null, expect.any(Number), expect.any(Number), null]);
    expect(results[5].output).toMatchObject({ output: "" });
  });

  it("ends FAILED when every result ended in an error, as with an endpoint that is down", async () => {
    const gone = await startFakeEndpoint();
    await gone.close();
    const id = await execute(app, await givenTests(app, { tests: 3 }), await givenEndpointAt(app, gone.url, { maxAttempts: 1 }));
    expect(await untilFinished(app, id)).toMatchObject({ status: "FAILED", passRate: null, coverage: 0, progress: { errored: 3, executed: 0 } });
    expect((await readResults(id)).map((result) => result.error.type)).toEqual(["NETWORK", "NETWORK", "NETWORK"]);
  });

  it("ends tests that no metric applies to in NO_METRICS, with their output kept", async () => {
    const id = await execute(app, await givenTests(app, { tests: 2, metrics: [] }), await givenEndpointAt(app, bot.url));
    expect(await untilFinished(app, id)).toMatchObject({ status: "FAILED", progress: { errored: 2, executed: 2 } });
    expect((await readResults(id)).map((result) => [result.error.type, result.output.output])).toEqual([["NO_METRICS", "echo: q1"], ["NO_METRICS", "echo: q2"]]);
  });

  it("stores what PostgreSQL cannot hold as U+FFFD instead of losing the result", async () => {
    bot.answer({ json: { output: "echo \u0000 \ud800", extra: { "k\u0000": "\u0000" } } });
    const id = await execute(app, await givenTests(app, { tests: 1 }), await givenEndpointAt(app, bot.url));
    expect((await untilFinished(app, id)).status).toBe("COMPLETED");
    expect((await readResults(id))[0].output.output).toBe("echo \uFFFD \uFFFD");
  });

  it("lets requestsPerMinute bound the calls over all workers", async () => {
    const id = await execute(app, await givenTests(app, { tests: 6 }), await givenEndpointAt(app, bot.url, { requestsPerMinute: 240 }));
    await untilFinished(app, id);
    const times = bot.requests.map((request) => request.receivedAt).sort((a, b) => a - b);
    // Six calls lie at least five turns of 250 ms apart, and half of that if each worker had turns of its own; a first call may come late on a busy machine.
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(900);
  });
});

describe("cancelling", () => {
  it("aborts calls in flight, starts no other, keeps what is finished and cancels the rest", async () => {
    bot.answer((_request, index) => (index < 20 ? { json: { output: "echo" } } : { hang: "at once" }));
    const id = await execute(app, await givenTests(app, { tests: 200 }), await givenEndpointAt(app, bot.url, { maxConcurrency: 4 }), { mode: "PARALLEL" });
    await waitFor(async () => bot.inFlight.now === 4 && (await readRun(app, id)).progress.finished > 0);
    const finished = (await readRun(app, id)).progress.finished;
    const { cancelTestRun } = await app.data(`mutation ($id: ID!) { cancelTestRun(id: $id) { status } }`, { id });
    expect(["CANCELLING", "CANCELLED"]).toContain(cancelTestRun.status);
    const run = await untilFinished(app, id); // the calls in flight would take longer by themselves
    expect(run.status).toBe("CANCELLED");
    expect(run.progress.finished).toBe(200);
    expect(run.progress.passed).toBeGreaterThanOrEqual(finished);
    expect(run.progress.cancelled).toBe(200 - run.progress.passed);
    await waitFor(() => bot.inFlight.now === 0);
    const calls = bot.requests.length;
    await new Promise((resolve) => setTimeout(resolve, 300)); // long enough for a worker that does not let go
    expect(bot.requests.length).toBe(calls);
    expect(new Set((await readResults(id)).map((result) => result.status))).toEqual(new Set(["PASSED", "CANCELLED"]));
  });

  it("is the run unchanged when repeated, and RUN_FINISHED on a completed run", async () => {
    const set = await givenTests(app, { tests: 1 });
    const endpoint = await givenEndpointAt(app, bot.url);
    const done = await execute(app, set, endpoint);
    await untilFinished(app, done);
    expect(await app.error(`mutation ($id: ID!) { cancelTestRun(id: $id) { id } }`, { id: done })).toMatchObject({ code: "FAILED_PRECONDITION", reason: "RUN_FINISHED" });
    bot.answer({ hang: "at once" });
    const hanging = await execute(app, set, endpoint);
    await app.data(`mutation ($id: ID!) { cancelTestRun(id: $id) { id } }`, { id: hanging });
    await untilFinished(app, hanging);
    expect(await app.data(`mutation ($id: ID!) { cancelTestRun(id: $id) { status } }`, { id: hanging })).toEqual({ cancelTestRun: { status: "CANCELLED" } });
  });
});

describe("pausing", () => {
  const PAUSE = `mutation ($id: ID!) { pauseTestRun(id: $id) { status } }`;
  const RESUME = `mutation ($id: ID!) { resumeTestRun(id: $id) { status } }`;
  /** Waits until every worker has given its lanes of the run back. */
  const untilNobodyWorksOn = (id: string): Promise<true> =>
    waitFor(async () => (await app.database.pool.query("select 1 from run_lanes where run_id = $1 and job_id is not null and not done", [id])).rowCount === 0 && bot.inFlight.now === 0, { what: "the lanes' return" });

  it("starts no new call, lets those in flight end, and goes on where it was when resumed: each test is called once", async () => {
    bot.answer((request) => ({ json: { output: `echo: ${request.json.input as string}` }, delayMs: 10 }));
    const id = await execute(app, await givenTests(app, { tests: 300 }), await givenEndpointAt(app, bot.url, { maxConcurrency: 4 }));
    await waitFor(async () => (await readRun(app, id)).progress.finished > 20);
    expect(await app.data(PAUSE, { id })).toEqual({ pauseTestRun: { status: "PAUSED" } });
    expect(await app.data(PAUSE, { id })).toEqual({ pauseTestRun: { status: "PAUSED" } });
    await untilNobodyWorksOn(id);
    const calls = bot.requests.length;
    await new Promise((resolve) => setTimeout(resolve, 300)); // long enough for a worker that does not let go
    expect(bot.requests.length).toBe(calls);
    expect(await readRun(app, id)).toMatchObject({ status: "PAUSED", phase: "EXECUTING", progress: { passed: calls, running: 0, pending: 300 - calls } });
    expect(await app.data(RESUME, { id })).toEqual({ resumeTestRun: { status: "RUNNING" } });
    expect(await untilFinished(app, id)).toMatchObject({ status: "COMPLETED", progress: { passed: 300 } });
    expect(bot.requests).toHaveLength(300);
  });

  it("survives quick changes of mind", async () => {
    const { promise: isDecided, resolve: decide } = Promise.withResolvers<void>();
    bot.answer(async (request) => {
      if (request.json.input === "q200") await isDecided; // it cannot have ended by then
      return { json: { output: `echo: ${request.json.input as string}` }, delayMs: 5 };
    });
    const id = await execute(app, await givenTests(app, { tests: 200 }), await givenEndpointAt(app, bot.url, { maxConcurrency: 6 }));
    for (let round = 0; round < 5; round += 1) {
      await app.data(PAUSE, { id });
      await app.data(RESUME, { id });
    }
    decide();
    expect(await untilFinished(app, id)).toMatchObject({ status: "COMPLETED", progress: { passed: 200 } });
    expect(bot.requests).toHaveLength(200);
  });

  it("can be cancelled, and is refused on a finished run", async () => {
    bot.answer({ hang: "at once" });
    const id = await execute(app, await givenTests(app, { tests: 100 }), await givenEndpointAt(app, bot.url));
    await app.data(PAUSE, { id });
    await app.data(`mutation ($id: ID!) { cancelTestRun(id: $id) { status } }`, { id });
    await untilFinished(app, id);
    for (const operation of [PAUSE, RESUME]) expect(await app.error(operation, { id })).toMatchObject({ code: "FAILED_PRECONDITION", reason: "RUN_FINISHED" });
  });
});
