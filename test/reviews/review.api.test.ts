import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IdKind, metricResultId, newId, resultId } from "../../src/ids.js";
import { Role, type Viewer } from "../../src/viewer.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenRun, givenTestSet, type Owner, ownerOf } from "../support/seed.js";
import { givenReviewableRun, stateOf } from "./review-world.js";

let app: TestApp;
let owner: Owner;
let reviewer: Viewer;
let otherReviewer: Viewer;
beforeAll(async () => {
  app = await createTestApp();
  owner = await ownerOf(app.database.db, app.admin);
  [reviewer, otherReviewer] = [await viewerNamed("Rita"), await viewerNamed("Otto")];
});
afterAll(() => app.close());

async function viewerNamed(name: string): Promise<Viewer> {
  const id = newId(IdKind.USER);
  await app.database.db.insertInto("users").values({ organizationId: owner.organizationId, id, name, email: `${id}@example.com`, role: "REVIEWER", createdAt: new Date() }).execute();
  return { ...app.admin, userId: id, role: Role.REVIEWER };
}

const REVIEW = "id target turn verdict comment author { name } createdAt updatedAt result { id status automatedStatus } metricResult { id status automatedStatus score }";
const ADD = `mutation ($input: AddReviewInput!) { addReview(input: $input) { ${REVIEW} } }`;
const UPDATE = `mutation ($input: UpdateReviewInput!) { updateReview(input: $input) { ${REVIEW} } }`;
const DELETE = "mutation ($id: ID!) { deleteReview(id: $id) { id status automatedStatus reviews { id } metricResults { status automatedStatus } } }";
const RUN = "query ($id: ID!) { testRun(ref: { id: $id }) { status passRate coverage progress { passed failed errored } reviewCounts { reviewed corrected } metricSummaries { passed failed inconclusive mean passRate } breakdown(by: TAG) { passed failed errored } } }";

const add = async (input: Record<string, unknown>, viewer: Viewer = reviewer) => (await app.data(ADD, { input: { comment: "Because.", ...input } }, viewer))["addReview"];
const runOf = async (id: string) => (await app.data(RUN, { id }))["testRun"];
const refused = (input: Record<string, unknown>, viewer: Viewer = reviewer) => app.error(ADD, { input: { comment: "Because.", verdict: "PASS", ...input } }, viewer);

