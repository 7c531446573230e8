import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IdKind, newId } from "../../src/ids.js";
import { decodeEventCursor } from "../../src/runs/event-cursor.js";
import type { Role } from "../../src/viewer.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenConfiguration, givenEndpoint, givenMetric, givenRun, givenTestSet, type Owner, ownerOf, type ResultSeed, type RunSeed, type SeededRun } from "../support/seed.js";

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

describe("testRun", () => {
  const BY_REF = "query ($ref: EntityRef!) { testRun(ref: $ref) { id } }";

  it("finds a run by its id and by its name, ignoring case", async () => {
    const { id } = await seed({ name: "Nightly α" });
    expect(await app.data(BY_REF, { ref: { id } })).toEqual({ testRun: { id } });
    expect(await app.data(BY_REF, { ref: { name: "NIGHTLY Α" } })).toEqual({ testRun: { id } });
  });

  it("is null for what is not there, ill-formed ids and runs of other organizations", async () => {
    const { id } = await seed();
    for (const ref of [{ id: newId(IdKind.TEST_RUN) }, { id: "nonsense" }, { name: "nobody" }]) expect(await app.data(BY_REF, { ref })).toEqual({ testRun: null });
    const other = await app.otherOrganization();
    expect(await app.data(BY_REF, { ref: { id } }, other)).toEqual({ testRun: null });
    expect(await app.data("query ($id: ID!) { node(id: $id) { id } testRuns { totalCount nodes { id } } }", { id }, other)).toEqual({ node: null, testRuns: { totalCount: 0, nodes: [] } });
  });

  it("refuses a name that several runs have, and lists their ids", async () => {
    const runs = [await seed({ name: "Twice" }), await seed({ name: "twice" })];
    expect(await app.error(BY_REF, { ref: { name: "Twice" } })).toMatchObject({ code: "CONFLICT", reason: "AMBIGUOUS_NAME", ids: runs.map(({ id }) => id) });
  });

  it("shows what the run is, what it refers to and what it has used", async () => {
    const source = await seed();
    const run = await seed({
      name: "Whole", kind: "RESCORE", sourceRunId: source.id, mode: "SEQUENTIAL", metricsSource: "TEST_SET", tags: ["a"], attributes: '{"k":1}', parameters: '{"temperature":0}', selection: '{"tags":["x"]}',
      status: "FAILED", error: '{"code":"NO_WORKER","message":"No worker."}', usage: '{"endpointCalls":3,"endpointInputTokens":5000000000}', ownerId: app.admin.userId, assigneeId: app.admin.userId, createdById: app.admin.userId,
      createdAt: new Date("2026-11-19T08:00:00Z"), startedAt: new Date("2026-11-19T08:00:01Z"), finishedAt: new Date("2026-11-19T08:00:02.5Z"),
    }); // prettier-ignore
    const data = await app.data(
      `query ($id: ID!) { node(id: $id) { __typename ... on TestRun {
        name kind status phase mode trials error { code message } testSet { id } testSetVersion selection endpoint { id } endpointVersionHash configuration { id mode trials attributes endpoint { id } testSet { id } behavior { id } prompt { id } }
        parameters metricsSource sourceRun { id } passRate coverage testCount usage { endpointCalls endpointInputTokens endpointOutputTokens judgeCalls judgeInputTokens judgeOutputTokens judgeCost }
        tags attributes owner { name } assignee { name } createdBy { name } createdAt startedAt finishedAt progress { total etaMs } } } }`,
      { id: run.id },
    );
    expect(data["node"]).toEqual({
      __typename: "TestRun", name: "Whole", kind: "RESCORE", status: "FAILED", phase: "DONE", mode: "SEQUENTIAL", trials: 1, error: { code: "NO_WORKER", message: "No worker." },
      testSet: { id: run.testSet.id }, testSetVersion: 1, selection: { tags: ["x"] }, endpoint: { id: run.endpoint.id }, endpointVersionHash: `hash-${run.endpoint.id}`,
      configuration: { id: expect.any(String), mode: "PARALLEL", trials: 1, attributes: {}, endpoint: { id: run.endpoint.id }, testSet: { id: run.testSet.id }, behavior: null, prompt: null },
      parameters: { temperature: 0 }, metricsSource: "TEST_SET", sourceRun: { id: source.id }, passRate: null, coverage: 0, testCount: 2,
      usage: { endpointCalls: 3, endpointInputTokens: 5_000_000_000, endpointOutputTokens: 0, judgeCalls: 0, judgeInputTokens: 0, judgeOutputTokens: 0, judgeCost: null },
      tags: ["a"], attributes: { k: 1 }, owner: { name: "Admin" }, assignee: { name: "Admin" }, createdBy: { name: "Admin" },
      createdAt: "2026-11-19T08:00:00.000Z", startedAt: "2026-11-19T08:00:01.000Z", finishedAt: "2026-11-19T08:00:02.500Z", progress: { total: 2, etaMs: 0 },
    }); // prettier-ignore
  });

  it("is for every role, and for nobody without one", async () => {
    const { id } = await seed();
    expect(await app.data(BY_REF, { ref: { id } }, app.viewerWith("VIEWER"))).toEqual({ testRun: { id } });
    expect(await app.error(BY_REF, { ref: { id } }, { ...app.admin, role: "NOBODY" as Role })).toMatchObject({ code: "FORBIDDEN" });
  });
});

