import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SHARED_TABLES } from "../../src/app/shared-tables.js";
import { createDatabaseClient, type DatabaseClient, type Db } from "../../src/db/index.js";
import { IdKind, newId } from "../../src/ids.js";
import { type Outcome, recordOutcomes, type TestRun } from "../../src/runs/index.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { givenEndpoint, givenMetric, givenOwner, givenRun, givenTestSet, type Owner, type RunSeed, type SeededRun } from "../support/seed.js";
import { bus, NOW, outcomesOf, storedOf } from "./recording.js";

let database: TestDatabase;
/** Another worker over the same database. */
let other: DatabaseClient;
let owner: Owner;
let design: Required<Pick<RunSeed, "testSet" | "endpoint" | "metrics">>;
beforeAll(async () => {
  database = await createTestDatabase();
  other = createDatabaseClient({ url: database.url, maxConnections: 5, applicationName: "other", statementTimeoutMs: 0, sharedTables: SHARED_TABLES });
  owner = await givenOwner(database.db);
  design = { testSet: await givenTestSet(database.db, owner, { tests: 6 }), endpoint: await givenEndpoint(database.db, owner), metrics: [await givenMetric(database.db, owner)] };
});
afterAll(async () => {
  await other.close();
  await database.drop();
});

const newRun = (seed: RunSeed = {}): Promise<SeededRun> => givenRun(database.db, owner, { ...design, status: "RUNNING", ...seed });
const record = (run: { id: string }, outcomes: readonly Outcome[], options: { db?: Db; running?: Record<number, number[]> } = {}): Promise<TestRun | null> =>
  recordOutcomes({ db: options.db ?? database.db, bus, now: () => NOW }, owner, { runId: run.id, outcomes, running: new Map(Object.entries(options.running ?? {}).map(([lane, ordinals]) => [Number(lane), ordinals])) });
const stored = (run: { id: string }) => storedOf(database.db, owner, run.id);

/** What holds of every run at every moment, whatever was recorded in whatever order. */
async function expectConsistent(run: SeededRun): Promise<void> {
  const { run: row, results, outputs, metrics } = await stored(run);
  const finished = results.filter((result) => result.status !== "RUNNING");
  const count = (status: string): number => results.filter((result) => result.status === status).length;
  expect({ executed: row.executed, answered: row.answered, passed: row.passed, failed: row.failed, errored: row.errored, seq: row.seq }).toEqual({
    executed: results.filter((result) => result.outputRunId !== null).length,
    answered: results.length,
    passed: count("PASSED"),
    failed: count("FAILED"),
    errored: count("ERROR"),
    seq: finished.length,
  });
  expect(finished.map((result) => result.seq).sort((a, b) => Number(a) - Number(b))).toEqual(finished.map((_, index) => index + 1));
  for (const result of results) {
    expect(result.automatedStatus).toBe(result.status);
    expect([result.seq === null, result.finishedAt === null]).toEqual(result.status === "RUNNING" ? [true, true] : [false, false]);
  }
  expect(outputs.map((output) => output.ordinal)).toEqual(results.filter((result) => result.outputRunId === run.id).map((result) => result.ordinal));
  expect(new Set(metrics.map((metric) => metric.ordinal)).size).toBe(metrics.length);
  const isOver = finished.length === run.total;
  expect([row.status === "RUNNING", row.finishedAt === null]).toEqual([!isOver, !isOver]);
}

interface Step {
  readonly ordinal: number;
  readonly kind: "answered" | "judgedLater" | "judged" | "failed";
  readonly status: "PASSED" | "FAILED" | "ERROR";
}
const step: fc.Arbitrary<Step> = fc.record({ ordinal: fc.integer({ min: 1, max: 6 }), kind: fc.constantFrom("answered", "judgedLater", "judged", "failed"), status: fc.constantFrom("PASSED", "FAILED", "ERROR") });

