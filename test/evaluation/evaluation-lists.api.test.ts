import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { evaluationStatus, EvaluationRunStatus } from "../../src/evaluation/evaluation-run.js";
import { IdKind, newId } from "../../src/ids.js";
import { TestRunStatus } from "../../src/runs/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenEndpoint, givenRun, givenTestSet, type Owner, ownerOf, type SeededEndpoint, type SeededTestSet } from "../support/seed.js";

let app: TestApp;
let owner: Owner;
let testSet: SeededTestSet;
let endpoint: SeededEndpoint;
let testCase: { id: string; versionId: string };
beforeAll(async () => {
  app = await createTestApp();
  owner = await ownerOf(app.database.db, app.admin);
  testSet = await givenTestSet(app.database.db, owner);
  endpoint = await givenEndpoint(app.database.db, owner);
  testCase = await givenTestCase("Listed");
});
afterAll(() => app.close());

async function givenTestCase(name: string): Promise<{ id: string; versionId: string }> {
  await app.run(`mutation { createMetric(input: { name: "exact", kind: BUILT_IN, builtIn: "equals" }) { id } }`); // there from the second call on
  const { createEvaluationTestCase: made } = await app.data(
    "mutation ($input: CreateEvaluationTestCaseInput!) { createEvaluationTestCase(input: $input) { id versions { nodes { id } } } }",
    { input: { name, testSet: { id: testSet.id }, metrics: [{ name: "exact" }], starMetric: { metric: { name: "exact" }, successThresholdPct: 50 } } },
  );
  return { id: made.id, versionId: made.versions.nodes[0].id };
}

let count = 0;
async function givenEvaluationRun(args: { status: TestRunStatus; answered?: number; of?: { id: string; versionId: string }; agent?: SeededEndpoint }): Promise<string> {
  const { organizationId } = owner;
  count += 1;
  const agent = args.agent ?? endpoint;
  const run = await givenRun(app.database.db, owner, { testSet, endpoint: agent, status: args.status, answered: args.answered ?? 0 });
  const of = args.of ?? testCase;
  const id = newId(IdKind.EVALUATION_RUN);
  await app.database.db
    .insertInto("evaluationRuns")
    .values({
      organizationId, id, name: `Run ${count}`, testCaseId: of.id, testCaseVersionId: of.versionId, testCaseVersion: 1, runId: run.id, agentId: newId(IdKind.EVALUATION_AGENT), endpointId: agent.id,
      agent: JSON.stringify({ name: "Bot", versionHash: "hash", projectId: owner.projectId }), createdById: null, queuedAt: new Date(Date.UTC(2026, 10, 21, 12, 0, count)),
    }) // prettier-ignore
    .execute();
  return id;
}

const LIST = `query ($testCaseId: ID, $version: Int, $endpointId: ID, $status: [EvaluationRunStatus!], $first: Int, $after: String) {
  evaluationRuns(testCaseId: $testCaseId, testCaseVersion: $version, endpointId: $endpointId, status: $status, first: $first, after: $after) { totalCount pageInfo { endCursor hasNextPage } nodes { id name status } } }`;

