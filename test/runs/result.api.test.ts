import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { GraphQLObjectType } from "graphql";
import { IdKind, metricResultId, newId, resultId } from "../../src/ids.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenBehavior, givenMetric, givenRun, givenTestSet, type Owner, ownerOf, type ResultSeed, type RunSeed, type SeededRun } from "../support/seed.js";

let app: TestApp;
let owner: Owner;
beforeAll(async () => {
  app = await createTestApp();
  owner = await ownerOf(app.database.db, app.admin);
});
afterAll(() => app.close());

function seed(args: RunSeed = {}): Promise<SeededRun> {
  return givenRun(app.database.db, owner, args);
}

const PASSED: ResultSeed = { ordinal: 1, status: "PASSED" };
const ONE = "query ($id: ID!) { testResult(id: $id) { id status automatedStatus position trial error { type } attempts { number } latencyMs startedAt finishedAt metadata prompt { content } conversation { goal maxTurns } test { id } output { output } metricResults { id } scores run { id } configuration { id } } }";

describe("testResult", () => {
  it("answers planned results without a row from the plan", async () => {
    const testSet = await givenTestSet(app.database.db, owner, { tests: [{}, { content: "Second?", metadata: { level: 3 } }, {}] });
    const run = await seed({ status: "RUNNING", trials: 2, testSet, running: [4], results: [PASSED] });
    expect((await app.data(ONE, { id: resultId(run.id, 3) }))["testResult"]).toEqual({
      id: resultId(run.id, 3), status: "PENDING", automatedStatus: "PENDING", position: 2, trial: 1, error: null, attempts: [], latencyMs: null, startedAt: null, finishedAt: null, metadata: { level: 3 },
      prompt: { content: "Second?" }, conversation: null, test: { id: testSet.tests[1]?.id }, output: null, metricResults: [], scores: {}, run: { id: run.id }, configuration: { id: expect.any(String) },
    }); // prettier-ignore
    expect((await app.data(ONE, { id: resultId(run.id, 4) }))["testResult"]).toMatchObject({ status: "RUNNING", position: 2, trial: 2 });
    const cancelled = await seed({ status: "CANCELLED", testSet, running: [2], results: [PASSED] });
    expect((await app.data("query ($id: ID!) { node(id: $id) { __typename ... on TestResult { status } } }", { id: resultId(cancelled.id, 2) }))["node"]).toEqual({ __typename: "TestResult", status: "CANCELLED" });
  });

  it("answers places of a selection with the tests that were selected, as they were then", async () => {
    const tests = [{ content: "one" }, { content: "two", removed: 2 }, { content: "three" }, { content: "four", added: 2 }];
    const testSet = await givenTestSet(app.database.db, owner, { tests, version: 2 });
    const run = await seed({ status: "QUEUED", testSet, testSetVersion: 1, positions: [2, 3] });
    const { testRun } = await app.data("query ($id: ID!) { testRun(ref: { id: $id }) { testCount results { totalCount nodes { id prompt { content } } } } }", { id: run.id });
    expect(testRun).toEqual({ testCount: 2, results: { totalCount: 2, nodes: [{ id: resultId(run.id, 1), prompt: { content: "two" } }, { id: resultId(run.id, 2), prompt: { content: "three" } }] } });
  });

  it("is null beyond the plan, for ill-formed ids and for results of other organizations", async () => {
    const run = await seed({ status: "QUEUED" });
    for (const id of [resultId(run.id, 3), resultId(run.id, 0), resultId(newId(IdKind.TEST_RUN), 1), run.id, "nonsense"]) expect(await app.data(ONE, { id })).toEqual({ testResult: null });
    const other = await app.otherOrganization();
    expect(await app.data("query ($id: ID!) { testResult(id: $id) { id } node(id: $id) { id } testResults(filter: {}) { totalCount } }", { id: resultId(run.id, 1) }, other)).toEqual({ testResult: null, node: null, testResults: { totalCount: 0 } });
  });

  it("shows attempts, errors and times of a stored result", async () => {
    const attempts = [{ number: 1, turn: null, startedAt: "2026-11-20T10:00:00.000Z", latencyMs: 12.5, httpStatus: 503, error: { type: "HTTP", message: "503", httpStatus: 503, retryable: true }, retryAfterMs: 100 }];
    const run = await seed({ results: [{ ordinal: 2, status: "ERROR", output: null, errorType: "HTTP", attempts: JSON.stringify(attempts), startedAt: new Date("2026-11-20T10:00:00Z"), finishedAt: new Date("2026-11-20T10:00:01Z") }] });
    const { testResult } = await app.data("query ($id: ID!) { testResult(id: $id) { status error { type message httpStatus retryable } attempts { number turn startedAt latencyMs httpStatus error { type retryable } retryAfterMs } output { output } startedAt finishedAt } }", { id: resultId(run.id, 2) });
    expect(testResult).toEqual({
      status: "ERROR", error: { type: "HTTP", message: "It went wrong.", httpStatus: null, retryable: false }, output: null, startedAt: "2026-11-20T10:00:00.000Z", finishedAt: "2026-11-20T10:00:01.000Z",
      attempts: [{ number: 1, turn: null, startedAt: "2026-11-20T10:00:00.000Z", latencyMs: 12.5, httpStatus: 503, error: { type: "HTTP", retryable: true }, retryAfterMs: 100 }],
    }); // prettier-ignore
  });
});

