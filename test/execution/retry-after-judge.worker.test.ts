import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { PgEventBus } from "../../src/events/index.js";
import { ENDPOINT_HELD } from "../../src/execution/endpoint-holds.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { execute, givenEndpointAt, givenTests, readRun, untilFinished } from "../support/execution.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { givenJudge, givenModelAt, verdict } from "../support/fake-judge.js";
import { waitFor } from "../support/wait-for.js";
import { startTestWorker } from "../support/worker.js";

let app: TestApp;
let bus: PgEventBus;
let bot: FakeEndpoint;
let model: FakeEndpoint;
let endpoint: { id: string };
let worker: Awaited<ReturnType<typeof startTestWorker>>;
beforeAll(async () => {
  app = await createTestApp();
  bus = new PgEventBus({ url: app.database.url, applicationName: "assay-test-time" });
  await bus.start();
  [bot, model] = [await startFakeEndpoint(), await startFakeEndpoint()];
  worker = await startTestWorker(app);
  endpoint = await givenEndpointAt(app, bot.url);
});
afterAll(async () => {
  await worker.stop(1_000);
  await bus.close();
  await app.close();
  await Promise.all([bot.close(), model.close()]);
});
beforeEach(() => {
  bot.clear();
  model.clear();
});

/** Waits until the run's work is back in the queue for at least half a minute. */
async function untilHandedBack(id: string): Promise<void> {
  await waitFor(
    async () => {
      const { rows } = await app.database.pool.query("select 1 from graphile_worker._private_jobs where locked_at is null and key like $1 and run_at > now() + interval '30 seconds'", [`run-lane:${id}:%`]);
      return rows.length > 0 ? true : null;
    },
    { what: `the hand-back of run ${id}` },
  );
}

/** What passing time does: the hold of the model ends, and the jobs are due. */
async function endHold(modelId: string): Promise<void> {
  const { organizationId } = app.admin;
  await app.database.db.updateTable("endpointPaces").set({ heldUntil: new Date() }).where("organizationId", "=", organizationId).where("endpointId", "=", modelId).execute();
  const { statements } = app.database;
  statements.length = 0;
  await bus.publish(app.database.db, ENDPOINT_HELD, `${organizationId} ${modelId}`);
  // Work that began before the worker has read so would be held again.
  await waitFor(() => statements.some((statement) => statement.includes("held_until > clock_timestamp()")), { what: "the worker's look at the hold" });
  await app.database.pool.query("update graphile_worker._private_jobs set run_at = now()");
}

describe("a judge that asks to be left alone for more than 30 s", () => {
  const busy = { status: 429, headers: { "retry-after": "60" } };

  it("is, by every run; the work goes back to the queue, and the answers that are there are judged later without another call of the endpoint", async () => {
    const modelId = await givenModelAt(app, model.url, { limits: { maxAttempts: 2, maxConcurrency: 1 } });
    const judge = await givenJudge(app, modelId);
    model.answerNext(busy);
    model.answer(verdict({ passed: true }));
    const id = await execute(app, await givenTests(app, { tests: 2, metrics: [judge] }), endpoint);
    await untilHandedBack(id);
    const other = await execute(app, await givenTests(app, { tests: 1, metrics: [judge] }), endpoint);
    await untilHandedBack(other);
    expect(model.requests).toHaveLength(1);
    expect(await readRun(app, id)).toMatchObject({ status: "RUNNING", progress: { finished: 0, errored: 0 } });

    await endHold(modelId);
    for (const [run, passed] of [[id, 2], [other, 1]] as const) expect(await untilFinished(app, run)).toMatchObject({ status: "COMPLETED", progress: { passed } });
    expect(bot.requests).toHaveLength(3);
  });

  it("again and again is taken at its limits' word: after maxAttempts its verdict is an ERROR", async () => {
    const modelId = await givenModelAt(app, model.url, { limits: { maxAttempts: 2 } });
    model.answer(busy);
    const id = await execute(app, await givenTests(app, { tests: 1, metrics: [await givenJudge(app, modelId)] }), endpoint);
    await untilHandedBack(id);
    await endHold(modelId);
    expect(await untilFinished(app, id)).toMatchObject({ status: "FAILED", progress: { errored: 1 } });
    expect(model.requests).toHaveLength(2);
    const { testRun } = await app.data("query ($id: ID!) { testRun(ref: { id: $id }) { results { nodes { metricResults { status error { code } } } } } }", { id });
    expect(testRun.results.nodes[0].metricResults).toEqual([{ status: "ERROR", error: { code: "RATE_LIMIT" } }]);
  });
});
