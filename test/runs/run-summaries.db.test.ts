import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RunSummaries } from "../../src/runs/index.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { givenMetric, givenOwner, givenRun, givenTestSet, type Owner, type SeededMetric, type SeededRun } from "../support/seed.js";
import { waitFor } from "../support/wait-for.js";

const TESTS = 40;

let database: TestDatabase;
let owner: Owner;
let metric: SeededMetric;
let testSet: Awaited<ReturnType<typeof givenTestSet>>;
beforeAll(async () => {
  database = await createTestDatabase();
  owner = await givenOwner(database.db);
  metric = await givenMetric(database.db, owner, { scoreType: "NUMERIC" });
  testSet = await givenTestSet(database.db, owner, { tests: TESTS });
});
afterAll(() => database.drop());

const givenLive = (): Promise<SeededRun> =>
  givenRun(database.db, owner, { testSet, metrics: [metric], status: "RUNNING", results: testSet.tests.map((_, index) => ({ ordinal: index + 1, status: "FAILED", metricResults: [{ status: "FAILED", score: 0 }] })) });
const passedOf = async (summaries: RunSummaries, run: SeededRun): Promise<number | undefined> => (await summaries.find(owner, [run.id])).get(run.id)?.metrics[0]?.passed;

/** A result that passes after all, with the run's next version: as every write of outcomes and every review makes one. */
async function pass(run: SeededRun, ordinal: number): Promise<void> {
  await database.db.transaction().execute(async (trx) => {
    await trx.updateTable("testRuns").set({ version: sql<number>`version + 1` }).where("organizationId", "=", owner.organizationId).where("id", "=", run.id).execute();
    await trx.updateTable("metricResults").set({ status: "PASSED" }).where("organizationId", "=", owner.organizationId).where("runId", "=", run.id).where("ordinal", "=", ordinal).execute();
  });
}

const computations = (): number => database.statements.filter((statement) => statement.includes("from run_metrics pinned")).length;

/** Holds up what computes summaries, after it has seen its version, until `release`. */
async function holdUp(): Promise<{ release: () => Promise<void>; waiting: () => Promise<number> }> {
  const connection = await database.pool.connect();
  await connection.query("begin");
  await connection.query("lock table metric_versions in access exclusive mode");
  return {
    release: async () => {
      await connection.query("rollback");
      connection.release();
    },
    waiting: async () => Number((await connection.query<{ count: string }>("select count(*) from pg_locks join pg_stat_activity activity using (pid) where not granted and datname = current_database() and backend_type = 'client backend'")).rows[0]?.count),
  };
}

describe("summaries of a run that goes on", () => {
  it("are computed once for all readers of a version, also of those that come later", async () => {
    const [run, summaries] = [await givenLive(), new RunSummaries(database)];
    database.statements.length = 0;
    expect(await Promise.all(Array.from({ length: 10 }, () => passedOf(summaries, run)))).toEqual(Array(10).fill(0));
    expect(await passedOf(summaries, run)).toBe(0);
    expect(computations()).toBe(1);
    await pass(run, 1);
    expect(await Promise.all([passedOf(summaries, run), passedOf(summaries, run)])).toEqual([1, 1]);
    expect(computations()).toBe(2);
  });

  it("are computed one at a time: who saw a newer version waits, and gets one that is new enough", async () => {
    const [run, summaries] = [await givenLive(), new RunSummaries(database)];
    database.statements.length = 0;
    const held = await holdUp();
    const early = passedOf(summaries, run);
    await waitFor(async () => (await held.waiting()) === 1);
    await pass(run, 1);
    const late = [1, 2, 3].map(() => passedOf(summaries, run));
    await waitFor(() => database.statements.filter((statement) => statement.includes("then runs.summary end")).length === 5); // two of the first, one of each other
    expect(await held.waiting()).toBe(1);
    await held.release();
    expect(await Promise.all([early, ...late])).toEqual([0, 1, 1, 1]);
    expect(computations()).toBe(2);
  });

  it("are never older than the version that the reader saw, and never newer than the last one", async () => {
    const [run, summaries] = [await givenLive(), new RunSummaries(database)];
    let [begun, committed] = [0, 0];
    const write = async (): Promise<void> => {
      for (let ordinal = 1; ordinal <= TESTS; ordinal += 1) {
        begun = ordinal;
        await pass(run, ordinal);
        committed = ordinal;
      }
    };
    const read = async (): Promise<void> => {
      while (committed < TESTS) {
        const least = committed;
        const passed = await passedOf(summaries, run);
        expect(passed).toBeGreaterThanOrEqual(least);
        expect(passed).toBeLessThanOrEqual(begun);
      }
    };
    await Promise.all([write(), read(), read(), read(), read()]);
    expect(await passedOf(summaries, run)).toBe(TESTS);
  });

  it("fail for those who share what failed, and are computed again for the next", async () => {
    const [run, summaries] = [await givenLive(), new RunSummaries(database)];
    await database.pool.query("alter table run_metrics rename to run_metrics_away");
    const failed = await Promise.allSettled([passedOf(summaries, run), passedOf(summaries, run)]);
    await database.pool.query("alter table run_metrics_away rename to run_metrics");
    expect(failed.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await passedOf(summaries, run)).toBe(0);
  });

  it("are those of each run where several are asked for, in the same few statements, and of none that is another's", async () => {
    const [runs, summaries] = [[await givenLive(), await givenLive(), await givenLive()], new RunSummaries(database)];
    await pass(runs[1] as SeededRun, 1);
    await passedOf(summaries, runs[0] as SeededRun);
    database.statements.length = 0;
    const found = await summaries.find(owner, runs.map(({ id }) => id));
    expect(runs.map(({ id }) => found.get(id)?.metrics[0]?.passed)).toEqual([0, 1, 0]);
    expect(computations()).toBe(1);
    expect((await summaries.find(await givenOwner(database.db), runs.map(({ id }) => id))).size).toBe(0);
  });
});