describe("TestResult.output", () => {
  const OUTPUT = "query ($id: ID!) { testResult(id: $id) { conversation { goal } prompt { id } output { output preview inputTokens outputTokens sessionId context metadata toolCalls raw stopReason turns { number message response sessionId context toolCalls latencyMs error { type } } } } }";

  it("has a preview of the first 300 characters, none of them cut in two", async () => {
    const output = "🙂".repeat(299) + "é" + "x".repeat(50);
    const run = await seed({ results: [{ ...PASSED, output }] });
    const { testResult } = await app.data(OUTPUT, { id: resultId(run.id, 1) });
    expect(testResult.output).toMatchObject({ output, preview: "🙂".repeat(299) + "é", raw: null, turns: [], stopReason: null, context: [] });
  });

  it("has the turns of a conversation and the answer as it came", async () => {
    const turn = { number: 1, message: "Hi", response: null, sessionId: "s", context: ["c"], toolCalls: [{ name: "t" }], latencyMs: 1.5, error: { type: "TIMEOUT", message: "m", httpStatus: null, retryable: true } };
    const fields = { inputTokens: 7, outputTokens: 9, sessionId: "s", context: '["c"]', metadata: '"text"', toolCalls: '[{"name":"t"}]', raw: '{"max_tokens":1}', turns: JSON.stringify([turn]), stopReason: "MAX_TURNS" as const };
    const testSet = await givenTestSet(app.database.db, owner, { tests: [{ goal: "Get a refund" }] });
    const run = await seed({ testSet, results: [{ ...PASSED, output: "", outputFields: fields }] });
    expect((await app.data(OUTPUT, { id: resultId(run.id, 1) }))["testResult"]).toEqual({
      conversation: { goal: "Get a refund" }, prompt: null,
      output: { output: "", preview: "", inputTokens: 7, outputTokens: 9, sessionId: "s", context: ["c"], metadata: "text", toolCalls: [{ name: "t" }], raw: { max_tokens: 1 }, stopReason: "MAX_TURNS", turns: [{ ...turn, error: { type: "TIMEOUT" } }] },
    }); // prettier-ignore
  });

  it("is that of the run that a re-score scored again", async () => {
    const source = await seed({ results: [{ ...PASSED, output: "of the source" }] });
    const run = await seed({ testSet: source.testSet, kind: "RESCORE", sourceRunId: source.id, results: [{ ...PASSED, outputRunId: source.id }] });
    expect((await app.data(OUTPUT, { id: resultId(run.id, 1) }))["testResult"].output).toMatchObject({ output: "of the source", preview: "of the source" });
  });

  it("prices its raw answer high and keeps it out of subscriptions", () => {
    const { raw } = (app.schema.getType("TestOutput") as GraphQLObjectType).getFields();
    expect(raw?.extensions).toMatchObject({ complexity: 20, forbiddenInSubscription: true });
  });
});