describe("TestRun.progress", () => {
  const PROGRESS = "query ($id: ID!) { testRun(ref: { id: $id }) { passRate coverage phase eventCursor progress { total pending running executed passed failed errored cancelled finished etaMs } } }";

  it("counts every planned result once", async () => {
    const run = await seed({
      status: "RUNNING", trials: 3, testSet: await givenTestSet(app.database.db, owner, { tests: 4 }), running: [6, 7, 9],
      results: [PASSED, { ordinal: 2, status: "PASSED" }, { ordinal: 3, status: "FAILED" }, { ordinal: 4, status: "ERROR", output: null, errorType: "HTTP" }, { ordinal: 6, status: "RUNNING" }],
    }); // prettier-ignore
    const { testRun } = await app.data(PROGRESS, { id: run.id });
    expect(testRun).toMatchObject({ passRate: 2 / 3, coverage: 3 / 12, phase: "EXECUTING", progress: { total: 12, pending: 5, running: 3, executed: 4, passed: 2, failed: 1, errored: 1, cancelled: 0, finished: 4 } });
    expect(decodeEventCursor(run.id, testRun.eventCursor)).toEqual({ seq: 4, version: 1 });
  });

  it("is of the same moment as the results beside it: what got its verdict since comes as an event after the cursor", async () => {
    const run = await seed({ status: "RUNNING", results: [PASSED, { ordinal: 2, status: "ERROR", output: null, errorType: "HTTP", finishedAt: new Date() }], seq: 1, errored: 0 });
    const answer = `query ($id: ID!, $filter: TestResultFilter) { testRun(ref: { id: $id }) { eventCursor progress { finished } results(filter: $filter) { nodes { status automatedStatus error { type } finishedAt } } } }`;
    const { testRun } = await app.data(answer, { id: run.id });
    expect(decodeEventCursor(run.id, testRun.eventCursor)).toEqual({ seq: 1, version: 1 });
    expect(testRun).toMatchObject({ progress: { finished: 1 }, results: { nodes: [{ status: "PASSED" }, { status: "RUNNING", automatedStatus: "RUNNING", error: null, finishedAt: null }] } });
    const chosen = await app.data(answer, { id: run.id, filter: { status: ["ERROR"] } });
    expect(chosen["testRun"].results.nodes).toMatchObject([{ status: "ERROR", error: { type: "HTTP" } }]);
  });

  it("never counts more in work than what is unfinished", async () => {
    const run = await seed({ status: "RUNNING", running: [1, 2], results: [PASSED] });
    expect((await app.data(PROGRESS, { id: run.id }))["testRun"].progress).toMatchObject({ total: 2, pending: 0, running: 1, finished: 1 });
    const over = await seed({ status: "COMPLETED", running: [1, 2], results: [PASSED, { ordinal: 2, status: "FAILED" }] });
    expect((await app.data(PROGRESS, { id: over.id }))["testRun"].progress).toMatchObject({ pending: 0, running: 0, finished: 2, etaMs: 0 });
  });

  it("estimates the end from the recent rate, and says null while there is none", async () => {
    const testSet = await givenTestSet(app.database.db, owner, { tests: 300 });
    const unknown = await seed({ status: "RUNNING", testSet, results: [{ ...PASSED, finishedAt: new Date() }] });
    expect((await app.data(PROGRESS, { id: unknown.id }))["testRun"].progress.etaMs).toBeNull();
    // 200 results, the last 100 of which took 50 s: the other 100 take as long. The first 100 were far slower.
    const results = Array.from({ length: 200 }, (_, index): ResultSeed => ({ ordinal: index + 1, status: "PASSED", finishedAt: new Date(Date.now() - (index < 99 ? 86_400_000 : 500 * (199 - index))) }));
    const known = await seed({ status: "RUNNING", testSet, results });
    const { etaMs } = (await app.data(PROGRESS, { id: known.id }))["testRun"].progress;
    expect(etaMs).toBeGreaterThan(45_000);
    expect(etaMs).toBeLessThan(120_000); // it grows with the time that seeding takes
    const paused = await seed({ status: "PAUSED", testSet, results });
    expect((await app.data(PROGRESS, { id: paused.id }))["testRun"].progress.etaMs).toBeNull();
  });
});

