import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ENDPOINT_HELD } from "../../src/execution/endpoint-holds.js";
import type { Worker } from "../../src/execution/index.js";
import { PgEventBus } from "../../src/events/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { execute, givenEndpointAt, givenTests, readRun, untilFinished } from "../support/execution.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { waitFor } from "../support/wait-for.js";
import { startTestWorker } from "../support/worker.js";

let app: TestApp;
let bot: FakeEndpoint;
let workers: Worker[];
const bus = new PgEventBus({ url: "postgres://unused", applicationName: "unused" }); // it only publishes here
beforeAll(async () => {
  app = await createTestApp();
  bot = await startFakeEndpoint();
  workers = [await startTestWorker(app), await startTestWorker(app)];
});
beforeEach(() => {
  bot.answer(echo);
  bot.clear();
});
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.stop(1_000)));
  await app.close();
  await bot.close();
});

const echo = (request: { json: any }) => ({ json: { output: `echo: ${request.json.input as string}` } });
const busy = (retryAfter: string) => ({ status: 429, headers: { "retry-after": retryAfter } });
const RESULTS = `query ($id: ID!) { testRun(ref: { id: $id }) { results(first: 200) { nodes { status latencyMs startedAt attempts { number httpStatus retryAfterMs latencyMs error { type } } } } } }`;

async function results(id: string): Promise<any[]> {
  return (await app.data(RESULTS, { id }))["testRun"].results.nodes as any[];
}

/** Waits until every lane of the run is back in the queue, and answers in how many seconds the first of them is due. */
function untilHandedBack(id: string): Promise<number> {
  return waitFor(
    async () => {
      const { rows } = await app.database.pool.query<{ due: number; jobs: string }>(
        "select extract(epoch from min(run_at) - now())::float as due, count(*) as jobs from graphile_worker._private_jobs where locked_at is null and key like $1 and run_at > now() + interval '5 seconds'",
        [`run-lane:${id}:%`],
      );
      const lanes = await app.database.db.selectFrom("runLanes").select("jobId").where("organizationId", "=", app.admin.organizationId).where("runId", "=", id).where("done", "=", false).execute();
      return Number(rows[0]?.jobs) === lanes.length && lanes.every((lane) => lane.jobId === null) ? (rows[0]?.due ?? null) : null;
    },
    { what: `the hand-back of run ${id}` },
  );
}

/** What passing time does: the hold ends, and the jobs are due. */
async function endHold(endpointId: string): Promise<void> {
  const { organizationId } = app.admin;
  await app.database.db.updateTable("endpointPaces").set({ heldUntil: new Date() }).where("organizationId", "=", organizationId).where("endpointId", "=", endpointId).execute();
  await bus.publish(app.database.db, ENDPOINT_HELD, `${organizationId} ${endpointId}`);
  await app.database.pool.query("update graphile_worker._private_jobs set run_at = now()");
}

describe("a Retry-After of more than 30 s", () => {
  it("gives the work back to the queue, holds the endpoint for every run and worker, and lets the attempts count on", async () => {
    bot.answerNext(busy("40"));
    const endpoint = await givenEndpointAt(app, bot.url, { maxConcurrency: 1, maxAttempts: 2 });
    const id = await execute(app, await givenTests(app, { tests: 3 }), endpoint);
    expect(await untilHandedBack(id)).toBeGreaterThan(30);
    const other = await execute(app, await givenTests(app, { tests: 200 }), endpoint);
    expect(await untilHandedBack(other)).toBeGreaterThan(30);
    expect(bot.requests).toHaveLength(1);
    expect(await readRun(app, id)).toMatchObject({ status: "RUNNING", phase: "EXECUTING", progress: { pending: 3, running: 0, finished: 0, executed: 0 } });
    expect((await results(id))[0]).toMatchObject({ status: "PENDING", latencyMs: null, attempts: [{ number: 1, httpStatus: 429, retryAfterMs: 40_000, error: { type: "RATE_LIMIT" } }] });

    await endHold(endpoint.id);
    expect(await untilFinished(app, id)).toMatchObject({ status: "COMPLETED", progress: { passed: 3, executed: 3 } });
    expect(await untilFinished(app, other)).toMatchObject({ status: "COMPLETED", progress: { passed: 200 } });
    const [first] = await results(id);
    expect(first.attempts).toMatchObject([{ number: 1, httpStatus: 429 }, { number: 2, httpStatus: 200 }]);
    expect(first.latencyMs).toBe(first.attempts[1].latencyMs);
    expect(bot.requests).toHaveLength(204);
    expect(new Set(bot.requests.filter((request) => request.json.input === "q1").map((request) => request.headers["idempotency-key"])).size).toBe(2);
  });

  it("is final on the last attempt, and holds the endpoint all the same", async () => {
    bot.answerNext(busy(new Date(Date.now() + 60_000).toUTCString()));
    const endpoint = await givenEndpointAt(app, bot.url, { maxConcurrency: 1, maxAttempts: 1 });
    const id = await execute(app, await givenTests(app, { tests: 2 }), endpoint, { mode: "SEQUENTIAL" });
    await untilHandedBack(id);
    expect(await results(id)).toMatchObject([{ status: "ERROR", attempts: [{ httpStatus: 429 }] }, { status: "PENDING", attempts: [] }]);
    await endHold(endpoint.id);
    expect(await untilFinished(app, id)).toMatchObject({ status: "PARTIAL", progress: { passed: 1, errored: 1 } });
  });

  it("lets a run that waits be cancelled at once, and retried later with its attempts kept", async () => {
    bot.answerNext(busy("90"));
    const endpoint = await givenEndpointAt(app, bot.url, { maxConcurrency: 1 });
    const id = await execute(app, await givenTests(app, { tests: 2 }), endpoint, { mode: "SEQUENTIAL" });
    await untilHandedBack(id);
    const { cancelTestRun } = await app.data(`mutation ($id: ID!) { cancelTestRun(id: $id) { status progress { cancelled } } }`, { id });
    expect(cancelTestRun).toEqual({ status: "CANCELLED", progress: { cancelled: 2 } });
    expect(await results(id)).toMatchObject([{ status: "CANCELLED", attempts: [{ number: 1 }] }, { status: "CANCELLED", attempts: [] }]);
    await endHold(endpoint.id);
    await app.data(`mutation ($id: ID!) { retryTestRun(id: $id) { id } }`, { id });
    expect(await untilFinished(app, id)).toMatchObject({ status: "COMPLETED", progress: { passed: 2, cancelled: 0, executed: 2 } });
    expect((await results(id))[0].attempts).toMatchObject([{ number: 1, httpStatus: 429 }, { number: 2, httpStatus: 200 }]);
  });
});
