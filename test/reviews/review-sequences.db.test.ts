import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NotFoundError } from "../../src/errors.js";
import { IdKind, metricResultId, newId, resultId } from "../../src/ids.js";
import { type Review, ReviewService } from "../../src/reviews/index.js";
import { recordOutcomes, RunSummaries } from "../../src/runs/index.js";
import { Role, type Viewer } from "../../src/viewer.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { givenEndpoint, givenMetric, givenOwner, givenTestSet, type Owner, type RunSeed } from "../support/seed.js";
import { bus, NOW, outcomesOf } from "../runs/recording.js";
import { givenReviewableRun, RESULTS, stateOf } from "./review-world.js";

let database: TestDatabase;
let owner: Owner;
let viewer: Viewer;
let reviews: ReviewService;
let design: Required<Pick<RunSeed, "testSet" | "endpoint" | "metrics">>;
beforeAll(async () => {
  database = await createTestDatabase();
  owner = await givenOwner(database.db);
  const userId = newId(IdKind.USER);
  await database.db.insertInto("users").values({ organizationId: owner.organizationId, id: userId, name: "Rita", email: "rita@example.com", role: "REVIEWER", createdAt: NOW }).execute();
  viewer = { organizationId: owner.organizationId, userId, tokenId: null, role: Role.REVIEWER, expiresAt: null };
  // One moment for all: the order of reviews must not hang on the clock.
  reviews = new ReviewService({ db: database.db, bus, now: () => NOW });
  design = { testSet: await givenTestSet(database.db, owner, { tests: 6 }), endpoint: await givenEndpoint(database.db, owner), metrics: [await givenMetric(database.db, owner), await givenMetric(database.db, owner)] };
});
afterAll(() => database.drop());

type Step =
  | { readonly kind: "add"; readonly ordinal: number; readonly target: "RESULT" | "METRIC" | "TURN"; readonly metricIndex: number; readonly verdict: "PASS" | "FAIL" }
  | { readonly kind: "update"; readonly nth: number; readonly verdict: "PASS" | "FAIL" }
  | { readonly kind: "delete"; readonly nth: number };

const verdict = fc.constantFrom<("PASS" | "FAIL")[]>("PASS", "FAIL");
// Result 4 has no answer, hence neither metrics nor turns.
const addition = fc.record({ kind: fc.constant("add" as const), ordinal: fc.integer({ min: 1, max: 4 }), target: fc.constantFrom<("RESULT" | "METRIC" | "TURN")[]>("RESULT", "METRIC", "TURN"), metricIndex: fc.nat(1), verdict });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: addition.filter(({ ordinal, target }) => ordinal < 4 || target === "RESULT") },
  fc.record({ kind: fc.constant("update" as const), nth: fc.nat(), verdict }),
  fc.record({ kind: fc.constant("delete" as const), nth: fc.nat() }),
);

async function take(runId: string, present: readonly Review[], action: Step): Promise<void> {
  if (action.kind === "add") {
    const { ordinal, target, metricIndex } = action;
    const part = { metricResultId: target === "METRIC" ? metricResultId(runId, ordinal, metricIndex) : null, turn: target === "TURN" ? 1 : null };
    await reviews.add(viewer, { resultId: resultId(runId, ordinal), target, ...part, verdict: action.verdict, comment: "Because." });
    return;
  }
  const review = present[action.nth % Math.max(1, present.length)];
  if (review === undefined) return;
  await (action.kind === "update" ? reviews.update(viewer, { id: review.id, verdict: action.verdict }) : reviews.delete(viewer, review.id));
}

/** The reviews that stand, the oldest first. */
function reviewsOf(runId: string): Promise<Review[]> {
  return database.db.selectFrom("reviews").selectAll().where("organizationId", "=", owner.organizationId).where("runId", "=", runId).orderBy("createdAt").orderBy("id").execute();
}

const STATUS = { PASS: "PASSED", FAIL: "FAILED" } as const;

/** Rule 2 over a result's metrics. */
function derived(statuses: readonly string[]): string {
  if (statuses.includes("FAILED")) return "FAILED";
  return statuses.some((status) => status === "ERROR" || status === "INCONCLUSIVE") || !statuses.includes("PASSED") ? "ERROR" : "PASSED";
}

