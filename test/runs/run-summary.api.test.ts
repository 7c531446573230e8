import type { GraphQLObjectType } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IdKind, newId } from "../../src/ids.js";
import { recordOutcomes, RunSummaries } from "../../src/runs/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenBehavior, givenMetric, givenRun, givenTestSet, type Owner, ownerOf, type ResultSeed, type RunSeed, type SeededMetric } from "../support/seed.js";
import { bus, NOW, outcomesOf } from "./recording.js";

let app: TestApp;
let owner: Owner;
let numeric: SeededMetric;
let binary: SeededMetric;
let categorical: SeededMetric;
beforeAll(async () => {
  app = await createTestApp();
  owner = await ownerOf(app.database.db, app.admin);
  numeric = await givenMetric(app.database.db, owner, { name: "closeness", scoreType: "NUMERIC" });
  binary = await givenMetric(app.database.db, owner, { name: "exact", scoreType: "BINARY" });
  categorical = await givenMetric(app.database.db, owner, { name: "tone", scoreType: "CATEGORICAL" });
});
afterAll(() => app.close());

const SUMMARIES = `query ($id: ID!) { testRun(ref: { id: $id }) { passRate coverage reviewCounts { reviewed corrected } latency { count mean min p50 p90 p95 p99 max }
  metricSummaries { name metricVersion metric { id } passed failed errored skipped inconclusive passRate mean standardDeviation min max p50 passRateInterval { low high } categories { category count } } } }`;
const summariesOf = async (id: string) => (await app.data(SUMMARIES, { id }))["testRun"];

/** Scores 0.2, 0.4, 0.9 by closeness; exact passes once of three; tones: kind twice, rude once; then an error without scores and one that is skipped. */
const FIVE: readonly ResultSeed[] = [
  { ordinal: 1, status: "FAILED", latencyMs: 10, metricResults: [{ status: "FAILED", score: 0.2 }, { status: "FAILED", score: 0, category: "fail" }, { status: "PASSED", category: "kind" }] },
  { ordinal: 2, status: "FAILED", latencyMs: 20, metricResults: [{ status: "FAILED", score: 0.4 }, { status: "PASSED", score: 1, category: "pass" }, { status: "FAILED", category: "rude" }] },
  { ordinal: 3, status: "FAILED", latencyMs: 30, metricResults: [{ status: "PASSED", score: 0.9 }, { status: "FAILED", score: 0, category: "fail" }, { status: "PASSED", category: "kind" }] },
  { ordinal: 4, status: "ERROR", latencyMs: 40, errorType: "METRIC", metricResults: [{ status: "ERROR" }, { status: "SKIPPED" }, { status: "INCONCLUSIVE", score: 7, category: "unheard of" }] },
  { ordinal: 5, status: "ERROR", output: null, errorType: "TIMEOUT" },
];

async function givenFive(seed: RunSeed = {}) {
  const testSet = await givenTestSet(app.database.db, owner, { tests: 6 });
  return givenRun(app.database.db, owner, { testSet, metrics: [numeric, binary, categorical], results: FIVE, ...seed });
}

