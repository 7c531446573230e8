import { parse, validate } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenRun, givenTestSet, type Owner, ownerOf, type ResultSeed, type SeededRun, type SeededTestSet } from "../support/seed.js";

let app: TestApp;
let owner: Owner;
let testSet: SeededTestSet;
let before: SeededRun;
let now: SeededRun;

/** 40 tests: the baseline has the first 30, the candidate those from 11 on. */
const [BASELINE, CANDIDATE] = [Array.from({ length: 30 }, (_, index) => index + 1), Array.from({ length: 30 }, (_, index) => index + 11)];

beforeAll(async () => {
  app = await createTestApp();
  owner = await ownerOf(app.database.db, app.admin);
  const tests = Array.from({ length: 40 }, (_, index) => (index === 20 ? { goal: "Book a FLIGHT to 100 % of Rome" } : { content: `Question ${index + 1}` }));
  testSet = await givenTestSet(app.database.db, owner, { tests });
  const passed = (positions: readonly number[], isPassed: (position: number) => boolean): ResultSeed[] =>
    positions.map((position, index) => ({ ordinal: index + 1, status: isPassed(position) ? "PASSED" : "FAILED", output: position === 15 ? "All roads lead to ROME" : "No idea" }));
  before = await givenRun(app.database.db, owner, { testSet, positions: BASELINE, results: passed(BASELINE, (position) => position % 2 === 0) });
  now = await givenRun(app.database.db, owner, { testSet, positions: CANDIDATE, results: passed(CANDIDATE, (position) => position % 3 === 0) });
});
afterAll(() => app.close());

/** Position and outcome of each test, in the order of the list. */
const EXPECTED: readonly (readonly [number, string])[] = [...CANDIDATE, ...BASELINE.slice(0, 10)].map((position) => {
  if (position > 30) return [position, "ADDED"];
  if (position < 11) return [position, "REMOVED"];
  const [old, recent] = [position % 2 === 0, position % 3 === 0];
  return [position, old === recent ? "UNCHANGED" : recent ? "IMPROVED" : "REGRESSED"];
});

interface PageView {
  readonly rows: readonly (readonly [number, string])[];
  readonly totalCount: number;
  readonly pageInfo: { readonly hasNextPage: boolean; readonly hasPreviousPage: boolean; readonly startCursor: string | null; readonly endCursor: string | null };
}

const PAGE = `query ($b: ID!, $c: ID!, $outcome: [ComparisonOutcome!], $search: String, $first: Int, $after: String, $last: Int, $before: String) { compareTestRuns(baselineId: $b, candidateId: $c) {
  tests(outcome: $outcome, search: $search, first: $first, after: $after, last: $last, before: $before) { totalCount nodes { outcome test { position } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`;

async function page(args: Record<string, unknown>): Promise<PageView> {
  const { tests } = (await app.data(PAGE, { b: before.id, c: now.id, ...args }))["compareTestRuns"];
  return { rows: tests.nodes.map((node: any) => [node.test.position, node.outcome]), totalCount: tests.totalCount, pageInfo: tests.pageInfo };
}