describe("recording outcomes", () => {
  it("gives each planned result at most one verdict, counted once, whatever two workers write at the same time", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { maxLength: 6 }), { minLength: 1, maxLength: 6 }), async (batches) => {
        const run = await newRun();
        const make = outcomesOf(run);
        let mark = 0;
        const offered: { outcome: Outcome; mark: string }[] = [];
        const writes = batches.map((steps) =>
          steps
            // "Judged later" is said of what the same worker has had stored before.
            .flatMap(({ ordinal, kind, status }) => {
              const name = `mark ${(mark += 1)}`;
              if (kind === "answered") return [make.answered(ordinal, name)];
              if (kind === "failed") return [make.failed(ordinal, name)];
              return kind === "judged" ? [make.judged(ordinal, status, name)] : [make.answered(ordinal, name), make.judgedLater(ordinal, status, name)];
            }),
        );
        for (const outcome of writes.flat()) offered.push({ outcome, mark: outcome.output?.output ?? outcome.verdict?.error?.message ?? outcome.verdict?.metricResults[0]?.reason ?? "" });
        await Promise.all(writes.map((outcomes, index) => record(run, outcomes, { db: index % 2 === 0 ? database.db : other.db })));
        await expectConsistent(run);
        const { results, metrics, run: row } = await stored(run);
        expect(results.map((result) => result.ordinal)).toEqual([...new Set(writes.flat().map((outcome) => outcome.ordinal))].sort((a, b) => a - b));
        for (const result of results) {
          const verdicts = offered.filter(({ outcome }) => outcome.ordinal === result.ordinal && outcome.verdict !== null);
          expect(verdicts.length === 0 ? ["RUNNING"] : verdicts.map(({ outcome }) => outcome.verdict?.status)).toContain(result.status);
          // The metric's row is of the same outcome as the verdict.
          const reason = metrics.find((metric) => metric.ordinal === result.ordinal)?.reason;
          if (reason !== undefined) expect(verdicts.find(({ outcome }) => outcome.verdict?.metricResults[0]?.reason === reason)?.outcome.verdict?.status).toBe(result.status);
        }
        if (row.finishedAt === null) expect(row.version).toBe(1 + batches.length);
        // Written again, everything is known.
        await Promise.all([record(run, writes.flat()), record(run, writes.flat(), { db: other.db })]);
        await expectConsistent(run);
      }),
      { numRuns: 40 },
    );
  });

  it("numbers verdicts in the order in which they are written, without a gap", async () => {
    const run = await newRun();
    const make = outcomesOf(run);
    await record(run, [make.judged(3, "PASSED", "a"), make.answered(1, "b"), make.judged(2, "FAILED", "c")]);
    await record(run, [make.judged(3, "ERROR", "again"), make.judgedLater(1, "PASSED", "d")]);
    const { results, run: row } = await stored(run);
    expect(results.map((result) => [result.ordinal, result.status, result.seq])).toEqual([[1, "PASSED", 3], [2, "FAILED", 2], [3, "PASSED", 1]]);
    expect(row).toMatchObject({ seq: 3, passed: 2, failed: 1, errored: 0, answered: 3, executed: 3, usage: { endpointCalls: 3, judgeCalls: 1 } });
  });

  it("keeps the answer when its verdict comes later, also a verdict that knows nothing of it", async () => {
    const run = await newRun();
    const make = outcomesOf(run);
    await record(run, [{ ...make.answered(1, "the answer"), latencyMs: 42, attempts: [{ number: 1 } as never] }]);
    expect((await stored(run)).results).toMatchObject([{ status: "RUNNING", seq: null, finishedAt: null, outputRunId: run.id }]);
    await record(run, [make.failed(1, "a fault of ours")]);
    const { results, outputs, run: row } = await stored(run);
    expect(results).toMatchObject([{ status: "ERROR", outputRunId: run.id, latencyMs: 42, attempts: [{ number: 1 }], errorType: "TIMEOUT" }]);
    expect(outputs).toEqual([{ ordinal: 1, output: "the answer" }]);
    expect(row).toMatchObject({ executed: 1, answered: 1, errored: 1 });
  });

  it("takes an answer and its verdict in one batch for one outcome, and the first of two verdicts", async () => {
    const run = await newRun();
    const make = outcomesOf(run);
    await record(run, [make.answered(1, "a"), make.judgedLater(1, "PASSED", "a"), make.judgedLater(1, "FAILED", "late"), make.answered(1, "late")]);
    expect(await stored(run)).toMatchObject({ results: [{ ordinal: 1, status: "PASSED", seq: 1 }], outputs: [{ output: "a" }], metrics: [{ reason: "a" }], run: { answered: 1, executed: 1, passed: 1, failed: 0, seq: 1, usage: { endpointCalls: 1, judgeCalls: 1 } } });
    await expectConsistent(run);
  });

  it("notes what is in work in the lanes that it is told of", async () => {
    const run = await newRun({ lanes: 2, running: [1] });
    await record(run, [], { running: { 1: [65, 66] } });
    expect((await stored(run)).lanes.map((lane) => lane.running)).toEqual([[1], [65, 66]]);
    await record(run, [], { running: { 0: [], 1: [66] } });
    expect((await stored(run)).lanes.map((lane) => lane.running)).toEqual([[], [66]]);
  });

  it("answers null for a run that is gone, or of another organization", async () => {
    const run = await newRun();
    expect(await record({ id: newId(IdKind.TEST_RUN) }, [])).toBeNull();
    const stranger = await givenOwner(database.db);
    expect(await recordOutcomes({ db: database.db, bus, now: () => NOW }, stranger, { runId: run.id, outcomes: [outcomesOf(run).judged(1, "PASSED", "a")], running: new Map() })).toBeNull();
    expect((await stored(run)).results).toEqual([]);
  });
});