/** Everything that is stored follows from the reviews that stand and from what was automated. */
async function expectConsistent(runId: string): Promise<void> {
  const [state, standing] = [await stateOf(database.db, owner, runId), await reviewsOf(runId)];
  for (const result of state.results) {
    const own = standing.filter(({ ordinal }) => ordinal === result.ordinal);
    expect(new Set(own.map(({ createdAt }) => createdAt.getTime())).size).toBe(own.length);
    const metrics = state.metrics.filter(({ ordinal }) => ordinal === result.ordinal);
    for (const metric of metrics) {
      const last = own.filter(({ target, metricIndex }) => target === "METRIC" && metricIndex === metric.metricIndex).at(-1);
      expect(metric.status).toBe(last === undefined ? metric.automatedStatus : STATUS[last.verdict]);
    }
    const whole = own.filter(({ target }) => target === "RESULT").at(-1);
    const byMetrics = own.some(({ target }) => target === "METRIC") ? derived(metrics.map(({ status }) => status)) : result.automatedStatus;
    expect([result.status, result.reviewCount]).toEqual([whole === undefined ? byMetrics : STATUS[whole.verdict], own.length]);
  }
  const count = (status: string): number => state.results.filter((result) => result.status === status).length;
  expect(state.run).toMatchObject({
    passed: count("PASSED"),
    failed: count("FAILED"),
    errored: count("ERROR"),
    reviewed: state.results.filter(({ reviewCount }) => reviewCount > 0).length,
    corrected: state.results.filter(({ status, automatedStatus }) => status !== automatedStatus).length,
  });
}

const givenWorld = () => givenReviewableRun(database.db, owner, design);

describe("reviews in any order", () => {
  it("leave counters that equal a count of the rows at every step, and nothing behind when all are taken back", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        const run = await givenWorld();
        const before = await stateOf(database.db, owner, run.id);
        for (const action of steps) {
          await take(run.id, await reviewsOf(run.id), action);
          await expectConsistent(run.id);
        }
        for (const review of await reviewsOf(run.id)) await reviews.delete(viewer, review.id);
        const after = await stateOf(database.db, owner, run.id);
        expect({ ...after, run: { ...after.run, version: before.run.version } }).toEqual(before);
      }),
      { numRuns: 15 },
    );
  });

  it("lose nothing when several people review, edit and delete at the same time as a worker records", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { minLength: 2, maxLength: 6 }), { maxLength: 3 }), fc.constantFrom<("PASSED" | "FAILED" | "ERROR")[]>("PASSED", "FAILED", "ERROR"), async (batches, status) => {
        const run = await givenWorld();
        const deps = { db: database.db, bus, now: () => NOW };
        const record = recordOutcomes(deps, owner, { runId: run.id, outcomes: [outcomesOf(run).judgedLater(5, status, "late")], running: new Map() });
        for (const batch of batches) {
          const present = await reviewsOf(run.id);
          const taken = await Promise.allSettled(batch.map((action) => take(run.id, present, action)));
          // Two may delete the same one: the second finds it gone.
          for (const outcome of taken) if (outcome.status === "rejected") expect(outcome.reason).toBeInstanceOf(NotFoundError);
        }
        await record;
        await expectConsistent(run.id);
      }),
      { numRuns: 12 },
    );
  });

  it("keep the summary of a run that has ended equal to one that is computed anew", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
        const run = await givenReviewableRun(database.db, owner, { ...design, status: "PARTIAL", results: RESULTS.slice(0, 4) });
        await new RunSummaries(database).find(owner, [run.id]);
        for (const action of steps) await take(run.id, await reviewsOf(run.id), action);
        const kept = (await stateOf(database.db, owner, run.id)).run.summary;
        expect(kept).not.toBeNull();
        await database.db.updateTable("testRuns").set({ summary: null }).where("organizationId", "=", owner.organizationId).where("id", "=", run.id).execute();
        // A sum of floating-point numbers hangs on the order of the rows, in its last digit.
        const parsed = (summary: unknown, each: (value: number) => unknown): unknown => JSON.parse(JSON.stringify(summary), (_, value: unknown) => (typeof value === "number" ? each(value) : value));
        const anew = (await new RunSummaries(database).find(owner, [run.id])).get(run.id);
        expect(parsed(anew, (value) => value)).toEqual(parsed(kept, (value) => expect.closeTo(value, 10) as unknown));
      }),
      { numRuns: 10 },
    );
  });
});

describe("a run that ends after reviews", () => {
  it.each([
    ["PARTIAL", "an error was reviewed as a pass", 3, "PASS", "PARTIAL"],
    ["COMPLETED", "a pass was reviewed as a fail", 2, "FAIL", "COMPLETED"],
  ] as const)("is %s by its automated verdicts although %s", async (_, _why, ordinal, said, expected) => {
    const results = RESULTS.filter((result) => (expected === "PARTIAL" ? result.ordinal < 4 : result.ordinal < 3));
    const run = await givenReviewableRun(database.db, owner, { ...design, testSet: await givenTestSet(database.db, owner, { tests: results.length + 1 }), results });
    await reviews.add(viewer, { resultId: resultId(run.id, ordinal), target: "RESULT", metricResultId: null, turn: null, verdict: said, comment: "Because." });
    const ended = await recordOutcomes({ db: database.db, bus, now: () => NOW }, owner, { runId: run.id, outcomes: [outcomesOf(run).judged(results.length + 1, "PASSED", "last")], running: new Map() });
    expect(ended).toMatchObject({ status: expected, errored: 0, corrected: 1 });
    await expectConsistent(run.id);
  });
});
