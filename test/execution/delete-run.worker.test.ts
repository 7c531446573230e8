import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Worker } from "../../src/execution/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { execute, givenEndpointAt, givenTests, untilFinished } from "../support/execution.js";
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
});
afterAll(async () => {
  await worker.stop(1_000);
  await app.close();
  await bot.close();
});

const DELETE = `mutation ($id: ID!) { deleteTestRun(id: $id) }`;
const SEEN = `query ($id: ID!, $result: ID!, $metric: ID!) { metric: node(id: $metric) { id } testRun(ref: { id: $id }) { id } node(id: $id) { id } testResult(id: $result) { id } testRuns(first: 200) { totalCount nodes { id } } testResults(filter: { runId: $id }) { totalCount nodes { id } } }`;

async function givenFinishedRun(tests = 3): Promise<string> {
  const id = await execute(app, await givenTests(app, { tests }), await givenEndpointAt(app, bot.url));
  await untilFinished(app, id);
  return id;
}
async function firstResult(runId: string): Promise<string> {
  return (await app.data(`query ($id: ID!) { testResults(filter: { runId: $id }, first: 1) { nodes { id } } }`, { id: runId }))["testResults"].nodes[0].id as string;
}
async function rescored(runId: string): Promise<string> {
  const { rescore } = await app.data(`mutation ($id: ID!) { rescore(input: { run: { id: $id } }) { id } }`, { id: runId });
  await untilFinished(app, rescore.id as string);
  return rescore.id as string;
}
/** Rows that are left of a run, by table. */
async function rowsOf(runId: string): Promise<Record<string, number>> {
  const count = async (table: "testResults" | "metricResults" | "testOutputs" | "runLanes" | "runSegments"): Promise<number> => {
    const { count: rows } = await app.database.db.selectFrom(table).select((eb) => eb.fn.countAll<number>().as("count")).where("organizationId", "=", app.admin.organizationId).where("runId", "=", runId).executeTakeFirstOrThrow();
    return Number(rows);
  };
  return { results: await count("testResults"), metrics: await count("metricResults"), outputs: await count("testOutputs"), lanes: await count("runLanes"), segments: await count("runSegments") };
}
const untilRows = (runId: string, rows: Record<string, number>): Promise<true> => waitFor(async () => (JSON.stringify(await rowsOf(runId)) === JSON.stringify(rows) ? true : null), { what: `${JSON.stringify(rows)} of run ${runId}` });
const NOTHING = { results: 0, metrics: 0, outputs: 0, lanes: 0, segments: 0 };

describe("deleteTestRun", () => {
  it("hides the run at once and clears its rows away", async () => {
    const id = await givenFinishedRun();
    const result = await firstResult(id);
    const metric = (await app.data(`query ($id: ID!) { testResult(id: $id) { metricResults { id } } }`, { id: result }))["testResult"].metricResults[0].id as string;
    await worker.stop(1_000);
    expect((await app.data(DELETE, { id }))["deleteTestRun"]).toBe(id);
    const seen = await app.data(SEEN, { id, result, metric });
    expect((await rowsOf(id))["metrics"]).toBe(3);
    worker = await startTestWorker(app);
    expect(seen).toMatchObject({ metric: null, testRun: null, node: null, testResult: null, testResults: { totalCount: 0, nodes: [] } });
    expect((seen["testRuns"].nodes as { id: string }[]).map((run) => run.id)).not.toContain(id);
    await untilRows(id, NOTHING);
    expect(await app.error(DELETE, { id })).toMatchObject({ code: "NOT_FOUND" });
  });

  it("clears a large run away in batches", async () => {
    const id = await givenFinishedRun(1);
    const { organizationId } = app.admin;
    await app.database.pool.query(
      `insert into test_results (organization_id, run_id, ordinal, status, automated_status, test_id, test_revision_id)
       select organization_id, run_id, n, status, automated_status, test_id, test_revision_id from test_results, generate_series(2, 12001) n where organization_id = $1 and run_id = $2`,
      [organizationId, id],
    );
    app.database.statements.length = 0;
    await app.data(DELETE, { id });
    await untilRows(id, NOTHING);
    expect(app.database.statements.filter((statement) => /delete from test_results/.test(statement)).length).toBeGreaterThanOrEqual(3);
  });

  it("keeps the outputs for as long as a re-score refers to them", async () => {
    const id = await givenFinishedRun();
    const first = await rescored(id);
    const second = await rescored(first);
    await app.data(DELETE, { id });
    await untilRows(id, { ...NOTHING, outputs: 3 });
    const shown = `query ($id: ID!) { testRun(ref: { id: $id }) { sourceRun { id } results { nodes { output { output } } } } }`;
    expect((await app.data(shown, { id: first }))["testRun"]).toMatchObject({ sourceRun: null, results: { nodes: [{ output: { output: "echo: q1" } }, {}, {}] } });
    // Nor does a re-score need its source to be scored again.
    const third = await rescored(first);
    for (const run of [first, second]) await app.data(DELETE, { id: run });
    await untilRows(first, NOTHING);
    await untilRows(second, NOTHING);
    expect(await rowsOf(id)).toEqual({ ...NOTHING, outputs: 3 });
    expect((await app.data(shown, { id: third }))["testRun"].results.nodes[2].output.output).toBe("echo: q3");
    await app.data(DELETE, { id: third });
    await untilRows(id, NOTHING);
  });

  it("refuses a run that goes on, that an evaluation run has, and that is not there", async () => {
    const silent = await startFakeEndpoint({ hang: "at once" }); // a pause lets calls in flight end
    const queued = await execute(app, await givenTests(app, { tests: 1 }), await givenEndpointAt(app, silent.url));
    await app.data(`mutation ($id: ID!) { pauseTestRun(id: $id) { id } }`, { id: queued });
    expect(await app.error(DELETE, { id: queued })).toMatchObject({ code: "FAILED_PRECONDITION", reason: "RUN_NOT_FINISHED" });
    await app.data(`mutation ($id: ID!) { cancelTestRun(id: $id) { id } }`, { id: queued });
    await untilFinished(app, queued);
    await silent.close();
    const set = await givenTests(app, { tests: 1 });
    const endpoint = await givenEndpointAt(app, bot.url);
    const { runEvaluationTestCase } = await app.data(
      `mutation ($case: CreateEvaluationTestCaseInput!, $run: RunEvaluationTestCaseInput!) { createEvaluationTestCase(input: $case) { id } runEvaluationTestCase(input: $run) { testRun { id } } }`,
      { case: { name: "keeps its run", testSet: { id: set.id }, metrics: [{ name: "echoes" }] }, run: { testCase: { name: "keeps its run" }, endpoints: [{ id: endpoint.id }] } },
    );
    const evaluated = runEvaluationTestCase[0].testRun.id as string;
    await untilFinished(app, evaluated);
    expect(await app.error(DELETE, { id: evaluated })).toMatchObject({ code: "FAILED_PRECONDITION", reason: "IN_USE" });
    const id = await givenFinishedRun();
    expect(await app.error(DELETE, { id: "nothing" })).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.error(DELETE, { id }, await app.otherOrganization())).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.error(DELETE, { id }, app.viewerWith("REVIEWER"))).toMatchObject({ code: "FORBIDDEN" });
    await app.data(DELETE, { id: queued });
  });
});