describe("lists of runs", () => {
  it("narrow by every field of their filter", async () => {
    const { db } = app.database;
    const endpoint = await givenEndpoint(db, owner);
    const testSet = await givenTestSet(db, owner, { version: 3 });
    const configurationId = await givenConfiguration(db, owner, { testSetId: testSet.id, endpointId: endpoint.id });
    const wanted = await seed({
      name: "Wanted 100%", kind: "RESCORE", status: "PARTIAL", testSet, endpoint, configurationId, experimentId: newId(IdKind.EXPERIMENT), tags: ["x", "y"], createdById: app.admin.userId, ownerId: app.admin.userId, assigneeId: app.admin.userId,
      createdAt: new Date("2026-10-01T00:00:00Z"), finishedAt: new Date("2026-10-02T00:00:00Z"),
    }); // prettier-ignore
    const { experimentId } = await db.selectFrom("testRuns").select("experimentId").where("organizationId", "=", owner.organizationId).where("id", "=", wanted.id).executeTakeFirstOrThrow();
    await seed({ tags: ["x"] });
    const filters = [
      { name: { contains: "00%" } }, { testSetId: testSet.id }, { testSetVersion: 3 }, { endpointId: endpoint.id }, { configurationId }, { experimentId }, { tags: ["y", "x"] }, { createdById: app.admin.userId, kind: ["RESCORE"], name: { startsWith: "wanted" } },
      { ownerId: app.admin.userId, status: ["PARTIAL", "QUEUED"] }, { assigneeId: app.admin.userId, projectId: owner.projectId, name: { eq: "wanted 100%" } }, { createdAt: { lte: "2026-10-01T00:00:00Z" } }, { finishedAt: { lt: "2026-10-03T00:00:00Z" } },
    ]; // prettier-ignore
    for (const filter of filters) {
      expect(await app.data("query ($filter: TestRunFilter) { testRuns(filter: $filter) { totalCount nodes { id } } }", { filter }), JSON.stringify(filter)).toEqual({ testRuns: { totalCount: 1, nodes: [{ id: wanted.id }] } });
    }
    const nothing = { totalCount: 0, nodes: [] };
    for (const filter of [{ testSetId: "nonsense" }, { status: [] }, { projectId: newId(IdKind.PROJECT) }, { name: { eq: "Wanted 100" } }]) {
      expect(await app.data("query ($filter: TestRunFilter) { testRuns(filter: $filter) { totalCount nodes { id } } }", { filter })).toEqual({ testRuns: nothing });
    }
  });

  it("come in each order, nulls last, page by page in both directions", async () => {
    const testSet = await givenTestSet(app.database.db, owner);
    const dates = [null, "2026-09-03", "2026-09-01", null, "2026-09-02"];
    const runs: SeededRun[] = [];
    for (const [index, date] of dates.entries()) runs.push(await seed({ testSet, name: `Run ${"cabed"[index] ?? ""}`, finishedAt: date === null ? null : new Date(date) }));
    const names = async (orderBy: object | null, page: object) => {
      const { testSet: found } = await app.data(
        "query ($id: ID!, $orderBy: TestRunOrder, $first: Int, $after: String, $last: Int, $before: String) { testSet(ref: { id: $id }) { runs(orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) { totalCount edges { cursor node { name } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }",
        { id: testSet.id, orderBy, ...page },
      );
      return { text: found.runs.edges.map((edge: { node: { name: string } }) => edge.node.name.slice(-1)).join(""), ...found.runs };
    };
    expect((await names(null, {})).text).toBe("debac");
    expect((await names({ field: "CREATED_AT", direction: "ASC" }, {})).text).toBe("cabed");
    expect((await names({ field: "NAME", direction: "ASC" }, {})).text).toBe("abcde");
    expect((await names({ field: "FINISHED_AT" }, {})).text).toBe("adbec");
    expect((await names({ field: "FINISHED_AT", direction: "ASC" }, {})).text).toBe("bdace");
    const first = await names({ field: "FINISHED_AT" }, { first: 2 });
    expect(first).toMatchObject({ text: "ad", totalCount: 5, pageInfo: { hasNextPage: true, hasPreviousPage: false } });
    const second = await names({ field: "FINISHED_AT" }, { first: 2, after: first.pageInfo.endCursor });
    expect(second).toMatchObject({ text: "be", pageInfo: { hasNextPage: true, hasPreviousPage: true } });
    expect(await names({ field: "FINISHED_AT" }, { last: 2, before: second.pageInfo.endCursor })).toMatchObject({ text: "db", pageInfo: { hasNextPage: true, hasPreviousPage: true } });
  });

  it("of sets, endpoints and configurations have their own runs alone", async () => {
    const run = await seed();
    await seed({ testSet: run.testSet });
    const data = await app.data(
      `query ($set: ID!, $endpoint: ID!, $run: ID!) {
        testSet(ref: { id: $set }) { runs(first: 1) { totalCount nodes { id } pageInfo { hasNextPage } } }
        endpoint(ref: { id: $endpoint }) { runs { totalCount nodes { id } } }
        testRun(ref: { id: $run }) { configuration { runs(filter: { status: [COMPLETED] }) { totalCount nodes { id } } } } }`,
      { set: run.testSet.id, endpoint: run.endpoint.id, run: run.id },
    );
    const own = { totalCount: 1, nodes: [{ id: run.id }] };
    expect(data).toEqual({ testSet: { runs: { totalCount: 2, nodes: [{ id: expect.not.stringMatching(run.id) }], pageInfo: { hasNextPage: true } } }, endpoint: { runs: own }, testRun: { configuration: { runs: own } } });
  });

  it("cost the same number of statements for 2 and 20 runs, with all that a table of runs shows", async () => {
    const metric = await givenMetric(app.database.db, owner);
    for (let index = 0; index < 20; index += 1) {
      const results: ResultSeed[] = index % 2 === 0 ? [PASSED] : [{ ...PASSED, metricResults: [{ score: 1 }] }];
      await seed({ status: index % 3 === 0 ? "RUNNING" : "CANCELLED", results, metrics: [metric], tags: ["table"], createdById: app.admin.userId });
    }
    const table = (first: number) => `{ testRuns(first: ${first}, filter: { tags: ["table"] }) { nodes {
      id name status progress { running pending etaMs } testSet { name runs(first: 1) { totalCount nodes { id } } lastRun(endpoint: { name: "nobody" }) { id } } endpoint { name runs(first: 2) { nodes { id } } } endpointVersionHash createdBy { name }
      configuration { testSet { name } endpoint { name } runs(first: 1) { totalCount nodes { id } } }
      results(first: 3) { totalCount nodes { id status prompt { content } output { preview output raw turns { number } } metricResults { name metric { name } score } scores test { id results(first: 2) { totalCount nodes { id } } } run { id } configuration { id } } }
      passed: results(first: 3, filter: { status: [PASSED] }, orderBy: { field: STATUS }) { totalCount nodes { id } }
      open: results(last: 3, filter: { status: [PENDING, CANCELLED], tags: [] }) { totalCount nodes { id } }
    } } }`;
    expect(await app.countStatements(table(20))).toBe(await app.countStatements(table(2)));
  });
});

