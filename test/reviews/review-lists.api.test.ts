import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IdKind, newId, resultId } from "../../src/ids.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenRun, givenTestSet, type Owner, ownerOf, type SeededRun } from "../support/seed.js";
import { givenReviewableRun } from "./review-world.js";

let app: TestApp;
let owner: Owner;
beforeAll(async () => {
  app = await createTestApp();
  owner = await ownerOf(app.database.db, app.admin);
});
afterAll(() => app.close());

const ADD = "mutation ($input: AddReviewInput!) { addReview(input: $input) { id } }";
const add = async (run: { id: string }, ordinal: number, verdict: "PASS" | "FAIL" = "PASS"): Promise<string> => (await app.data(ADD, { input: { resultId: resultId(run.id, ordinal), verdict, comment: `Review of ${ordinal}.` } }))["addReview"].id;

describe("TestRun.reviews", () => {
  const PAGE = "query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String) { testRun(ref: { id: $id }) { reviews(first: $first, after: $after, last: $last, before: $before) { totalCount nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }";
  const page = async (id: string, args: Record<string, unknown>) => (await app.data(PAGE, { id, ...args }))["testRun"].reviews;

  it("come newest first, page by page in both directions", async () => {
    const run = await givenReviewableRun(app.database.db, owner);
    const ids: string[] = [];
    for (const ordinal of [1, 2, 3, 4, 1]) ids.unshift(await add(run, ordinal));
    const shown = (answer: { nodes: { id: string }[] }): string[] => answer.nodes.map(({ id }) => id);
    const first = await page(run.id, { first: 2 });
    expect([shown(first), first.totalCount, first.pageInfo.hasNextPage, first.pageInfo.hasPreviousPage]).toEqual([ids.slice(0, 2), 5, true, false]);
    const second = await page(run.id, { first: 2, after: first.pageInfo.endCursor });
    expect([shown(second), second.pageInfo.hasNextPage, second.pageInfo.hasPreviousPage]).toEqual([ids.slice(2, 4), true, true]);
    const last = await page(run.id, { last: 2 });
    expect([shown(last), last.pageInfo.hasNextPage, last.pageInfo.hasPreviousPage]).toEqual([ids.slice(3), false, true]);
    const back = await page(run.id, { last: 2, before: second.pageInfo.startCursor });
    expect([shown(back), back.pageInfo.hasNextPage, back.pageInfo.hasPreviousPage]).toEqual([ids.slice(0, 2), true, false]);
    expect(await app.error(PAGE, { id: run.id, first: 201 })).toMatchObject({ code: "BAD_USER_INPUT", reason: "PAGE_TOO_LARGE" });
    expect(await app.error(PAGE, { id: run.id, first: 1, after: "nonsense" })).toMatchObject({ code: "BAD_USER_INPUT", reason: "CURSOR_INVALID" });
  });
});

describe("a review", () => {
  it("is a node of its organization, and stands among the reviews of its result, newest first", async () => {
    const run = await givenReviewableRun(app.database.db, owner);
    const ids = [await add(run, 1), await add(run, 1)];
    const NODE = "query ($id: ID!) { node(id: $id) { __typename ... on Review { comment result { id reviews { id } } } } }";
    expect((await app.data(NODE, { id: ids[0] }))["node"]).toEqual({ __typename: "Review", comment: "Review of 1.", result: { id: resultId(run.id, 1), reviews: [{ id: ids[1] }, { id: ids[0] }] } });
    expect((await app.data(NODE, { id: ids[0] }, await app.otherOrganization()))["node"]).toBeNull();
    expect((await app.data(NODE, { id: newId(IdKind.REVIEW) }))["node"]).toBeNull();
    expect((await app.data("query ($id: ID!) { testResult(id: $id) { reviews { id } } }", { id: resultId(run.id, 6) }))["testResult"]).toEqual({ reviews: [] });
  });
});

