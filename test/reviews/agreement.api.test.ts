import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IdKind, metricResultId, newId, resultId } from "../../src/ids.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenMetric, givenRun, givenTestSet, NOW, type Owner, ownerOf, type ResultSeed, type SeededMetric } from "../support/seed.js";

let app: TestApp;
let owner: Owner;
beforeAll(async () => {
  app = await createTestApp();
  owner = await ownerOf(app.database.db, app.admin);
});
afterAll(() => app.close());

const AGREEMENT = "query ($id: ID!, $version: Int) { metric(ref: { id: $id }) { agreement(version: $version) { reviewed truePass falsePass trueFail falseFail accuracy kappa } } }";
const agreementOf = async (metric: SeededMetric, version?: number) => (await app.data(AGREEMENT, { id: metric.id, version }))["metric"].agreement;

async function review(runId: string, ordinal: number, verdict: "PASS" | "FAIL", target: "METRIC" | "RESULT" = "METRIC", metricIndex = 0): Promise<string> {
  const input = { resultId: resultId(runId, ordinal), target, metricResultId: target === "METRIC" ? metricResultId(runId, ordinal, metricIndex) : null, verdict, comment: "Because." };
  return (await app.data("mutation ($input: AddReviewInput!) { addReview(input: $input) { id } }", { input }))["addReview"].id;
}

/** A run in which the metric passed the first results and failed the others; then one that is inconclusive. */
async function givenJudged(metrics: readonly SeededMetric[], passed: number, failed: number) {
  const one = (ordinal: number, status: "PASSED" | "FAILED" | "ERROR", verdict: "PASSED" | "FAILED" | "INCONCLUSIVE"): ResultSeed => ({ ordinal, status, errorType: status === "ERROR" ? "METRIC" : null, metricResults: metrics.map(() => ({ status: verdict })) });
  const results = Array.from({ length: passed + failed }, (_, index) => one(index + 1, index < passed ? "PASSED" : "FAILED", index < passed ? "PASSED" : "FAILED"));
  const testSet = await givenTestSet(app.database.db, owner, { tests: passed + failed + 1 });
  return givenRun(app.database.db, owner, { testSet, metrics, results: [...results, one(passed + failed + 1, "ERROR", "INCONCLUSIVE")] });
}

describe("Metric.agreement", () => {
  it("counts the newest METRIC review of each automated verdict, over all runs", async () => {
    const [metric, other] = [await givenMetric(app.database.db, owner), await givenMetric(app.database.db, owner)];
    const [first, second] = [await givenJudged([other, metric], 3, 2), await givenJudged([metric], 1, 1)];
    await review(first.id, 1, "FAIL", "METRIC", 1);
    await review(first.id, 1, "PASS", "METRIC", 1); // newer than the one above
    await review(first.id, 2, "PASS", "METRIC", 1);
    await review(first.id, 3, "FAIL", "METRIC", 1);
    await review(first.id, 4, "FAIL", "METRIC", 1);
    await review(second.id, 2, "PASS");
    // Neither a review of the whole result, nor of another metric, nor of what has no automated verdict.
    await review(second.id, 1, "FAIL", "RESULT");
    await review(first.id, 5, "PASS", "METRIC", 0);
    await review(first.id, 6, "PASS", "METRIC", 1);
    // po = 3/5; pe = (3·3 + 2·2) / 25 = 13/25: kappa = (15 - 13) / (25 - 13)
    expect(await agreementOf(metric)).toEqual({ reviewed: 5, truePass: 2, falsePass: 1, trueFail: 1, falseFail: 1, accuracy: 0.6, kappa: 2 / 12 });
    expect(await agreementOf(other)).toEqual({ reviewed: 1, truePass: 0, falsePass: 0, trueFail: 0, falseFail: 1, accuracy: 0, kappa: 0 });
  });

  it("is of one version: the latest unless one is named, and null for one that the metric does not have", async () => {
    const metric = await givenMetric(app.database.db, owner);
    const run = await givenJudged([metric], 1, 1);
    const id = await review(run.id, 1, "PASS");
    const versionId = newId(IdKind.METRIC_VERSION);
    await app.database.db.insertInto("metricVersions").values({ organizationId: owner.organizationId, id: versionId, metricId: metric.id, number: 2, definition: { name: metric.name, kind: "BUILT_IN", scoreType: "NUMERIC" }, createdById: null, createdAt: NOW }).execute();
    await app.database.db.updateTable("metrics").set({ latestVersion: 2 }).where("organizationId", "=", owner.organizationId).where("id", "=", metric.id).execute();
    expect(await agreementOf(metric)).toEqual({ reviewed: 0, truePass: 0, falsePass: 0, trueFail: 0, falseFail: 0, accuracy: null, kappa: null });
    expect(await agreementOf(metric, 1)).toMatchObject({ reviewed: 1, truePass: 1, accuracy: 1, kappa: null });
    expect(await agreementOf(metric, 3)).toBeNull();
    await app.data("mutation ($id: ID!) { deleteReview(id: $id) { id } }", { id });
    expect(await agreementOf(metric, 1)).toMatchObject({ reviewed: 0 });
  });

  it("costs the same number of statements for 2 and for 20 metrics", async () => {
    const count = async (prefix: string, metrics: number): Promise<number> => {
      for (let index = 0; index < metrics; index += 1) {
        const run = await givenJudged([await givenMetric(app.database.db, owner, { name: `${prefix} ${index}` })], 1, 1);
        await review(run.id, 1, "FAIL");
      }
      return app.countStatements("query ($prefix: String) { metrics(filter: { name: { startsWith: $prefix } }) { nodes { agreement { kappa } } } }", { prefix });
    };
    expect(await count("twenty", 20)).toBe(await count("two", 2));
  });
});