describe("the end of a run", () => {
  const all = (run: SeededRun, statuses: readonly ("PASSED" | "FAILED" | "ERROR")[]): Outcome[] => statuses.map((status, index) => outcomesOf(run).judged(index + 1, status, "x"));

  it.each([
    ["COMPLETED", ["PASSED", "PASSED", "FAILED", "FAILED", "FAILED", "FAILED"]],
    ["COMPLETED", ["FAILED", "FAILED", "FAILED", "FAILED", "FAILED", "FAILED"]],
    ["PARTIAL", ["PASSED", "ERROR", "FAILED", "PASSED", "PASSED", "PASSED"]],
    ["PARTIAL", ["ERROR", "ERROR", "ERROR", "ERROR", "ERROR", "PASSED"]],
    ["FAILED", ["ERROR", "ERROR", "ERROR", "ERROR", "ERROR", "ERROR"]],
  ] as const)("is %s after %j", async (status, verdicts) => {
    const run = await newRun();
    const outcomes = all(run, verdicts);
    expect(await record(run, outcomes.slice(0, 5))).toMatchObject({ status: "RUNNING", finishedAt: null });
    expect(await record(run, outcomes.slice(5))).toMatchObject({ status, finishedAt: NOW, seq: 6 });
  });

  it("comes also while the run is paused, and not while anything is unjudged", async () => {
    const run = await newRun({ status: "PAUSED" });
    const outcomes = all(run, ["PASSED", "PASSED", "PASSED", "PASSED", "PASSED", "PASSED"]);
    expect(await record(run, [...outcomes.slice(0, 5), outcomesOf(run).answered(6, "x")])).toMatchObject({ status: "PAUSED", answered: 6 });
    expect(await record(run, [outcomesOf(run).judgedLater(6, "PASSED", "x")])).toMatchObject({ status: "COMPLETED" });
  });

  it.each(["CANCELLED", "COMPLETED", "PARTIAL", "FAILED"] as const)("admits no late write: a run that is %s stays as it is", async (status) => {
    const run = await newRun({ status, results: [{ ordinal: 1, status: "PASSED" }, { ordinal: 2, status: "CANCELLED" }] });
    const before = await stored(run);
    const make = outcomesOf(run);
    expect(await record(run, [make.judged(2, "PASSED", "late"), make.judged(3, "PASSED", "late"), make.answered(4, "late")], { running: { 0: [5] } })).toMatchObject({ status });
    expect(await stored(run)).toEqual(before);
  });

  it("is not decided here while the run is being cancelled: what had finished is kept, no more", async () => {
    const run = await newRun({ status: "CANCELLING" });
    const outcomes = all(run, ["PASSED", "PASSED", "PASSED", "PASSED", "PASSED", "PASSED"]);
    expect(await record(run, outcomes)).toMatchObject({ status: "CANCELLING", passed: 6, finishedAt: null });
  });
});