describe("addReview", () => {
  it("of a whole result sets its status; what was automated stays", async () => {
    const run = await givenReviewableRun(app.database.db, owner);
    const { version } = (await stateOf(app.database.db, owner, run.id)).run;
    const review = await add({ resultId: resultId(run.id, 1), verdict: "PASS", comment: "The judge is wrong: 4 is four." });
    // A step that subscribers see.
    expect((await stateOf(app.database.db, owner, run.id)).run.version).toBe(version + 1);
    expect(review).toMatchObject({
      target: "RESULT", turn: null, verdict: "PASS", comment: "The judge is wrong: 4 is four.", author: { name: "Rita" }, metricResult: null, createdAt: review.updatedAt,
      result: { id: resultId(run.id, 1), status: "PASSED", automatedStatus: "FAILED" },
    }); // prettier-ignore
    expect(await runOf(run.id)).toMatchObject({ progress: { passed: 2, failed: 0, errored: 2 }, passRate: 1, coverage: 2 / 6, reviewCounts: { reviewed: 1, corrected: 1 }, breakdown: [{ passed: 2, failed: 0, errored: 2 }] });
  });

  it("that confirms the verdict is counted as reviewed, not as corrected", async () => {
    const run = await givenReviewableRun(app.database.db, owner);
    await add({ resultId: resultId(run.id, 2), verdict: "PASS" });
    expect((await runOf(run.id)).reviewCounts).toEqual({ reviewed: 1, corrected: 0 });
  });

  it("of a metric sets its status and derives the result's again; scores and means stay", async () => {
    const run = await givenReviewableRun(app.database.db, owner);
    const means = (await runOf(run.id)).metricSummaries.map((summary: { mean: number }) => summary.mean);
    const review = await add({ resultId: resultId(run.id, 1), target: "METRIC", metricResultId: metricResultId(run.id, 1, 0), verdict: "PASS" });
    expect(review).toMatchObject({ target: "METRIC", result: { status: "PASSED", automatedStatus: "FAILED" }, metricResult: { id: metricResultId(run.id, 1, 0), status: "PASSED", automatedStatus: "FAILED", score: 0.2 } });
    const { metricSummaries } = await runOf(run.id);
    expect(metricSummaries).toMatchObject([{ passed: 2, failed: 0, inconclusive: 1, passRate: 1 }, { passed: 3, failed: 0 }]);
    expect(metricSummaries.map((summary: { mean: number }) => summary.mean)).toEqual(means);
  });

  it("of a turn is kept and counted, and changes no verdict", async () => {
    const testSet = await givenTestSet(app.database.db, owner, { tests: [{ goal: "Book a table" }] });
    const turn = (number: number) => ({ number, message: "m", response: "r", sessionId: null, context: [], toolCalls: null, latencyMs: 1, error: null });
    const run = await givenRun(app.database.db, owner, { testSet, results: [{ ordinal: 1, status: "FAILED", outputFields: { turns: JSON.stringify([turn(1), turn(2)]) } }] });
    expect(await add({ resultId: resultId(run.id, 1), target: "TURN", turn: 2, verdict: "PASS" })).toMatchObject({ target: "TURN", turn: 2, result: { status: "FAILED" } });
    expect(await runOf(run.id)).toMatchObject({ progress: { passed: 0, failed: 1 }, reviewCounts: { reviewed: 1, corrected: 0 } });
    expect((await refused({ resultId: resultId(run.id, 1), target: "TURN", turn: 3 }))["problems"]).toEqual([{ field: "input.turn", message: "The result has turns 1 to 2; there is no turn 3." }]);
  });

  it("takes a single answer as turn 1, and finds no turn without an answer", async () => {
    const run = await givenReviewableRun(app.database.db, owner);
    expect(await add({ resultId: resultId(run.id, 2), target: "TURN", turn: 1, verdict: "FAIL" })).toMatchObject({ turn: 1, result: { status: "PASSED" } });
    for (const [ordinal, turn] of [[2, 2], [2, 0], [4, 1]] as const) {
      expect(await refused({ resultId: resultId(run.id, ordinal), target: "TURN", turn })).toMatchObject({ code: "BAD_USER_INPUT", problems: [{ field: "input.turn" }] });
    }
  });

  it("is refused with every problem at once", async () => {
    const run = await givenReviewableRun(app.database.db, owner);
    const id = resultId(run.id, 1);
    const fields = async (input: Record<string, unknown>) => ((await refused({ resultId: id, ...input }))["problems"] as { field: string }[]).map(({ field }) => field);
    expect(await fields({ metricResultId: metricResultId(run.id, 1, 0), turn: 1, comment: " " })).toEqual(["input.metricResultId", "input.turn", "input.comment"]);
    expect(await fields({ target: "METRIC", turn: 1 })).toEqual(["input.metricResultId", "input.turn"]);
    expect(await fields({ target: "TURN", comment: "x".repeat(10_001) })).toEqual(["input.turn", "input.comment"]);
    expect(await fields({ target: "METRIC", metricResultId: metricResultId(run.id, 2, 0) })).toEqual(["input.metricResultId"]);
    expect((await stateOf(app.database.db, owner, run.id)).run.reviewed).toBe(0);
  });

  it("of a result without a verdict is RESULT_NOT_FINISHED, whether it has begun, was cancelled or not", async () => {
    const run = await givenReviewableRun(app.database.db, owner);
    for (const ordinal of [5, 6]) expect(await refused({ resultId: resultId(run.id, ordinal) })).toMatchObject({ code: "FAILED_PRECONDITION", reason: "RESULT_NOT_FINISHED" });
    const retried = await givenRun(app.database.db, owner, { status: "RUNNING", results: [{ ordinal: 1, status: "RUNNING" }] });
    await app.database.db.updateTable("testResults").set({ status: "PENDING", automatedStatus: "PENDING" }).where("organizationId", "=", owner.organizationId).where("runId", "=", retried.id).execute();
    expect(await refused({ resultId: resultId(retried.id, 1) })).toMatchObject({ code: "FAILED_PRECONDITION", reason: "RESULT_NOT_FINISHED" });
    const cancelled = await givenRun(app.database.db, owner, { status: "CANCELLED", results: [{ ordinal: 1, status: "CANCELLED" }] });
    for (const ordinal of [1, 2]) expect(await refused({ resultId: resultId(cancelled.id, ordinal) })).toMatchObject({ code: "FAILED_PRECONDITION", reason: "RESULT_NOT_FINISHED" });
  });

  it("of what is not there is NOT_FOUND", async () => {
    const run = await givenReviewableRun(app.database.db, owner);
    const ids = ["nonsense", run.id, resultId(run.id, 7), resultId(newId(IdKind.TEST_RUN), 1)];
    for (const id of ids) expect(await refused({ resultId: id })).toMatchObject({ code: "NOT_FOUND" });
    for (const id of ["nonsense", metricResultId(run.id, 1, 2)]) expect(await refused({ resultId: resultId(run.id, 1), target: "METRIC", metricResultId: id })).toMatchObject({ code: "NOT_FOUND" });
    expect(await refused({ resultId: resultId(run.id, 1) }, await app.otherOrganization())).toMatchObject({ code: "NOT_FOUND" });
  });

  it("needs the role REVIEWER", async () => {
    const run = await givenReviewableRun(app.database.db, owner);
    expect(await refused({ resultId: resultId(run.id, 1) }, app.viewerWith("VIEWER"))).toMatchObject({ code: "FORBIDDEN", reason: "ROLE_TOO_LOW" });
    expect(await add({ resultId: resultId(run.id, 1), verdict: "PASS" }, app.viewerWith("EDITOR"))).toMatchObject({ verdict: "PASS" });
  });

  it("never changes a run's status, whatever it makes of its errors", async () => {
    const run = await givenRun(app.database.db, owner, { status: "FAILED", results: [{ ordinal: 1, status: "ERROR", output: null, errorType: "HTTP" }, { ordinal: 2, status: "ERROR", output: null, errorType: "HTTP" }] });
    for (const ordinal of [1, 2]) await add({ resultId: resultId(run.id, ordinal), verdict: "PASS" });
    expect(await runOf(run.id)).toMatchObject({ status: "FAILED", passRate: 1, coverage: 1, progress: { passed: 2, errored: 0 }, reviewCounts: { reviewed: 2, corrected: 2 } });
  });

  it("moves the kept summary of a run that has ended, without computing it again", async () => {
    const run = await givenReviewableRun(app.database.db, owner, { status: "PARTIAL" });
    const before = (await runOf(run.id)).metricSummaries;
    await add({ resultId: resultId(run.id, 3), target: "METRIC", metricResultId: metricResultId(run.id, 3, 0), verdict: "FAIL" });
    const { run: stored } = await stateOf(app.database.db, owner, run.id);
    expect(stored.summary?.metrics[0]).toMatchObject({ passed: 1, failed: 2, inconclusive: 0, scored: 2 });
    expect((await runOf(run.id)).metricSummaries).toMatchObject([{ passed: 1, failed: 2, inconclusive: 0, mean: before[0].mean }, before[1]]);
    expect(await runOf(run.id)).toMatchObject({ progress: { passed: 1, failed: 2, errored: 1 } });
  });
});

