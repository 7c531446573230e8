import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Worker } from "../../src/execution/index.js";
import { Role } from "../../src/viewer.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenEndpointAt } from "../support/execution.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { waitFor } from "../support/wait-for.js";
import { startTestWorker } from "../support/worker.js";

let app: TestApp;
let worker: Worker;
let bot: FakeEndpoint;
let agents: { id: string; name: string }[];
beforeAll(async () => {
  app = await createTestApp();
  worker = await startTestWorker(app);
  bot = await startFakeEndpoint();
  agents = [await givenEndpointAt(app, bot.url), await givenEndpointAt(app, bot.url)];
  // The endpoint echoes, so "echo: q1" overlaps with the expected words as computed by hand below.
  const tests = [["q1", "echo: q1"], ["q2", "echo: other"], ["q3", "nothing alike"], ["q4", "echo: q4"]].map(([content, expectedResponse]) => ({ prompt: { content, expectedResponse } }));
  await app.data("mutation ($tests: [TestInput!]) { createTestSet(input: { name: \"Questions\", tests: $tests }) { id } }", { tests });
  await app.data(`mutation { a: createMetric(input: { name: "overlap", kind: BUILT_IN, builtIn: "token_f1", threshold: 0.5 }) { id } b: createMetric(input: { name: "exact", kind: BUILT_IN, builtIn: "equals" }) { id } }`);
});
afterAll(async () => {
  await worker.stop(1_000);
  await app.close();
  await bot.close();
});

const RUN = "mutation ($input: RunEvaluationTestCaseInput!) { runEvaluationTestCase(input: $input) { id name status } }";
const VALUE = "metricName valueType numberValue stringValue reasoning errorDescription scored total metric { name }";
const SHOW = `query ($id: ID!) { evaluationRun(id: $id) { id name status passStatus passReason starMetricResult { ${VALUE} } runLevelMetricResults { ${VALUE} } errorDescription
  testCase { name } testCaseVersion testCaseName testCaseDescription testCaseProject { name } agent { id endpointId name versionHash deleted project { name } endpoint { id } }
  testRun { id name status evaluationRun { id } progress { total finished } } results { totalCount nodes { status } } createdBy { email } queuedAt startedAt finishedAt } }`;

let count = 0;
async function testCase(changes: Record<string, unknown> = {}): Promise<string> {
  count += 1;
  const input = { name: `Case ${count}`, description: "asked", testSet: { name: "Questions" }, metrics: [{ name: "overlap" }, { name: "exact" }], starMetric: { metric: { name: "exact" }, successThresholdPct: 50 }, ...changes };
  return (await app.data("mutation ($input: CreateEvaluationTestCaseInput!) { createEvaluationTestCase(input: $input) { id } }", { input }))["createEvaluationTestCase"].id;
}
async function run(testCaseId: string, changes: Record<string, unknown> = {}): Promise<Record<string, any>[]> {
  return (await app.data(RUN, { input: { testCase: { id: testCaseId }, endpoints: [{ id: agents[0]?.id }], ...changes } }))["runEvaluationTestCase"];
}
function ended(id: string): Promise<Record<string, any>> {
  return waitFor(async () => {
    const { evaluationRun } = await app.data(SHOW, { id });
    return evaluationRun.finishedAt === null ? null : evaluationRun;
  }, { what: `the end of evaluation run ${id}` });
}