describe("TestResult.metricResults and scores", () => {
  it("show what each metric made of the result, by the metric's version of then", async () => {
    const { db } = app.database;
    const metrics = [await givenMetric(db, owner, { name: "Length" }), await givenMetric(db, owner, { name: "Tone", scoreType: "CATEGORICAL" }), await givenMetric(db, owner, { name: "Exact", scoreType: "BINARY" }), await givenMetric(db, owner, { name: "Judge" })];
    const run = await seed({
      metrics,
      results: [{ ...PASSED, metricResults: [{ score: 0.25, threshold: 0.2, reason: "long", cost: 0.5 }, { status: "FAILED", score: 1, category: "rude", metadata: '{"votes":3}' }, { score: 1, category: "pass", durationMs: 2.5 }, { status: "SKIPPED", score: 0.9, errorCode: "NO_CONTEXT", errorMessage: "No context." }] }],
    }); // prettier-ignore
    const { testResult } = await app.data("query ($id: ID!) { testResult(id: $id) { scores metricResults { id name metricVersion metric { name } status automatedStatus score category threshold reason error { code message } metadata durationMs inputTokens outputTokens cost result { id } } } }", { id: resultId(run.id, 1) });
    expect(testResult.scores).toEqual({ Length: 0.25, Tone: "rude", Exact: 1, Judge: null });
    const [length, tone, exact, judge] = testResult.metricResults;
    expect(length).toEqual({
      id: metricResultId(run.id, 1, 0), name: "Length", metricVersion: 1, metric: { name: "Length" }, status: "PASSED", automatedStatus: "PASSED", score: 0.25, category: null, threshold: 0.2, reason: "long", error: null, metadata: {},
      durationMs: 1, inputTokens: null, outputTokens: null, cost: 0.5, result: { id: resultId(run.id, 1) },
    }); // prettier-ignore
    expect([tone, exact, judge]).toMatchObject([{ name: "Tone", category: "rude", metadata: { votes: 3 } }, { category: "pass", durationMs: 2.5 }, { status: "SKIPPED", error: { code: "NO_CONTEXT", message: "No context." } }]);
    const BY_NODE = "query ($id: ID!) { node(id: $id) { __typename ... on MetricResult { name result { position } } } }";
    expect((await app.data(BY_NODE, { id: metricResultId(run.id, 1, 1) }))["node"]).toEqual({ __typename: "MetricResult", name: "Tone", result: { position: 1 } });
    for (const id of [metricResultId(run.id, 1, 4), metricResultId(run.id, 2, 0)]) expect((await app.data(BY_NODE, { id }))["node"]).toBeNull();
    expect((await app.data(BY_NODE, { id: metricResultId(run.id, 1, 1) }, await app.otherOrganization()))["node"]).toBeNull();
  });
});

