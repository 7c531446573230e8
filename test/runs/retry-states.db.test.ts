import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DomainError } from "../../src/errors.js";
import { IdKind, newId } from "../../src/ids.js";
import { GraphileJobQueue } from "../../src/queue/index.js";
import { type Attempt, isTerminal, LaneService, type Outcome, recordOutcomes, RetryService, RunControlService } from "../../src/runs/index.js";
import type { Viewer } from "../../src/viewer.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { givenEndpoint, givenMetric, givenOwner, givenRun, givenTestSet, type Owner, type RunSeed, type SeededRun } from "../support/seed.js";
import { bus, NOW, outcomesOf, storedOf } from "./recording.js";

const TESTS = 4;
const queue = new GraphileJobQueue();
let database: TestDatabase;
let owner: Owner;
let viewer: Viewer;
let control: RunControlService;
let retries: RetryService;
let design: Required<Pick<RunSeed, "testSet" | "endpoint" | "metrics">>;
beforeAll(async () => {
  database = await createTestDatabase();
  owner = await givenOwner(database.db);
  viewer = { ...owner, userId: newId(IdKind.USER), tokenId: null, role: "EDITOR", expiresAt: null };
  const deps = { db: database.db, bus, queue, now: () => NOW };
  control = new RunControlService({ ...deps, lanes: new LaneService(deps) });
  retries = new RetryService(deps);
  design = { testSet: await givenTestSet(database.db, owner, { tests: TESTS }), endpoint: await givenEndpoint(database.db, owner), metrics: [await givenMetric(database.db, owner)] };
});
afterAll(() => database.drop());

type Command = { readonly kind: "cancel" | "pause" | "resume" | "retry" } | { readonly kind: "record"; readonly ordinal: number; readonly what: "tried" | "answered" | "judged" | "failed"; readonly status: "PASSED" | "FAILED" | "ERROR"; readonly running: readonly number[] };

const record: fc.Arbitrary<Command> = fc.record({
  kind: fc.constant("record" as const),
  ordinal: fc.integer({ min: 1, max: TESTS }),
  what: fc.constantFrom("tried", "answered", "judged", "judged", "failed"),
  status: fc.constantFrom("PASSED", "FAILED", "ERROR"),
  running: fc.uniqueArray(fc.integer({ min: 1, max: TESTS }), { maxLength: 2 }),
});
const command: fc.Arbitrary<Command> = fc.oneof({ weight: 12, arbitrary: record }, { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom("cancel", "pause", "resume", "retry", "retry") }) });

/** The outcome as a worker would write it that has read the result: with the attempt that comes next, and without an answer that is stored. */
function outcomeOf(run: SeededRun, step: Command & { kind: "record" }, row: { outputRunId: string | null; attempts: readonly Attempt[] } | undefined): Outcome {
  const outcomes = outcomesOf(run);
  const mark = `${step.what} ${step.ordinal}`;
  if (row !== undefined && row.outputRunId !== null) return outcomes.judgedLater(step.ordinal, step.status, mark);
  const attempts: Attempt[] = [{ number: (row?.attempts.length ?? 0) + 1, turn: null, startedAt: NOW.toISOString(), latencyMs: 5, httpStatus: 200, error: null, retryAfterMs: null }];
  if (step.what === "judged") return { ...outcomes.judged(step.ordinal, step.status, mark), attempts };
  if (step.what === "failed") return { ...outcomes.failed(step.ordinal, mark), attempts };
  const answered = { ...outcomes.answered(step.ordinal, mark), attempts };
  return step.what === "answered" ? answered : { ...answered, output: null, outputRunId: null, latencyMs: null };
}

async function perform(run: SeededRun, step: Command): Promise<void> {
  try {
    if (step.kind !== "record") await (step.kind === "retry" ? retries.retry(viewer, run.id) : control[step.kind](viewer, run.id));
    else {
      const row = (await storedOf(database.db, owner, run.id)).results.find((result) => result.ordinal === step.ordinal);
      await recordOutcomes({ db: database.db, bus, now: () => NOW }, owner, { runId: run.id, outcomes: [outcomeOf(run, step, row)], running: new Map([[0, step.running]]) });
    }
  } catch (error) {
    // What cannot be done now is refused, and changes nothing.
    if (!(error instanceof DomainError)) throw error;
    expect(["RUN_FINISHED", "RUN_NOT_FINISHED", "NOTHING_TO_RETRY"]).toContain(error.reason);
  }
}

/** What holds at every moment, whatever was done in whatever order. */
async function expectConsistent(run: SeededRun): Promise<void> {
  const { run: row, results, metrics, lanes } = await storedOf(database.db, owner, run.id);
  const having = (...statuses: string[]) => results.filter((result) => statuses.includes(result.status));
  const finished = having("PASSED", "FAILED", "ERROR");
  const { executed, answered, passed, failed, errored, cancelled } = row;
  expect({ executed, answered, passed, failed, errored, cancelled }).toEqual({
    executed: results.filter((result) => result.outputRunId !== null).length,
    answered: results.filter((result) => result.outputRunId !== null || result.status === "ERROR").length,
    passed: having("PASSED").length,
    failed: having("FAILED").length,
    errored: having("ERROR").length,
    cancelled: row.status === "CANCELLED" ? TESTS - finished.length : 0,
  });
  expect(isTerminal(row.status)).toBe(finished.length + cancelled === TESTS);
  expect(row.finishedAt === null).toBe(!isTerminal(row.status));
  const seqs = finished.map((result) => Number(result.seq));
  expect(new Set(seqs).size).toBe(finished.length);
  expect(seqs.every((seq) => seq >= 1 && seq <= Number(row.seq))).toBe(true);
  for (const result of results) {
    expect([result.ordinal, result.seq === null, result.errorType === null]).toEqual([result.ordinal, !finished.includes(result), result.status !== "ERROR"]);
    expect(result.attempts.map((attempt) => attempt.number)).toEqual(result.attempts.map((_, index) => index + 1));
  }
  expect(having("CANCELLED").length === 0 || row.status === "CANCELLED").toBe(true);
  const judged = new Set(metrics.map((metric) => metric.ordinal));
  expect([...judged].every((ordinal) => finished.some((result) => result.ordinal === ordinal))).toBe(true);
  if (isTerminal(row.status)) return;
  const inWork = new Set(lanes.flatMap((lane) => lane.running));
  expect(having("RUNNING").every((result) => inWork.has(result.ordinal))).toBe(true);
  expect(having("PENDING").some((result) => inWork.has(result.ordinal))).toBe(false);
}

describe("a run", () => {
  it("keeps its counters, numbers and attempts right through any sequence of outcomes, pauses, cancels and retries", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 25 }), async (commands) => {
        const run = await givenRun(database.db, owner, { ...design, status: "RUNNING", startedAt: NOW });
        for (const step of commands) {
          await perform(run, step);
          await expectConsistent(run);
        }
        // Whatever happened, what is left can be done: the run comes to its end.
        for (const kind of ["resume", "retry"] as const) {
          await perform(run, { kind });
          for (let ordinal = 1; ordinal <= TESTS; ordinal += 1) await perform(run, { kind: "record", ordinal, what: "judged", status: "PASSED", running: [] });
        }
        await expectConsistent(run);
        expect((await storedOf(database.db, owner, run.id)).run).toMatchObject({ errored: 0, cancelled: 0, status: "COMPLETED" });
      }),
      { numRuns: Number(process.env["PROPERTY_RUNS"] ?? 12) },
    );
  }, 120_000);
});
