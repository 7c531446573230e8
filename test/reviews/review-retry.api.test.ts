import { afterAll, beforeAll, expect, it } from "vitest";
import { metricResultId, resultId } from "../../src/ids.js";
import { recordOutcomes, RunSummaries } from "../../src/runs/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenMetric, givenRun, givenTestSet, type Owner, ownerOf, type ResultSeed } from "../support/seed.js";
import { bus, NOW, outcomesOf } from "../runs/recording.js";
import { stateOf } from "./review-world.js";

let app: TestApp;
let owner: Owner;
beforeAll(async () => {
  app = await createTestApp();
  owner = await ownerOf(app.database.db, app.admin);
});
afterAll(() => app.close());

const add = async (input: Record<string, unknown>): Promise<string> => (await app.data("mutation ($input: AddReviewInput!) { addReview(input: $input) { id } }", { input: { comment: "Because.", ...input } }))["addReview"].id;

/** Two metrics that came to no verdict. */
const undecided = (ordinal: number): ResultSeed => ({ ordinal, status: "ERROR", errorType: "METRIC", metricResults: [{ status: "INCONCLUSIVE" }, { status: "INCONCLUSIVE" }] });

it("a retry takes back what no reviewer has judged; counters, summary and status agree when it is done, and when reviews go", async () => {
  const { db } = app.database;
  const testSet = await givenTestSet(db, owner, { tests: 4 });
  const run = await givenRun(db, owner, { status: "FAILED", testSet, metrics: [await givenMetric(db, owner), await givenMetric(db, owner)], results: [1, 2, 3, 4].map(undecided) });
  await add({ resultId: resultId(run.id, 1), target: "METRIC", metricResultId: metricResultId(run.id, 1, 0), verdict: "PASS" });
  await add({ resultId: resultId(run.id, 2), target: "TURN", turn: 1, verdict: "FAIL" });
  const whole = await add({ resultId: resultId(run.id, 3), verdict: "PASS" });
  await new RunSummaries({ db }).find(owner, [run.id]);

  const { retryTestRun } = await app.data("mutation ($id: ID!) { retryTestRun(id: $id) { status metricSummaries { passed inconclusive } reviewCounts { reviewed corrected } progress { passed failed errored finished } } }", { id: run.id });
  expect(retryTestRun).toEqual({
    status: "RUNNING", reviewCounts: { reviewed: 3, corrected: 1 }, progress: { passed: 1, failed: 0, errored: 1, finished: 2 },
    metricSummaries: [{ passed: 1, inconclusive: 1 }, { passed: 0, inconclusive: 2 }],
  }); // prettier-ignore

  const make = outcomesOf(run);
  await recordOutcomes({ db, bus, now: () => NOW }, owner, { runId: run.id, outcomes: [make.judgedLater(2, "PASSED", "again"), make.judgedLater(4, "PASSED", "again")], running: new Map() });
  const after = await stateOf(db, owner, run.id);
  // Two results are still in error by their automated verdicts, whatever reviewers say of one of them.
  expect(after.run).toMatchObject({ status: "PARTIAL", passed: 3, failed: 0, errored: 1, reviewed: 3, corrected: 1, summary: { metrics: [{ passed: 3, inconclusive: 1 }, { passed: 0, inconclusive: 2 }] } });
  expect(after.results.map(({ status }) => status)).toEqual(["ERROR", "PASSED", "PASSED", "PASSED"]);

  await app.data("mutation ($id: ID!) { deleteReview(id: $id) { id } }", { id: whole });
  expect((await stateOf(db, owner, run.id)).run).toMatchObject({ status: "PARTIAL", passed: 2, errored: 2, reviewed: 2, corrected: 0 });
});