describe("lists of results", () => {
  const LIST = "query ($filter: TestResultFilter, $orderBy: TestResultOrder, $first: Int, $after: String) { testResults(filter: $filter, orderBy: $orderBy, first: $first, after: $after) { totalCount edges { cursor node { id status } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

  it("take every field of their filter", async () => {
    const { db } = app.database;
    const behaviorId = await givenBehavior(db, owner);
    const testSet = await givenTestSet(db, owner, { tests: [{ content: "Needle in a prompt", behaviorId, tags: ["a", "b"] }, { tags: ["b"] }] });
    const metric = await givenMetric(db, owner);
    const results: ResultSeed[] = [{ ordinal: 1, status: "FAILED", output: "Ölfleck", latencyMs: 900, finishedAt: new Date("2026-07-01"), metricResults: [{ status: "FAILED", score: 0.1 }] }, { ordinal: 3, status: "ERROR", output: null, errorType: "TIMEOUT" }];
    const run = await seed({ status: "RUNNING", trials: 2, testSet, metrics: [metric], results });
    const ids = async (filter: object) => (await app.data(LIST, { filter }))["testResults"];
    const only = async (filter: object, ...ordinals: number[]) => {
      const page = await ids(filter);
      expect([page.edges.map((edge: { node: { id: string } }) => edge.node.id), page.totalCount], JSON.stringify(filter)).toEqual([ordinals.map((ordinal) => resultId(run.id, ordinal)), ordinals.length]);
    };
    await only({ runId: run.id }, 1, 2, 3, 4);
    await only({ testSetId: testSet.id, endpointId: run.endpoint.id, projectId: owner.projectId }, 1, 2, 3, 4);
    await only({ testId: testSet.tests[1]?.id }, 3, 4);
    await only({ runId: run.id, status: ["PENDING", "FAILED"] }, 1, 2, 4);
    await only({ runId: run.id, automatedStatus: ["PENDING"] }, 2, 4);
    await only({ runId: run.id, errorType: ["TIMEOUT", "HTTP"] }, 3);
    await only({ behaviorId }, 1, 2);
    await only({ testSetId: testSet.id, tags: ["a", "b"] }, 1, 2);
    await only({ runId: run.id, trial: 2 }, 2, 4);
    await only({ testSetId: testSet.id, search: "NEEDLE in" }, 1, 2);
    await only({ testSetId: testSet.id, search: "ölf" }, 1);
    for (const blank of ["", " \t\n", null]) await only({ runId: run.id, search: blank }, 1, 2, 3, 4);
    await only({ runId: run.id, metric: { name: metric.name.toUpperCase(), status: ["FAILED"], maxScore: 0.1 } }, 1);
    await only({ runId: run.id, metric: { name: metric.name, minScore: 0.2 } });
    await only({ runId: run.id, minLatencyMs: 900 }, 1);
    await only({ finishedAt: { lt: "2026-07-02T00:00:00Z" } }, 1);
    for (const nothing of [{ runId: "nonsense" }, { categoryId: newId(IdKind.CATEGORY) }, { topicId: "" }, { useCaseId: newId(IdKind.USE_CASE) }, { runId: run.id, status: [] }, { runId: run.id, testId: newId(IdKind.TEST) }]) await only(nothing);
  });

  it("refuse pages that are too large and cursors of another order or filter", async () => {
    const run = await seed({ results: [PASSED, { ordinal: 2, status: "FAILED" }] });
    const filter = { runId: run.id };
    const { endCursor } = (await app.data(LIST, { filter, first: 1 }))["testResults"].pageInfo;
    expect((await app.data(LIST, { filter, after: endCursor }))["testResults"]).toMatchObject({ edges: [{ node: { status: "FAILED" } }], pageInfo: { hasNextPage: false, hasPreviousPage: true } });
    expect(await app.error(LIST, { filter, first: 201 })).toMatchObject({ code: "BAD_USER_INPUT", reason: "PAGE_TOO_LARGE" });
    for (const other of [{ filter: { ...filter, trial: 1 } }, { filter, orderBy: { field: "LATENCY" } }]) expect(await app.error(LIST, { ...other, after: endCursor })).toMatchObject({ reason: "CURSOR_INVALID" });
    const forged = Buffer.from(JSON.stringify([...(JSON.parse(Buffer.from(endCursor, "base64url").toString()) as unknown[]).slice(0, -1), "1; drop table"])).toString("base64url");
    expect(await app.error(LIST, { filter, after: forged })).toMatchObject({ reason: "CURSOR_INVALID" });
    const byTime = { filter, orderBy: { field: "FINISHED_AT" } };
    const [fingerprint, rank, , ordinal] = JSON.parse(Buffer.from((await app.data(LIST, { ...byTime, first: 1 }))["testResults"].pageInfo.endCursor, "base64url").toString()) as unknown[];
    for (const time of ["+275760-09-13T00:00:00.000Z", "-000001-01-01T00:00:00.000Z", "0000-01-01T00:00:00.000Z"]) {
      expect(await app.error(LIST, { ...byTime, after: Buffer.from(JSON.stringify([fingerprint, rank, time, ordinal])).toString("base64url") }), time).toMatchObject({ reason: "CURSOR_INVALID" });
    }
  });

  it("of a test come newest run first", async () => {
    const older = await seed({ results: [PASSED] });
    const newer = await seed({ testSet: older.testSet, trials: 2, status: "QUEUED" });
    const { test } = await app.data("query ($id: ID!) { test(id: $id) { results { totalCount nodes { id } } passed: results(filter: { status: [PASSED] }) { nodes { id } } } }", { id: older.testSet.tests[0]?.id });
    expect(test).toEqual({ results: { totalCount: 3, nodes: [resultId(newer.id, 1), resultId(newer.id, 2), resultId(older.id, 1)].map((id) => ({ id })) }, passed: { nodes: [{ id: resultId(older.id, 1) }] } });
  });

  it("cost the same number of statements for 2 and 20 results, with all that a result shows", async () => {
    const testSet = await givenTestSet(app.database.db, owner, { tests: 30 });
    const metric = await givenMetric(app.database.db, owner);
    const results = Array.from({ length: 10 }, (_, index): ResultSeed => ({ ordinal: 2 * index + 1, status: "PASSED", metricResults: [{ score: 1 }] }));
    const run = await seed({ status: "RUNNING", testSet, metrics: [metric], results });
    const fields = "id status run { name } configuration { id } test { id results(first: 2) { totalCount nodes { id } } } prompt { content } conversation { goal } metadata output { output preview raw turns { number } } metricResults { name metric { name } result { id } } scores";
    for (const list of [`filter: { runId: "${run.id}" }`, `filter: { testSetId: "${testSet.id}" }`, `filter: { runId: "${run.id}" }, orderBy: { field: STATUS }`]) {
      const query = (first: number) => `{ testResults(first: ${first}, ${list}) { totalCount nodes { ${fields} } } }`;
      expect(await app.countStatements(query(20))).toBe(await app.countStatements(query(2)));
    }
    const tests = (first: number) => `{ testSet(ref: { id: "${testSet.id}" }) { tests(first: ${first}) { nodes { results(first: 3) { totalCount nodes { id status } } } } } }`;
    expect(await app.countStatements(tests(20))).toBe(await app.countStatements(tests(2)));
    const ids = results.map(({ ordinal }) => [resultId(run.id, ordinal), resultId(run.id, ordinal + 1)]).flat();
    const nodes = (count: number) => `{ nodes(ids: ${JSON.stringify(ids.slice(0, count))}) { ... on TestResult { ${fields} } } }`;
    expect(await app.countStatements(nodes(20))).toBe(await app.countStatements(nodes(2)));
  });

  it("of a run that has ended cost one statement beside the look for open ones", async () => {
    const run = await seed({ results: [PASSED, { ordinal: 2, status: "FAILED" }] });
    expect(await app.countStatements(`{ testResults(filter: { runId: "${run.id}" }) { nodes { id } } }`)).toBe(2);
    expect(await app.countStatements(`{ testResults(filter: { runId: "${run.id}", errorType: [HTTP] }) { nodes { id } } }`)).toBe(1);
  });
});