describe("updateReview", () => {
  it("changes verdict and comment, keeps what is absent, and keeps its place among the reviews", async () => {
    const run = await givenReviewableRun(app.database.db, owner);
    const first = await add({ resultId: resultId(run.id, 1), verdict: "PASS" });
    const changed = (await app.data(UPDATE, { input: { id: first.id, verdict: "FAIL" } }, reviewer))["updateReview"];
    expect(changed).toMatchObject({ id: first.id, verdict: "FAIL", comment: "Because.", createdAt: first.createdAt, result: { status: "FAILED" } });
    const second = await add({ resultId: resultId(run.id, 1), verdict: "PASS" });
    // The older one stays the older one, however late it is edited.
    expect((await app.data(UPDATE, { input: { id: first.id, comment: "Still wrong." } }, reviewer))["updateReview"]).toMatchObject({ verdict: "FAIL", comment: "Still wrong.", result: { status: "PASSED" } });
    expect((await app.data(UPDATE, { input: { id: second.id, verdict: "FAIL" } }, reviewer))["updateReview"].result.status).toBe("FAILED");
  });

  it("refuses to clear what a review needs", async () => {
    const run = await givenReviewableRun(app.database.db, owner);
    const { id } = await add({ resultId: resultId(run.id, 1), verdict: "PASS" });
    expect((await app.error(UPDATE, { input: { id, verdict: null, comment: null } }, reviewer))["problems"]).toMatchObject([{ field: "input.verdict" }, { field: "input.comment" }]);
    expect(await app.error(UPDATE, { input: { id, comment: "" } }, reviewer)).toMatchObject({ code: "BAD_USER_INPUT", problems: [{ field: "input.comment" }] });
  });
});