describe("filters by review", () => {
  const RESULTS = "query ($filter: TestResultFilter, $id: ID!) { testResults(filter: $filter) { totalCount nodes { position } } testRun(ref: { id: $id }) { results(filter: $filter) { totalCount nodes { position } } } }";
  const positions = async (run: SeededRun, filter: Record<string, unknown>): Promise<number[]> => {
    const { testResults, testRun } = await app.data(RESULTS, { filter: { runId: run.id, ...filter }, id: run.id });
    const shown = testResults.nodes.map((node: { position: number }) => node.position);
    expect([testResults.totalCount, testRun.results.totalCount, testRun.results.nodes.map((node: { position: number }) => node.position)]).toEqual([shown.length, shown.length, shown]);
    return shown;
  };

  it("find results that are reviewed and corrected, or are not, planned ones included", async () => {
    const run = await givenReviewableRun(app.database.db, owner);
    await add(run, 1, "PASS");
    await add(run, 2, "PASS");
    expect(await positions(run, { reviewed: true })).toEqual([1, 2]);
    expect(await positions(run, { reviewed: false })).toEqual([3, 4, 5, 6]);
    expect(await positions(run, { corrected: true })).toEqual([1]);
    expect(await positions(run, { corrected: false })).toEqual([2, 3, 4, 5, 6]);
    expect(await positions(run, { reviewed: true, corrected: false })).toEqual([2]);
    expect(await positions(run, { reviewed: true, status: ["PASSED"], automatedStatus: ["FAILED"] })).toEqual([1]);
    expect(await positions(run, { reviewed: null })).toEqual([1, 2, 3, 4, 5, 6]);
    const everywhere = async (filter: Record<string, unknown>) => (await app.data("query ($filter: TestResultFilter) { testResults(filter: $filter) { totalCount nodes { position } } }", { filter }))["testResults"];
    expect(await everywhere({ testSetId: run.testSet.id, reviewed: true })).toEqual({ totalCount: 2, nodes: [{ position: 1 }, { position: 2 }] });
    expect(await everywhere({ testId: run.testSet.tests[0]?.id, corrected: true })).toEqual({ totalCount: 1, nodes: [{ position: 1 }] });
  });

  it("find runs that have reviews, or have none", async () => {
    const testSet = await givenTestSet(app.database.db, owner, { tests: 6 });
    const [reviewed, bare] = [await givenReviewableRun(app.database.db, owner, { testSet }), await givenReviewableRun(app.database.db, owner, { testSet })];
    const id = await add(reviewed, 1);
    const found = async (hasReviews: boolean) => (await app.data("query ($filter: TestRunFilter) { testRuns(filter: $filter) { totalCount nodes { id } } }", { filter: { testSetId: testSet.id, hasReviews } }))["testRuns"];
    expect(await found(true)).toEqual({ totalCount: 1, nodes: [{ id: reviewed.id }] });
    expect(await found(false)).toEqual({ totalCount: 1, nodes: [{ id: bare.id }] });
    await app.data("mutation ($id: ID!) { deleteReview(id: $id) { id } }", { id });
    expect((await found(true)).totalCount).toBe(0);
  });
});

describe("lists of reviews", () => {
  it("cost the same number of statements for 2 and for 20 runs, results and reviews", async () => {
    const source = "query ($tags: [String!]) { testRuns(filter: { tags: $tags }) { nodes { reviews(first: 5) { totalCount nodes { author { name } result { status } metricResult { id } } } results(first: 3) { nodes { reviews { verdict author { name } } } } } } }";
    const count = async (tag: string, runs: number): Promise<number> => {
      for (let index = 0; index < runs; index += 1) {
        const run = await givenRun(app.database.db, owner, { status: "COMPLETED", tags: [tag], results: [{ ordinal: 1, status: "FAILED" }, { ordinal: 2, status: "PASSED" }] });
        await add(run, 1);
        await add(run, 2);
      }
      return app.countStatements(source, { tags: [tag] });
    };
    expect(await count("twenty", 20)).toBe(await count("two", 2));
  });
});
