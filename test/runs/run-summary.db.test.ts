import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { RunSummaries } from "../../src/runs/index.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { givenEndpoint, givenMetric, givenOwner, givenRun, givenTestSet, type Owner, type RunSeed } from "../support/seed.js";

const TESTS = 30;

let database: TestDatabase;
let owner: Owner;
let design: Required<Pick<RunSeed, "testSet" | "endpoint" | "metrics">>;
beforeAll(async () => {
  database = await createTestDatabase();
  owner = await givenOwner(database.db);
  const metrics = [await givenMetric(database.db, owner, { scoreType: "NUMERIC" }), await givenMetric(database.db, owner, { scoreType: "CATEGORICAL" })];
  design = { testSet: await givenTestSet(database.db, owner, { tests: TESTS }), endpoint: await givenEndpoint(database.db, owner), metrics };
});
afterAll(() => database.drop());

const STATUSES = ["PASSED", "FAILED", "ERROR", "SKIPPED", "INCONCLUSIVE"] as const;
/** Without -0, which the database and Math.min order in ways of their own. */
const number = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true }).map((value) => value + 0);
const result = fc.record({
  latencyMs: fc.option(number(0, 60_000)),
  status: fc.constantFrom(...STATUSES),
  automatedStatus: fc.constantFrom(...STATUSES),
  score: number(-100, 100),
  category: fc.constantFrom("kind", "rude", "odd"),
});

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** The value at a fraction of the ranks 1 … n, between the two nearest ones. */
function percentile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = fraction * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(rank)] ?? 0, sorted[Math.ceil(rank)] ?? 0];
  return below + (above - below) * (rank - Math.floor(rank));
}

/** Sums hang on the order of the rows in their last digits. */
function expectNear(actual: number | null | undefined, expected: number | null): void {
  if (actual == null || expected === null) expect(actual).toBe(expected);
  else expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(expected)));
}

it("a run's summary is what its results come to, one by one: counts by the verdict that counts, statistics by the automated ones", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(result, { maxLength: TESTS }), async (results) => {
      const run = await givenRun(database.db, owner, {
        ...design,
        status: "RUNNING",
        results: results.map(({ latencyMs, category, ...judged }, index) => ({ ordinal: index + 1, status: "PASSED", latencyMs, metricResults: [judged, { ...judged, score: null, category }] })),
      });
      const summary = (await new RunSummaries(database).find(owner, [run.id])).get(run.id);
      const scored = results.filter(({ automatedStatus }) => automatedStatus === "PASSED" || automatedStatus === "FAILED");
      const scores = scored.map((each) => each.score);
      const mean = scores.length === 0 ? null : sum(scores) / scores.length;
      for (const metric of summary?.metrics ?? []) {
        const { passed, failed, errored, skipped, inconclusive } = metric;
        expect([passed, failed, errored, skipped, inconclusive]).toEqual(STATUSES.map((status) => results.filter((each) => each.status === status).length));
        expect(metric.scored).toBe(scored.length);
      }
      const [numeric, categorical] = summary?.metrics ?? [];
      expectNear(numeric?.mean, mean);
      expectNear(numeric?.standardDeviation, mean === null || scores.length < 2 ? null : Math.sqrt(sum(scores.map((value) => (value - mean) ** 2)) / (scores.length - 1)));
      expectNear(numeric?.p50, mean === null ? null : percentile(scores, 0.5));
      expect([numeric?.min, numeric?.max]).toEqual(mean === null ? [null, null] : [Math.min(...scores), Math.max(...scores)]);
      expect(categorical?.mean).toBeNull();
      const counts = Map.groupBy(scored, ({ category }) => category);
      expect(categorical?.categories).toEqual([...counts].map(([category, found]) => ({ category, count: found.length })).sort((a, b) => b.count - a.count || (a.category < b.category ? -1 : 1)));
      const latencies = results.flatMap(({ latencyMs }) => (latencyMs === null ? [] : [latencyMs]));
      if (latencies.length === 0) {
        expect(summary?.latency).toBeNull();
        return;
      }
      expect(summary?.latency).toMatchObject({ count: latencies.length, min: Math.min(...latencies), max: Math.max(...latencies) });
      expectNear(summary?.latency?.mean, sum(latencies) / latencies.length);
      for (const [key, fraction] of [["p50", 0.5], ["p90", 0.9], ["p95", 0.95], ["p99", 0.99]] as const) expectNear(summary?.latency?.[key], percentile(latencies, fraction));
    }),
    { numRuns: 25 },
  );
});
