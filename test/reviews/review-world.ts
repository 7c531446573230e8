import type { Db } from "../../src/db/index.js";
import type { Scope } from "../../src/viewer.js";
import { givenMetric, givenRun, givenTestSet, type Owner, type ResultSeed, type RunSeed, type SeededRun } from "../support/seed.js";

/** Of two metrics: failed and passed, both passed, one inconclusive, no answer at all, and one that is not judged yet. */
export const RESULTS: readonly ResultSeed[] = [
  { ordinal: 1, status: "FAILED", metricResults: [{ status: "FAILED", score: 0.2 }, { status: "PASSED", score: 0.9 }] },
  { ordinal: 2, status: "PASSED", metricResults: [{ status: "PASSED", score: 0.8 }, { status: "PASSED", score: 0.7 }] },
  { ordinal: 3, status: "ERROR", errorType: "METRIC", metricResults: [{ status: "INCONCLUSIVE" }, { status: "PASSED", score: 0.6 }] },
  { ordinal: 4, status: "ERROR", errorType: "TIMEOUT", output: null },
  { ordinal: 5, status: "RUNNING" },
];

/** A run of six tests with those results. */
export async function givenReviewableRun(db: Db, owner: Owner, seed: RunSeed = {}): Promise<SeededRun> {
  const metrics = seed.metrics ?? [await givenMetric(db, owner), await givenMetric(db, owner)];
  return givenRun(db, owner, { status: "RUNNING", testSet: await givenTestSet(db, owner, { tests: 6 }), metrics, results: RESULTS, ...seed });
}

/** What is stored of a run: its counters, and what counts and what was automated of each result. */
export async function stateOf(db: Db, scope: Scope, runId: string) {
  const where = { organizationId: scope.organizationId, runId };
  const run = await db.selectFrom("testRuns").select(["status", "passed", "failed", "errored", "reviewed", "corrected", "summary", "version"]).where("organizationId", "=", where.organizationId).where("id", "=", runId).executeTakeFirstOrThrow();
  const results = await db.selectFrom("testResults").select(["ordinal", "status", "automatedStatus", "reviewCount"]).where("organizationId", "=", where.organizationId).where("runId", "=", runId).orderBy("ordinal").execute();
  const metrics = await db.selectFrom("metricResults").select(["ordinal", "metricIndex", "status", "automatedStatus", "score"]).where("organizationId", "=", where.organizationId).where("runId", "=", runId).orderBy("ordinal").orderBy("metricIndex").execute();
  return { run, results, metrics };
}