describe("TestRunComparison.tests", () => {
  it("lists all tests, those that only the baseline has last", async () => {
    expect(await page({})).toMatchObject({ rows: EXPECTED, totalCount: 40, pageInfo: { hasNextPage: false, hasPreviousPage: false } });
  });

  it.each([1, 7, 40])("pages by %s forwards and backwards without a gap or a repeat", async (size) => {
    const forwards: (readonly [number, string])[] = [];
    for (let after: string | null = null, more = true; more; ) {
      const { rows, pageInfo } = await page({ first: size, after });
      expect(pageInfo.hasPreviousPage).toBe(forwards.length > 0);
      forwards.push(...rows);
      [after, more] = [pageInfo.endCursor, pageInfo.hasNextPage];
      expect(more).toBe(forwards.length < EXPECTED.length);
    }
    expect(forwards).toEqual(EXPECTED);
    const backwards: (readonly [number, string])[] = [];
    for (let cursor: string | null = null, more = true; more; ) {
      const { rows, pageInfo } = await page({ last: size, before: cursor });
      expect(pageInfo.hasNextPage).toBe(backwards.length > 0);
      backwards.unshift(...rows);
      [cursor, more] = [pageInfo.startCursor, pageInfo.hasPreviousPage];
    }
    expect(backwards).toEqual(EXPECTED);
  });

  it("cuts the list between two cursors, with exact flags", async () => {
    const all = await page({ first: 20 });
    const [start, end] = [all.pageInfo.startCursor, all.pageInfo.endCursor];
    expect(await page({ first: 5, after: start, before: end })).toMatchObject({ rows: EXPECTED.slice(1, 6), pageInfo: { hasNextPage: true, hasPreviousPage: true } });
    expect(await page({ first: 50, after: start, before: end })).toMatchObject({ rows: EXPECTED.slice(1, 19), pageInfo: { hasNextPage: true, hasPreviousPage: true } });
  });

  it.each([["REGRESSED"], ["IMPROVED", "ADDED"], ["REMOVED", "UNCHANGED"], ["NOT_COMPARABLE"], []])("keeps to the outcomes %s %s", async (...outcome) => {
    const expected = EXPECTED.filter(([, each]) => (outcome as string[]).includes(each));
    expect(await page({ outcome })).toMatchObject({ rows: expected, totalCount: expected.length });
    expect(await page({ outcome, last: 2 })).toMatchObject({ rows: expected.slice(-2), totalCount: expected.length, pageInfo: { hasPreviousPage: expected.length > 2, hasNextPage: false } });
  });

  it("lists the same whether it walks the runs or looks for outcomes, over different numbers of trials, too", async () => {
    const ofTrials = (trials: number, positions: readonly number[]): Promise<SeededRun> =>
      givenRun(app.database.db, owner, { testSet, positions, trials, results: Array.from({ length: positions.length * trials }, (_, index): ResultSeed => ({ ordinal: index + 1, status: (["PASSED", "FAILED", "ERROR", "PASSED", "FAILED"] as const)[(index * 7) % 5] ?? "PASSED" })) });
    const [two, three] = [await ofTrials(2, BASELINE), await ofTrials(3, CANDIDATE)];
    const QUERY = `query ($b: ID!, $c: ID!, $outcome: [ComparisonOutcome!], $first: Int, $after: String, $last: Int, $before: String) { compareTestRuns(baselineId: $b, candidateId: $c) { tests(outcome: $outcome, first: $first, after: $after, last: $last, before: $before) {
      nodes { outcome baselineStatus candidateStatus test { id } baseline { id } candidate { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`;
    const read = async (args: Record<string, unknown>): Promise<any> => (await app.data(QUERY, { b: two.id, c: three.id, ...args }))["compareTestRuns"].tests;
    const every = { outcome: ["IMPROVED", "REGRESSED", "UNCHANGED", "ADDED", "REMOVED", "NOT_COMPARABLE"] };
    for (const size of [{ first: 13 }, { last: 13 }, { first: 35 }, { last: 35 }]) {
      const [walked, searched] = [await read(size), await read({ ...size, ...every })];
      expect(walked.nodes).toEqual(searched.nodes);
      const further = (page: any): Record<string, unknown> => ("first" in size ? { ...size, after: page.pageInfo.endCursor } : { ...size, before: page.pageInfo.startCursor });
      const [next, other] = [await read(further(walked)), await read({ ...further(searched), ...every })];
      expect(next.nodes).toEqual(other.nodes);
      expect([next.pageInfo.hasNextPage, next.pageInfo.hasPreviousPage]).toEqual([other.pageInfo.hasNextPage, other.pageInfo.hasPreviousPage]);
    }
  });

  it("searches prompts, plans and answers, ignoring case and taking signs as they are", async () => {
    expect(await page({ search: "question 4" })).toMatchObject({ rows: [[40, "ADDED"], [4, "REMOVED"]], totalCount: 2 }); // prettier-ignore
    expect((await page({ search: "rome" })).rows).toEqual([[15, "IMPROVED"], [21, "IMPROVED"]]); // prettier-ignore
    expect((await page({ search: "flight to 100 %" })).rows).toEqual([[21, "IMPROVED"]]);
    expect(await page({ search: "rome", outcome: ["REGRESSED"] })).toMatchObject({ rows: [], totalCount: 0, pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null } });
    expect((await page({ search: "%" })).totalCount).toBe(1);
    for (const blank of ["", " \t\n"]) expect((await page({ search: blank })).totalCount).toBe(40);
  });

  it("refuses pages that are too large and cursors of another list", async () => {
    expect(await app.error(PAGE, { b: before.id, c: now.id, first: 201 })).toMatchObject({ code: "BAD_USER_INPUT", reason: "PAGE_TOO_LARGE" });
    const { pageInfo } = await page({ first: 1 });
    expect(await app.error(PAGE, { b: before.id, c: now.id, after: pageInfo.endCursor, outcome: ["ADDED"] })).toMatchObject({ code: "BAD_USER_INPUT", reason: "CURSOR_INVALID" });
    const [fingerprint] = JSON.parse(Buffer.from(pageInfo.endCursor ?? "", "base64url").toString()) as string[];
    const forged = Buffer.from(JSON.stringify([fingerprint, 0, 1, "no uuid"])).toString("base64url");
    expect(await app.error(PAGE, { b: before.id, c: now.id, before: forged })).toMatchObject({ code: "BAD_USER_INPUT", reason: "CURSOR_INVALID" });
  });
});