describe("an evaluation run", () => {
  it("comes to values over the run, and passes by the star metric alone", async () => {
    const id = await testCase({ name: "Shown" });
    const [first] = await run(id);
    expect(first?.["name"]).toBe("Shown - Run 1");
    const shown = await ended(first?.["id"]);
    // token_f1: 1 for q1 and q4; "echo: q2" and "echo: other" share one of two words: 0.5; q3 shares none.
    expect(shown).toMatchObject({
      status: "SUCCESSFUL", passStatus: true, passReason: '"exact" is 50 %; at least 50 % was needed (4 of 4 results scored).', errorDescription: null,
      starMetricResult: { metricName: "exact", valueType: "PERCENTAGE", numberValue: 50, stringValue: null, scored: 4, total: 4 },
      runLevelMetricResults: [{ metricName: "overlap", valueType: "NUMBER", numberValue: 0.625, scored: 4, total: 4, metric: { name: "overlap" } }, { metricName: "exact" }],
      testCase: { name: "Shown" }, testCaseVersion: 1, testCaseName: "Shown", testCaseDescription: "asked", testCaseProject: { name: "Default" },
      agent: { id: expect.any(String), endpointId: agents[0]?.id, name: agents[0]?.name, versionHash: expect.any(String), deleted: false, project: { name: "Default" }, endpoint: { id: agents[0]?.id } },
      testRun: { name: "Shown - Run 1", status: "COMPLETED", evaluationRun: { id: first?.["id"] }, progress: { total: 4, finished: 4 } },
      results: { totalCount: 4 }, createdBy: { email: "admin@localhost" }, queuedAt: expect.any(String), startedAt: expect.any(String), finishedAt: expect.any(String),
    }); // prettier-ignore
  });

  it("is one for each agent of a call, in their order, each once", async () => {
    const id = await testCase({ name: "Many agents" });
    const runs = await run(id, { endpoints: [{ id: agents[1]?.id }, { name: agents[0]?.name }, { id: agents[1]?.id }] });
    expect(runs.map((each) => each["name"])).toEqual(["Many agents - Run 1", "Many agents - Run 2"]);
    const shown = await Promise.all(runs.map((each) => ended(each["id"])));
    expect(shown.map((each) => each["agent"].endpointId)).toEqual([agents[1]?.id, agents[0]?.id]);
    expect(new Set(shown.map((each) => each["agent"].id)).size).toBe(2);
    const counts = await app.data("query ($id: ID!) { evaluationTestCase(ref: { id: $id }) { totalRuns latestVersionRuns } }", { id });
    expect(counts).toEqual({ evaluationTestCase: { totalRuns: 2, latestVersionRuns: 2 } });
  });

  it("keeps the version, names and hashes of its time", async () => {
    const agent = await givenEndpointAt(app, bot.url);
    const id = await testCase({ name: "Before" });
    const [pinned] = await run(id, { endpoints: [{ id: agent.id }] });
    const before = await ended(pinned?.["id"]);
    await app.data("mutation ($input: UpdateEvaluationTestCaseInput!) { updateEvaluationTestCase(input: $input) { id } }", { input: { testCase: { id }, name: "After", description: "changed", metrics: [{ name: "overlap" }], starMetric: { metric: { name: "overlap" }, successThreshold: 0.9 } } });
    await app.data(`mutation ($id: ID!) { updateEndpoint(input: { endpoint: { id: $id }, name: "renamed agent", queryParams: { a: "1" } }) { id } }`, { id: agent.id });
    await app.data("mutation ($id: ID!) { deleteEndpoint(ref: { id: $id }) }", { id: agent.id });
    const after = (await app.data(SHOW, { id: pinned?.["id"] }))["evaluationRun"];
    expect(after).toEqual({ ...before, testCase: { name: "After" }, agent: { ...before["agent"], deleted: true } });
    const [latest] = await run(id);
    expect(await ended(latest?.["id"])).toMatchObject({ name: "After - Run 2", testCaseVersion: 2, passStatus: false, starMetricResult: { metricName: "overlap", numberValue: 0.625 } });
    const [old] = await run(id, { version: 1, runName: "Once more" });
    expect(await ended(old?.["id"])).toMatchObject({ name: "Once more", testCaseVersion: 1, testCaseName: "Before", passStatus: true, testRun: { name: "Once more" } });
    expect(await app.data("query ($id: ID!) { evaluationTestCase(ref: { id: $id }) { totalRuns latestVersionRuns evaluationRuns(version: 1) { totalCount } } }", { id })).toEqual({ evaluationTestCase: { totalRuns: 3, latestVersionRuns: 1, evaluationRuns: { totalCount: 2 } } });
  });

  it("follows reviews in shares, never in means", async () => {
    const [made] = await run(await testCase({ starMetric: { metric: { name: "exact" }, successThresholdPct: 75 } }));
    const before = await ended(made?.["id"]);
    expect(before).toMatchObject({ passStatus: false });
    const { testResults } = await app.data(`query ($runId: ID!) { testResults(filter: { runId: $runId, metric: { name: "exact", status: [FAILED] } }, first: 1) { nodes { id metricResults { id name } } } }`, { runId: before["testRun"].id });
    const [result] = testResults.nodes;
    for (const name of ["exact", "overlap"]) {
      const metricResultId = result.metricResults.find((each: any) => each.name === name).id;
      await app.data("mutation ($input: AddReviewInput!) { addReview(input: $input) { id } }", { input: { resultId: result.id, target: "METRIC", metricResultId, verdict: "PASS", comment: "It is fine." } });
    }
    const after = (await app.data(SHOW, { id: made?.["id"] }))["evaluationRun"];
    expect(after).toMatchObject({ status: "SUCCESSFUL", passStatus: true, starMetricResult: { numberValue: 75 }, runLevelMetricResults: [{ metricName: "overlap", numberValue: 0.625 }, {}] });
  });

  it("is partly successful over what was scored, failed without a verdict, and then open", async () => {
    bot.answerNext({ status: 400 });
    const [partial] = await run(await testCase(), { mode: "SEQUENTIAL" });
    expect(await ended(partial?.["id"])).toMatchObject({ status: "PARTIALLY_SUCCESSFUL", passStatus: false, starMetricResult: { scored: 3, total: 4 }, errorDescription: null });
    bot.answerNext(...Array.from({ length: 4 }, () => ({ status: 400 })));
    const [failed] = await run(await testCase(), { mode: "SEQUENTIAL" });
    expect(await ended(failed?.["id"])).toMatchObject({
      status: "FAILED", passStatus: null, passReason: 'The star metric "exact" has no value. No result was scored: 4 not judged.', errorDescription: "All 4 planned results ended in ERROR. Their errors say why.",
      starMetricResult: { numberValue: null, errorDescription: "No result was scored: 4 not judged.", scored: 0, total: 4 },
    }); // prettier-ignore
  });

  it("is cancelled with its test run, and not when it has ended", async () => {
    const silent = await startFakeEndpoint({ hang: "at once" });
    const [made] = await run(await testCase(), { endpoints: [{ id: (await givenEndpointAt(app, silent.url)).id }] });
    const CANCEL = "mutation ($id: ID!) { cancelEvaluationRun(id: $id) { id status } }";
    expect((await app.data(CANCEL, { id: made?.["id"] }))["cancelEvaluationRun"].status).toMatch(/^CANCELL(ING|ED)$/);
    expect(await ended(made?.["id"])).toMatchObject({ status: "CANCELLED", passStatus: null, passReason: "The run was cancelled." });
    await silent.close();
    const [over] = await run(await testCase());
    await ended(over?.["id"]);
    expect(await app.error(CANCEL, { id: over?.["id"] })).toMatchObject({ code: "FAILED_PRECONDITION", reason: "RUN_FINISHED" });
    expect(await app.error(CANCEL, { id: "nonsense" })).toMatchObject({ code: "NOT_FOUND" });
  });

  it("keeps its test run from being deleted", async () => {
    const [made] = await run(await testCase());
    const { testRun } = await ended(made?.["id"]);
    expect(await app.error("mutation ($id: ID!) { deleteTestRun(id: $id) }", { id: testRun.id })).toMatchObject({ code: "FAILED_PRECONDITION", reason: "IN_USE" });
    expect((await app.data(SHOW, { id: made?.["id"] }))["evaluationRun"].testRun.id).toBe(testRun.id);
  });

  it("is queued once for an idempotency key, at the same moment too", async () => {
    const id = await testCase();
    const answers = await Promise.all(Array.from({ length: 6 }, () => run(id, { endpoints: agents.map((agent) => ({ id: agent.id })), idempotencyKey: "release-1" })));
    expect(new Set(answers.map((each) => JSON.stringify(each.map((one) => one["id"])))).size).toBe(1);
    expect(answers[0]).toHaveLength(2);
    expect(await app.error(RUN, { input: { testCase: { id }, endpoints: [{ id: agents[0]?.id }], idempotencyKey: "release-1" } })).toMatchObject({ code: "CONFLICT", reason: "IDEMPOTENCY_MISMATCH" });
  });

  it("is refused as a whole: all agents or none", async () => {
    const id = await testCase();
    const refused = (changes: Record<string, unknown>, viewer = app.admin) => app.error(RUN, { input: { testCase: { id }, endpoints: [{ id: agents[0]?.id }], ...changes } }, viewer);
    expect(await refused({ endpoints: [{ id: agents[0]?.id }, { name: "nobody" }] })).toMatchObject({ code: "NOT_FOUND" });
    expect(await refused({ endpoints: [] })).toMatchObject({ code: "BAD_USER_INPUT", problems: [{ field: "input.endpoints" }] });
    expect(await refused({ runName: " ", trials: 0 })).toMatchObject({ problems: [{ field: "input.runName" }, { field: "input.trials" }] });
    expect(await refused({ version: 9 })).toMatchObject({ code: "NOT_FOUND" });
    expect(await refused({ testCase: { name: "nobody" } })).toMatchObject({ code: "NOT_FOUND" });
    expect(await refused({}, app.viewerWith(Role.REVIEWER))).toMatchObject({ code: "FORBIDDEN" });
    await app.data("mutation ($id: ID!) { archiveEvaluationTestCase(ref: { id: $id }) { id } }", { id });
    expect(await refused({})).toMatchObject({ code: "FAILED_PRECONDITION", reason: "DELETED" });
    expect((await app.data("query ($id: ID!) { evaluationTestCase(ref: { id: $id }) { totalRuns } }", { id }))["evaluationTestCase"].totalRuns).toBe(0);
  });
});
