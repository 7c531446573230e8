import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { normalizeResultFilter, type TestResultFilter } from "../../src/runs/result-filter.js";
import type { ResultParents } from "../../src/runs/result-page.repository.js";
import { pageOfResults } from "../../src/runs/result-pages.js";
import type { TestResult } from "../../src/runs/result.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { givenBehavior, givenEndpoint, givenMetric, givenOwner, givenRun, givenTestSet, type Owner } from "../support/seed.js";
import { modelList, orderSpec } from "./result-model.js";
import type { ModelResult } from "./result-world.js";

/** More than are looked at before the indexes are asked. */
const MANY = 2_600;
/** Runs of few results beside it: a list over all runs has pages that span several, and more runs than are near. */
const SMALL_RUNS = 11;

let database: TestDatabase;
let owner: Owner;
let results: ModelResult[];
let largeId: string;
let behaviorId: string;
let metricName: string;
beforeAll(async () => {
  database = await createTestDatabase();
  owner = await givenOwner(database.db);
  const metric = await givenMetric(database.db, owner);
  [behaviorId, metricName, results] = [await givenBehavior(database.db, owner), metric.name, []];
  const endpoint = await givenEndpoint(database.db, owner);
  const testSet = await givenTestSet(database.db, owner, { tests: Array.from({ length: MANY }, (_, index) => ({ content: index % 700 === 9 ? "Ask Penguins" : "Ask whales", behaviorId: index % 300 === 5 ? behaviorId : null, tags: index > 2_000 ? ["late"] : index % 3 === 0 ? ["third"] : [] })) });
  const add = async (total: number, status: "COMPLETED" | "RUNNING", stored: number): Promise<string> => {
    const positions = testSet.tests.slice(0, total).map(({ position }) => position);
    const seeds = positions.slice(0, stored).map((ordinal) => seedOf(ordinal));
    const { id } = await givenRun(database.db, owner, { testSet, endpoint, metrics: [metric], status, results: seeds, ...(total === MANY ? {} : { positions }) });
    results.push(...positions.map((ordinal): ModelResult => ({ ...modelOf(ordinal, ordinal <= stored), id: "", runId: id, runSetId: testSet.id, endpointId: endpoint.id, testSetId: testSet.id, testId: testSet.tests[ordinal - 1]?.id ?? "", behaviorId: testSet.tests[ordinal - 1]?.seed.behaviorId ?? null, tags: testSet.tests[ordinal - 1]?.seed.tags ?? [], text: testSet.tests[ordinal - 1]?.seed.content ?? "" })));
    return id;
  };
  for (let run = 0; run < SMALL_RUNS; run += 1) if (run !== 4) await add(run + 3, run % 5 === 0 ? "RUNNING" : "COMPLETED", run % 5 === 0 ? 2 : run + 3);
  largeId = await add(MANY, "COMPLETED", MANY);
  for (let run = 0; run < 3; run += 1) await add(20 + run, run === 1 ? "RUNNING" : "COMPLETED", run === 1 ? 10 : 20 + run);
}, 120_000);
afterAll(() => database.drop());

/** What came of an ordinal: rare things far apart, and times that go with the place. */
function factsOf(ordinal: number) {
  const status = ordinal % 13 === 0 ? ("FAILED" as const) : ("PASSED" as const);
  const score = ordinal % 101 === 0 ? 0 : ordinal % 2 === 0 ? 0.5 : 1;
  return { status, latencyMs: ordinal % 9 === 0 ? null : ordinal % 400, finishedAt: ordinal * 10, output: ordinal % 450 === 3 ? "The emperor's answer" : "A usual answer", score: { status, score } };
}

function seedOf(ordinal: number) {
  const { finishedAt, score, ...facts } = factsOf(ordinal);
  return { ordinal, ...facts, finishedAt: new Date(finishedAt), metricResults: [score] };
}

function modelOf(ordinal: number, isStored: boolean) {
  const facts = isStored ? { ...factsOf(ordinal), errorType: null } : { status: "PENDING" as const, latencyMs: null, finishedAt: null, output: null, score: null, errorType: null };
  return { ordinal, trial: 1, isStored, projectId: owner.projectId, ...facts };
}

const filters: fc.Arbitrary<TestResultFilter> = fc
  .array(
    fc.oneof(
      fc.constantFrom<TestResultFilter>({ search: "emperor" }, { search: "usual" }, { search: "penguins" }, { search: "zebra" }, { status: ["FAILED"] }, { status: ["FAILED", "PASSED"] }, { tags: ["late"] }, { tags: ["third"] }, { minLatencyMs: 398 }, { minLatencyMs: 200 }),
      fc.record({ from: fc.nat(MANY * 10), length: fc.constantFrom(300, 5_000) }).map(({ from, length }): TestResultFilter => ({ finishedAt: { gte: new Date(from), lt: new Date(from + length) } })),
      fc.constantFrom({ maxScore: 0 }, { minScore: 0.6 }, { status: ["FAILED"] as const }, { minScore: 0.1, maxScore: 0.2 }).map((metric): TestResultFilter => ({ metric: { name: "", ...metric } })),
      fc.constant<TestResultFilter>({ behaviorId: "rare" }),
    ),
    { maxLength: 2 },
  )
  .map((fields) => Object.assign({}, ...fields) as TestResultFilter); // each is part of one

function named(filter: TestResultFilter): TestResultFilter {
  return normalizeResultFilter({ ...filter, ...(filter.behaviorId == null ? {} : { behaviorId }), ...(filter.metric == null ? {} : { metric: { ...filter.metric, name: metricName } }) });
}

const show = ({ runId, ordinal, status }: ModelResult | TestResult): string => `${runId} ${ordinal} ${status}`;

describe("pages of lists in which few results match, or many", () => {
  it("hold what a plain look at all results gives, from any place and in both directions", { timeout: 300_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), filters, orderSpec, fc.nat(100_000), fc.integer({ min: 1, max: 60 }), async (isOfRun, asked, orderBy, place, size) => {
        const filter = named(asked);
        const parents: ResultParents = isOfRun ? { kind: "run", ids: [largeId] } : { kind: "all", ids: ["all"] };
        const expected = modelList(isOfRun ? results.filter(({ runId }) => runId === largeId) : results, filter, orderBy).map(show);
        const read = async (page: object) => (await pageOfResults(database.db, owner, parents, { filter, orderBy, page })).get(parents.ids[0] ?? "") ?? { rows: [], cursors: [], hasNextPage: false, hasPreviousPage: false };
        const check = async (page: object, from: number, to: number): Promise<readonly string[]> => {
          const { rows, cursors, hasNextPage, hasPreviousPage } = await read(page);
          const [start, end] = [Math.max(from, 0), Math.min(to, expected.length)];
          expect([rows.map(show), hasPreviousPage, hasNextPage]).toEqual([expected.slice(start, end), start > 0, end < expected.length]);
          return cursors;
        };
        await check({ last: size }, expected.length - size, expected.length);
        const first = await check({ first: size }, 0, size);
        if (expected.length === 0) return;
        // To somewhere in the list, in steps of the largest page.
        let [at, cursor] = [Math.min(size, expected.length) - 1, first.at(-1)];
        for (const target = place % expected.length; at < target; ) {
          const step = Math.min(200, target - at);
          cursor = (await read({ first: step, after: cursor })).cursors.at(-1);
          at += step;
        }
        await check({ first: size, after: cursor }, at + 1, at + 1 + size);
        await check({ last: size, before: cursor }, at - size, at);
      }),
      { numRuns: Number(process.env["PROPERTY_RUNS"] ?? 40) },
    );
  });
});