describe("summaries of a run", () => {
  it("are counted from its results, means and intervals included", async () => {
    const run = await givenFive({ status: "RUNNING" });
    const { metricSummaries, ...rest } = await summariesOf(run.id);
    expect(rest).toMatchObject({ passRate: 0, reviewCounts: { reviewed: 0, corrected: 0 } });
    expect(rest.coverage).toBeCloseTo(3 / 6, 12);
    const [closeness, exact, tone] = metricSummaries;
    expect(closeness).toMatchObject({ name: "closeness", metricVersion: 1, metric: { id: numeric.id }, passed: 1, failed: 2, errored: 1, skipped: 0, inconclusive: 0, min: 0.2, max: 0.9, p50: 0.4, categories: [] });
    expect(closeness.passRate).toBeCloseTo(1 / 3, 12);
    expect(closeness.mean).toBeCloseTo(0.5, 12);
    // ((0.3)² + (0.1)² + (0.4)²) / 2 = 0.13
    expect(closeness.standardDeviation).toBeCloseTo(Math.sqrt(0.13), 12);
    // Wilson's formula by hand, with z² = 3.841459: (1 + 1.920729 ± 1.959964 √(2/3 + 0.960365)) / 6.841459
    expect(closeness.passRateInterval.low).toBeCloseTo((2.920729 - 1.959964 * Math.sqrt(1.627031)) / 6.841459, 5);
    expect(closeness.passRateInterval.high).toBeCloseTo((2.920729 + 1.959964 * Math.sqrt(1.627031)) / 6.841459, 5);
    expect(exact).toMatchObject({ passed: 1, failed: 2, skipped: 1, min: 0, max: 1, p50: 0, categories: [{ category: "fail", count: 2 }, { category: "pass", count: 1 }] });
    expect(exact.mean).toBeCloseTo(1 / 3, 12);
    expect(tone).toMatchObject({ passed: 2, failed: 1, inconclusive: 1, mean: null, standardDeviation: null, min: null, max: null, p50: null, categories: [{ category: "kind", count: 2 }, { category: "rude", count: 1 }] });
  });

  it("interpolate percentiles of the latency of answered calls", async () => {
    const run = await givenFive({ status: "RUNNING" });
    // Of 10, 20, 30, 40: the rank of p90 is 1 + 0.9 · 3 = 3.7, which is 30 + 0.7 · 10.
    const { latency } = await summariesOf(run.id);
    expect(latency).toMatchObject({ count: 4, mean: 25, min: 10, p50: 25, max: 40 });
    expect([latency.p90, latency.p95, latency.p99].map((value: number) => Math.round(value * 1e6) / 1e6)).toEqual([37, 38.5, 39.7]);
  });

  it("say what judging has cost as people would add it up, without what floating point leaves behind", async () => {
    let judgeCost = 0;
    for (let call = 0; call < 15; call += 1) judgeCost += 0.000_45;
    expect(judgeCost).not.toBe(0.006_75);
    const run = await givenFive({ usage: JSON.stringify({ judgeCalls: 15, judgeCost }) });
    expect((await app.data("query ($id: ID!) { testRun(ref: { id: $id }) { usage { judgeCalls judgeCost } } }", { id: run.id }))["testRun"]).toEqual({ usage: { judgeCalls: 15, judgeCost: 0.006_75 } });
  });

  it("are null or zero where there is nothing to compute from", async () => {
    const run = await givenRun(app.database.db, owner, { metrics: [numeric], status: "QUEUED" });
    const { metricSummaries, ...rest } = await summariesOf(run.id);
    expect(rest).toMatchObject({ passRate: null, coverage: 0, latency: null });
    expect(metricSummaries).toEqual([
      { name: "closeness", metricVersion: 1, metric: { id: numeric.id }, passed: 0, failed: 0, errored: 0, skipped: 0, inconclusive: 0, passRate: null, mean: null, standardDeviation: null, min: null, max: null, p50: null, passRateInterval: null, categories: [] },
    ]); // prettier-ignore
    const bare = await givenRun(app.database.db, owner, { status: "QUEUED" });
    expect((await summariesOf(bare.id)).metricSummaries).toEqual([]);
  });

  it("have no standard deviation for a single score, and no latency for a re-score", async () => {
    const run = await givenRun(app.database.db, owner, { kind: "RESCORE", metrics: [numeric], results: [{ ordinal: 1, status: "PASSED", latencyMs: 5, metricResults: [{ score: 0.5 }] }] });
    const { metricSummaries, latency } = await summariesOf(run.id);
    expect([metricSummaries[0].mean, metricSummaries[0].standardDeviation, latency]).toEqual([0.5, null, null]);
  });

  it("are priced high, as each is a look at all results", () => {
    const fields = (app.schema.getType("TestRun") as GraphQLObjectType).getFields();
    expect([fields["metricSummaries"]?.extensions, fields["breakdown"]?.extensions]).toEqual([{ complexity: 20 }, { complexity: 50 }]);
  });

  it("cost the same number of statements for 2 and for 20 runs", async () => {
    const source = "query ($tags: [String!]) { testRuns(filter: { tags: $tags }) { nodes { passRate latency { p95 } reviewCounts { reviewed } breakdown(by: TAG) { key passRate } metricSummaries { name metric { name } passRate categories { count } } } } }";
    const count = async (tag: string, runs: number): Promise<number> => {
      for (let index = 0; index < runs; index += 1) await givenFive({ status: "RUNNING", tags: [tag] });
      return app.countStatements(source, { tags: [tag] });
    };
    expect(await count("twenty", 20)).toBe(await count("two", 2));
  });
});