describe("TestSet.lastRun", () => {
  it("is the newest completed run of the whole set against the endpoint, of the kind where one is named", async () => {
    const testSet = await givenTestSet(app.database.db, owner);
    const endpoint = await givenEndpoint(app.database.db, owner, "Last run's endpoint");
    const day = (number: number) => new Date(`2026-08-0${number}T00:00:00Z`);
    const first = await seed({ testSet, endpoint, createdAt: day(1) });
    const rescore = await seed({ testSet, endpoint, kind: "RESCORE", createdAt: day(2) });
    await seed({ testSet, endpoint, status: "PARTIAL", createdAt: day(3) });
    await seed({ testSet, endpoint, status: "RUNNING", createdAt: day(4) });
    await seed({ testSet, endpoint, selection: '{"tags":["x"]}', createdAt: day(5) });
    await seed({ testSet, createdAt: day(6) });
    const LAST = "query ($set: ID!, $endpoint: EntityRef!, $kind: TestRunKind) { testSet(ref: { id: $set }) { lastRun(endpoint: $endpoint, kind: $kind) { id } } }";
    const last = async (ref: object, kind: string | null = null) => (await app.data(LAST, { set: testSet.id, endpoint: ref, kind }))["testSet"].lastRun;
    expect(await last({ id: endpoint.id })).toEqual({ id: rescore.id });
    expect(await last({ name: "LAST RUN'S endpoint" }, "EXECUTION")).toEqual({ id: first.id });
    expect(await last({ id: endpoint.id }, "RESCORE")).toEqual({ id: rescore.id });
    for (const ref of [{ id: (await givenEndpoint(app.database.db, owner)).id }, { name: "nobody" }, { id: "nonsense" }]) expect(await last(ref)).toBeNull();
  });
});