describe("comparisons of many runs", () => {
  const ALL = `summary { improved } pValue verdict metricDeltas { name } latencyP50DeltaMs changes { what } tests(first: 5) { totalCount nodes { id outcome contentChanged test { id } baselineStatus candidateStatus baseline { id } candidate { id } } }`;
  const RUNS = `query ($set: ID!, $b: ID!, $first: Int!) { testRuns(filter: { testSetId: $set }, first: $first) { nodes { id comparison(baselineId: $b) { ${ALL} } } } }`;

  it("cost the same number of statements for 2 and for 20, each with its own figures", async () => {
    for (let index = 0; index < 20; index += 1) await givenRun(app.database.db, owner, { testSet, positions: BASELINE, results: BASELINE.map((_, place): ResultSeed => ({ ordinal: place + 1, status: place < index ? "PASSED" : "FAILED" })) });
    const variables = { set: testSet.id, b: before.id };
    await app.data(RUNS, { ...variables, first: 20 }); // summaries of runs are kept when they are first computed
    expect(await app.countStatements(RUNS, { ...variables, first: 20 })).toBe(await app.countStatements(RUNS, { ...variables, first: 2 }));
    const { testRuns } = await app.data(RUNS, { ...variables, first: 20 });
    // Newest first: the i-th passes what stands before place i; the baseline passes even positions, so odd ones among them improved.
    expect(testRuns.nodes.map((node: any) => node.comparison.summary.improved)).toEqual(Array.from({ length: 20 }, (_, index) => Math.ceil((19 - index) / 2)));
    expect(testRuns.nodes[0].comparison.tests.nodes.map((node: any) => node.baselineStatus)).toEqual(["FAILED", "PASSED", "FAILED", "PASSED", "FAILED"]);
  });

  it("may not be asked for in a subscription, and are priced far above an object", () => {
    const { comparison } = (app.schema.getType("TestRun") as unknown as { getFields(): Record<string, { extensions: Record<string, unknown> }> }).getFields();
    expect(comparison?.extensions).toMatchObject({ forbiddenInSubscription: true, complexity: 1_000 });
    expect(app.schema.getQueryType()?.getFields()["compareTestRuns"]?.extensions).toMatchObject({ complexity: 1_000 });
    expect(validate(app.schema, parse("subscription ($id: ID!) { runStatus(runId: $id) { run { comparison(baselineId: $id) { id } } } }"))).toEqual([]);
  });
});