describe("deleteReview", () => {
  it("restores what held before: the next newest review, then the automated verdict, an error included", async () => {
    const run = await givenReviewableRun(app.database.db, owner);
    const before = await stateOf(app.database.db, owner, run.id);
    const failed = await add({ resultId: resultId(run.id, 4), verdict: "FAIL" });
    const passed = await add({ resultId: resultId(run.id, 4), verdict: "PASS" });
    expect((await app.data(DELETE, { id: passed.id }, reviewer))["deleteReview"]).toMatchObject({ id: resultId(run.id, 4), status: "FAILED", automatedStatus: "ERROR", reviews: [{ id: failed.id }] });
    expect((await app.data(DELETE, { id: failed.id }, reviewer))["deleteReview"]).toMatchObject({ status: "ERROR", automatedStatus: "ERROR", reviews: [] });
    const after = await stateOf(app.database.db, owner, run.id);
    expect({ ...after, run: { ...after.run, version: before.run.version } }).toEqual(before);
    expect(await app.error(DELETE, { id: failed.id }, reviewer)).toMatchObject({ code: "NOT_FOUND" });
  });

  it("of a metric's review restores the metric and derives the result again", async () => {
    const run = await givenReviewableRun(app.database.db, owner);
    const review = await add({ resultId: resultId(run.id, 3), target: "METRIC", metricResultId: metricResultId(run.id, 3, 0), verdict: "PASS" });
    expect(review.result.status).toBe("PASSED");
    expect((await app.data(DELETE, { id: review.id }, reviewer))["deleteReview"]).toMatchObject({ status: "ERROR", metricResults: [{ status: "INCONCLUSIVE", automatedStatus: "INCONCLUSIVE" }, { status: "PASSED" }] });
  });
});

describe("who may change a review", () => {
  it("is its author, or an ADMIN", async () => {
    const run = await givenReviewableRun(app.database.db, owner);
    const { id } = await add({ resultId: resultId(run.id, 1), verdict: "PASS" });
    for (const viewer of [otherReviewer, { ...otherReviewer, role: Role.EDITOR }]) {
      expect(await app.error(UPDATE, { input: { id, verdict: "FAIL" } }, viewer)).toMatchObject({ code: "FORBIDDEN", reason: "ROLE_TOO_LOW" });
      expect(await app.error(DELETE, { id }, viewer)).toMatchObject({ code: "FORBIDDEN", reason: "ROLE_TOO_LOW" });
    }
    expect(await app.error(DELETE, { id }, { ...reviewer, role: Role.VIEWER })).toMatchObject({ code: "FORBIDDEN" });
    expect((await app.data(UPDATE, { input: { id, verdict: "FAIL" } }))["updateReview"]).toMatchObject({ verdict: "FAIL", author: { name: "Rita" } });
    expect((await app.data(DELETE, { id }))["deleteReview"].status).toBe("FAILED");
  });

  it("is nobody of another organization: it is not there", async () => {
    const run = await givenReviewableRun(app.database.db, owner);
    const { id } = await add({ resultId: resultId(run.id, 1), verdict: "PASS" });
    const other = await app.otherOrganization();
    expect(await app.error(DELETE, { id }, other)).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.error(UPDATE, { input: { id: "nonsense", verdict: "FAIL" } }, reviewer)).toMatchObject({ code: "NOT_FOUND" });
  });
});