describe("the summary of a run that has ended", () => {
  const keptIn = async (id: string) => (await app.database.db.selectFrom("testRuns").select(["summary", "version"]).where("organizationId", "=", owner.organizationId).where("id", "=", id).executeTakeFirstOrThrow());

  it("is kept by the write that ends the run, and read from there", async () => {
    const run = await givenRun(app.database.db, owner, { status: "RUNNING", metrics: [numeric] });
    const make = outcomesOf(run);
    const deps = { db: app.database.db, bus, now: () => NOW };
    await recordOutcomes(deps, owner, { runId: run.id, outcomes: [make.judged(1, "PASSED", "a")], running: new Map() });
    expect((await keptIn(run.id)).summary).toBeNull();
    await recordOutcomes(deps, owner, { runId: run.id, outcomes: [make.judged(2, "PASSED", "b")], running: new Map() });
    expect((await keptIn(run.id)).summary).toMatchObject({ metrics: [{ name: "closeness", passed: 2, mean: 1 }], latency: { count: 2, p50: 5 } });
    // What stands in the rows no longer counts: nothing is computed again.
    await app.database.db.deleteFrom("metricResults").where("organizationId", "=", owner.organizationId).where("runId", "=", run.id).execute();
    expect((await summariesOf(run.id)).metricSummaries[0]).toMatchObject({ passed: 2 });
    app.database.statements.length = 0;
    expect((await new RunSummaries(app.database).find(owner, [run.id])).get(run.id)?.metrics[0]).toMatchObject({ passed: 2, scored: 2 });
    expect(app.database.statements).toHaveLength(1);
  });

  it("is not read with its run unless something of it is asked for", async () => {
    const run = await givenFive({ status: "COMPLETED" });
    await summariesOf(run.id);
    const statements = async (fields: string): Promise<readonly string[]> => {
      app.database.statements.length = 0;
      await app.data(`query ($ids: [String!]) { testRuns(filter: { name: { in: $ids } }) { nodes { name ${fields} } } }`, { ids: [run.name] });
      return app.database.statements.filter((statement) => statement.includes("summary"));
    };
    expect(await statements("passRate reviewCounts { corrected }")).toEqual([]);
    expect(await statements("metricSummaries { passed } latency { p50 }")).toHaveLength(1);
  });

  it("is kept by the first reader where the end did not keep it, without a step for subscribers", async () => {
    const run = await givenFive({ status: "PARTIAL" });
    const { version } = await keptIn(run.id);
    await summariesOf(run.id);
    expect(await keptIn(run.id)).toMatchObject({ version, summary: { metrics: [{ passed: 1 }, { passed: 1 }, { passed: 2 }] } });
  });

  it("is not kept of a run that goes on, and an old one is not shown", async () => {
    const run = await givenFive({ status: "RUNNING", summary: JSON.stringify({ metrics: [], latency: null }) });
    expect((await summariesOf(run.id)).metricSummaries).toHaveLength(3);
    expect((await keptIn(run.id)).summary).toEqual({ metrics: [], latency: null });
  });

  it("is nothing for ids of other organizations", async () => {
    const run = await givenFive();
    const other = await app.otherOrganization();
    expect([...(await new RunSummaries(app.database).find(other, [run.id, newId(IdKind.TEST_RUN)]))]).toEqual([]);
  });
});

describe("the breakdown of a run", () => {
  const BREAKDOWN = "query ($id: ID!, $by: BreakdownField!) { testRun(ref: { id: $id }) { breakdown(by: $by) { key passed failed errored passRate } } }";

  it("counts verdicts by the behavior that tests had then, with tests without one last", async () => {
    const [refusal, accuracy] = [await givenBehavior(app.database.db, owner, "Refusal"), await givenBehavior(app.database.db, owner, "accuracy")];
    const testSet = await givenTestSet(app.database.db, owner, { tests: [{ behaviorId: refusal }, { behaviorId: accuracy }, { behaviorId: accuracy }, {}, { behaviorId: refusal }, { behaviorId: refusal }] });
    const results: ResultSeed[] = [{ ordinal: 1, status: "ERROR" }, { ordinal: 2, status: "PASSED" }, { ordinal: 3, status: "FAILED" }, { ordinal: 4, status: "PASSED" }, { ordinal: 5, status: "RUNNING" }];
    const run = await givenRun(app.database.db, owner, { status: "RUNNING", testSet, results });
    expect((await app.data(BREAKDOWN, { id: run.id, by: "BEHAVIOR" }))["testRun"].breakdown).toEqual([
      { key: "accuracy", passed: 1, failed: 1, errored: 0, passRate: 0.5 },
      { key: "Refusal", passed: 0, failed: 0, errored: 1, passRate: null },
      { key: null, passed: 1, failed: 0, errored: 0, passRate: 1 },
    ]);
    for (const by of ["CATEGORY", "TOPIC", "USE_CASE"]) expect((await app.data(BREAKDOWN, { id: run.id, by }))["testRun"].breakdown).toEqual([{ key: null, passed: 2, failed: 1, errored: 1, passRate: 2 / 3 }]);
  });

  it("counts a test under each of its tags", async () => {
    const testSet = await givenTestSet(app.database.db, owner, { tests: [{ tags: ["hard", "maths"] }, { tags: ["maths"] }, {}] });
    const run = await givenRun(app.database.db, owner, { testSet, results: [{ ordinal: 1, status: "FAILED" }, { ordinal: 2, status: "PASSED" }, { ordinal: 3, status: "PASSED" }] });
    expect((await app.data(BREAKDOWN, { id: run.id, by: "TAG" }))["testRun"].breakdown).toEqual([
      { key: "hard", passed: 0, failed: 1, errored: 0, passRate: 0 },
      { key: "maths", passed: 1, failed: 1, errored: 0, passRate: 0.5 },
      { key: null, passed: 1, failed: 0, errored: 0, passRate: 1 },
    ]);
  });
});