describe("evaluation runs", () => {
  it("are filtered by the status that they show, for every status and phase of their test runs", async () => {
    const of = await givenTestCase("By status");
    const expected = new Map<EvaluationRunStatus, string[]>();
    for (const status of Object.values(TestRunStatus)) {
      for (const answered of [0, testSet.tests.length]) {
        const id = await givenEvaluationRun({ status, answered, of });
        const shown = evaluationStatus({ status, answered, total: testSet.tests.length });
        expected.set(shown, [id, ...(expected.get(shown) ?? [])]);
      }
    }
    expect([...expected.keys()].sort()).toEqual(Object.values(EvaluationRunStatus).sort());
    for (const [status, ids] of expected) {
      const { evaluationRuns } = await app.data(LIST, { testCaseId: of.id, status: [status] });
      expect(evaluationRuns).toMatchObject({ totalCount: ids.length, nodes: ids.map((id) => ({ id, status })) });
      const { evaluationTestCase } = await app.data("query ($id: ID!, $status: [EvaluationRunStatus!]) { evaluationTestCase(ref: { id: $id }) { evaluationRuns(status: $status) { totalCount nodes { id } } } }", { id: of.id, status: [status] });
      expect(evaluationTestCase.evaluationRuns).toEqual({ totalCount: ids.length, nodes: ids.map((id) => ({ id })) });
    }
    expect((await app.data(LIST, { testCaseId: of.id, status: ["QUEUED", "CANCELLED"] }))["evaluationRuns"].totalCount).toBe(4);
    expect((await app.data(LIST, { testCaseId: of.id, status: [] }))["evaluationRuns"].totalCount).toBe(0);
  });

  it("are filtered by test case, version and agent; an ill-formed id matches nothing", async () => {
    const [of, agent] = [await givenTestCase("By agent"), await givenEndpoint(app.database.db, owner)];
    const id = await givenEvaluationRun({ status: "COMPLETED", of, agent });
    await givenEvaluationRun({ status: "COMPLETED", of });
    const nodes = async (variables: Record<string, unknown>): Promise<string[]> => (await app.data(LIST, variables))["evaluationRuns"].nodes.map((run: any) => run.id);
    expect(await nodes({ endpointId: agent.id })).toEqual([id]);
    expect(await nodes({ testCaseId: of.id, version: 1 })).toHaveLength(2);
    expect(await nodes({ testCaseId: of.id, version: 2 })).toEqual([]);
    for (const variables of [{ testCaseId: "nonsense" }, { endpointId: of.id }]) expect(await nodes(variables)).toEqual([]);
    expect((await app.data(LIST, {}, await app.otherOrganization()))["evaluationRuns"]).toMatchObject({ totalCount: 0, nodes: [] });
  });

  it("are listed newest first, page by page, in the same number of statements however many", async () => {
    const of = await givenTestCase("Paged");
    const ids: string[] = [];
    for (let n = 0; n < 20; n += 1) ids.unshift(await givenEvaluationRun({ status: "COMPLETED", of }));
    const { evaluationRuns: page } = await app.data(LIST, { testCaseId: of.id, first: 2 });
    expect(page).toMatchObject({ totalCount: 20, nodes: [{ id: ids[0] }, { id: ids[1] }], pageInfo: { hasNextPage: true } });
    expect((await app.data(LIST, { testCaseId: of.id, first: 1, after: page.pageInfo.endCursor }))["evaluationRuns"].nodes).toMatchObject([{ id: ids[2] }]);
    expect(await app.error(LIST, { first: 1, after: page.pageInfo.endCursor })).toMatchObject({ reason: "CURSOR_INVALID" });
    const whole = `query ($id: ID, $first: Int) { evaluationRuns(testCaseId: $id, first: $first) { totalCount nodes { name status passStatus passReason errorDescription starMetricResult { numberValue metric { name } } runLevelMetricResults { metricName }
      testCase { name } testCaseName testCaseProject { name } agent { name deleted project { name } endpoint { name } } testRun { name evaluationRun { id } } results(first: 2) { nodes { status } } createdBy { name } finishedAt } } }`;
    await app.data(whole, { id: of.id, first: 20 }); // summaries of ended runs are kept when they are first read
    expect(await app.countStatements(whole, { id: of.id, first: 20 })).toBe(await app.countStatements(whole, { id: of.id, first: 2 }));
    const ofCases = `query ($first: Int) { evaluationTestCases(first: $first) { nodes { totalRuns evaluationRuns(first: 2, status: [SUCCESSFUL]) { totalCount nodes { status } } } } }`;
    expect(await app.countStatements(ofCases, { first: 4 })).toBe(await app.countStatements(ofCases, { first: 1 }));
  });

  it("are nodes, as their versions are", async () => {
    const id = await givenEvaluationRun({ status: "QUEUED" });
    expect(await app.data("query ($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on EvaluationRun { status } ... on EvaluationTestCaseVersion { version } } }", { ids: [id, testCase.versionId] })).toEqual({
      nodes: [{ __typename: "EvaluationRun", status: "QUEUED" }, { __typename: "EvaluationTestCaseVersion", version: 1 }],
    }); // prettier-ignore
    expect(await app.data('{ evaluationRun(id: "nonsense") { id } }')).toEqual({ evaluationRun: null });
  });
});
