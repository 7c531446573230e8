import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Worker } from "../../src/execution/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { execute, givenEndpointAt, givenTests, untilFinished } from "../support/execution.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { startTestWorker } from "../support/worker.js";

let app: TestApp;
let bot: FakeEndpoint;
let worker: Worker;
beforeAll(async () => {
  app = await createTestApp();
  bot = await startFakeEndpoint();
  worker = await startTestWorker(app);
});
afterEach(() => app.database.pool.query("drop trigger if exists refuse on test_results"));
afterAll(async () => {
  await worker.stop(1_000);
  await app.close();
  await bot.close();
});

/** From now on the database refuses rows of results for which the condition holds, by a code that no retry mends. */
async function refuseResults(condition: string): Promise<void> {
  await app.database.pool.query(`create or replace function refuse() returns trigger language plpgsql as $$ begin raise exception 'refused' using errcode = 'P0001'; end $$`);
  await app.database.pool.query(`create trigger refuse before insert on test_results for each row when (${condition}) execute function refuse()`);
}
const RUN = `query ($id: ID!) { testRun(ref: { id: $id }) { status error { code message } results { nodes { status error { type message } attempts { number } } } } }`;
const readRun = async (id: string): Promise<any> => (await app.data(RUN, { id }))["testRun"];

describe("faults inside the gateway", () => {
  it("end the one result that cannot be stored as it is, and no other", async () => {
    await refuseResults("new.ordinal = 2 and new.output_run_id is not null");
    const id = await execute(app, await givenTests(app, { tests: 3 }), await givenEndpointAt(app, bot.url));
    expect(await untilFinished(app, id)).toMatchObject({ status: "PARTIAL", progress: { passed: 2, errored: 1 } });
    expect((await readRun(id)).results.nodes).toMatchObject([{ status: "PASSED" }, { status: "ERROR", error: { type: "INTERNAL" } }, { status: "PASSED" }]);
  });

  it("end a run whose results cannot be stored at all, with what had finished and the reason", async () => {
    await refuseResults("new.ordinal = 2");
    const id = await execute(app, await givenTests(app, { tests: 3 }), await givenEndpointAt(app, bot.url));
    expect(await untilFinished(app, id, 60_000)).toMatchObject({ status: "CANCELLED", progress: { passed: 2, cancelled: 1, finished: 3 } });
    expect(await readRun(id)).toMatchObject({ error: { code: "INTERNAL" }, results: { nodes: [{ status: "PASSED" }, { status: "CANCELLED" }, { status: "PASSED" }] } });
    await app.database.pool.query("drop trigger refuse on test_results");
    await app.data(`mutation ($id: ID!) { retryTestRun(id: $id) { id } }`, { id });
    expect(await untilFinished(app, id)).toMatchObject({ status: "COMPLETED", progress: { passed: 3 } });
    expect((await readRun(id)).error).toBeNull();
  }, 90_000);
});
