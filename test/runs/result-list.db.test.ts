import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Page } from "../../src/db/index.js";
import { countByCounters } from "../../src/runs/result-count.js";
import { countOverRuns, countResults } from "../../src/runs/result-count.repository.js";
import { normalizeResultFilter, type TestResultFilter } from "../../src/runs/result-filter.js";
import { pageOfResults } from "../../src/runs/result-pages.js";
import type { TestResultOrder } from "../../src/runs/result-order.js";
import type { ResultParents } from "../../src/runs/result-page.repository.js";
import { findResults } from "../../src/runs/result.repository.js";
import { type TestResult, TestResultStatus } from "../../src/runs/result.js";
import { findRunsByIds } from "../../src/runs/run.repository.js";
import { progressOf } from "../../src/runs/run-progress.js";
import { findRunningOrdinals } from "../../src/runs/plan.repository.js";
import { createTestDatabase, keepOnFailure, type TestDatabase } from "../support/database.js";
import { givenOwner, givenRun, givenTestSet } from "../support/seed.js";
import { filterOf, filterSpec, modelList, orderSpec } from "./result-model.js";
import { build, type ModelResult, type World, worldSpec } from "./result-world.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const RUNS = Number(process.env["PROPERTY_RUNS"] ?? 15);
const listSpec = fc.record({ kind: fc.constantFrom("run" as const, "test" as const, "all" as const), filter: filterSpec, order: orderSpec, size: fc.integer({ min: 1, max: 7 }), from: fc.nat(1000), to: fc.nat(1000) });
interface List {
  readonly parents: ResultParents;
  readonly filter: TestResultFilter;
  readonly order: TestResultOrder;
}

function parentsOf(kind: ResultParents["kind"], world: World): ResultParents {
  return { kind, ids: kind === "run" ? world.runIds : kind === "test" ? world.testIds : ["all"] };
}

function modelOf(world: World, { parents, filter, order }: List, id: string): ModelResult[] {
  const own = world.results.filter((result) => parents.kind === "all" || (parents.kind === "run" ? result.runId : result.testId) === id);
  return modelList(own, filter, order);
}

async function pageOf(world: World, list: List, id: string, page: { first?: number; after?: string; last?: number; before?: string }): Promise<Page<TestResult>> {
  const pages = await pageOfResults(database.db, world.owner, { kind: list.parents.kind, ids: [id] }, { filter: list.filter, orderBy: list.order, page });
  return pages.get(id) ?? { rows: [], cursors: [], hasNextPage: false, hasPreviousPage: false };
}

/** Walks a list from one end to the other and checks every page against the model. */
async function walk(world: World, list: List, id: string, size: number, backward: boolean): Promise<string[]> {
  const expected = modelOf(world, list, id);
  const cursors: string[] = [];
  let seen = 0;
  for (let cursor: string | undefined; ; ) {
    const page = await pageOf(world, list, id, backward ? { last: size, ...(cursor === undefined ? {} : { before: cursor }) } : { first: size, ...(cursor === undefined ? {} : { after: cursor }) });
    const end = expected.length - seen;
    const slice = backward ? expected.slice(Math.max(0, end - size), end) : expected.slice(seen, seen + size);
    expect(page.rows.map(show)).toEqual(slice.map(show));
    const more = expected.length > seen + size;
    expect([page.hasNextPage, page.hasPreviousPage]).toEqual(backward ? [seen > 0, more] : [more, seen > 0]);
    seen += page.rows.length;
    cursors.push(...page.cursors);
    cursor = backward ? page.cursors[0] : page.cursors.at(-1);
    if (!more || cursor === undefined) break;
  }
  expect(seen).toBe(expected.length);
  return cursors;
}

/** Reads between two cursors of a list, from either end, and checks page and flags against the model. */
async function readBetween(world: World, list: List, id: string, args: { cursors: readonly string[]; from: number; to: number; size: number }): Promise<void> {
  const { cursors, size } = args;
  if (cursors.length < 2) return;
  const [from, to] = [args.from % cursors.length, args.to % cursors.length].sort((a, b) => a - b) as [number, number];
  const between = modelOf(world, list, id).slice(from + 1, to);
  const bounds = { after: cursors[from] ?? "", before: cursors[to] ?? "" };
  const forward = await pageOf(world, list, id, { first: size, ...bounds });
  expect([forward.rows.map(show), forward.hasNextPage, forward.hasPreviousPage]).toEqual([between.slice(0, size).map(show), true, true]);
  const backward = await pageOf(world, list, id, { last: size, ...bounds });
  expect([backward.rows.map(show), backward.hasNextPage, backward.hasPreviousPage]).toEqual([between.slice(-size).map(show), true, true]);
}

function show({ id, status, testId, trial }: ModelResult | TestResult): object {
  return { id, status, testId, trial };
}

async function checkCounts(world: World, list: List): Promise<void> {
  const counts = await countResults(database.db, world.owner, list);
  for (const id of list.parents.ids) expect(counts.get(id) ?? 0).toBe(modelOf(world, list, id).length);
  if (list.parents.kind === "all") {
    const sum = await countOverRuns(database.db, world.owner, list.filter);
    if (sum !== null) expect(sum).toBe(modelOf(world, list, "all").length);
  }
  if (list.parents.kind !== "run") return;
  const running = await findRunningOrdinals(database.db, world.owner, world.runIds);
  for (const run of await findRunsByIds(database.db, world.owner, world.runIds)) {
    const progress = progressOf(run, running.get(run.id) ?? []);
    expect(progress.pending + progress.running + progress.finished).toBe(run.total);
    const known = list.filter.runId == null ? countByCounters(run, list.filter, progress.running) : null;
    if (known !== null) expect(known).toBe(modelOf(world, list, run.id).length);
  }
}

describe("lists of results", () => {
  it("show every matching planned result exactly once, in order, walked forwards and backwards", { timeout: 600_000 }, async () => {
    keepOnFailure(database);
    await fc.assert(
      fc.asyncProperty(worldSpec, fc.array(listSpec, { minLength: 3, maxLength: 6 }), async (spec, lists) => {
        const world = await build(database.db, spec);
        for (const { kind, filter, order, size, from, to } of lists) {
          const list: List = { parents: parentsOf(kind, world), filter: normalizeResultFilter(filterOf(filter, world)), order };
          // Larger lists are walked with larger pages, to keep the test short.
          const pageSize = world.results.length > 100 ? size * 20 : size;
          for (const id of list.parents.ids.slice(0, 3)) {
            const cursors = await walk(world, list, id, pageSize, false);
            await walk(world, list, id, pageSize, true);
            await readBetween(world, list, id, { cursors, from, to, size });
          }
          await checkCounts(world, list);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("of many parents hold what each parent's own list holds", { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(worldSpec, listSpec, async (spec, { kind, filter, order, size }) => {
        const world = await build(database.db, spec);
        const list: List = { parents: parentsOf(kind, world), filter: normalizeResultFilter(filterOf(filter, world)), order };
        for (const backward of [false, true]) {
          const pages = await pageOfResults(database.db, world.owner, list.parents, { filter: list.filter, orderBy: order, page: backward ? { last: size } : { first: size } });
          for (const id of list.parents.ids) {
            const expected = modelOf(world, list, id);
            const slice = backward ? expected.slice(-size) : expected.slice(0, size);
            expect(pages.get(id)?.rows.map(show) ?? []).toEqual(slice.map(show));
          }
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("lose and double nothing that is stored while they are read", async () => {
    const owner = await givenOwner(database.db);
    const testSet = await givenTestSet(database.db, owner, { tests: 60 });
    const run = await givenRun(database.db, owner, { status: "RUNNING", testSet });
    const store = async (): Promise<void> => {
      for (const { id: testId, revisionId: testRevisionId, position: ordinal } of testSet.tests) {
        await database.db.insertInto("testResults").values({ organizationId: owner.organizationId, runId: run.id, ordinal, status: "PASSED", automatedStatus: "PASSED", testId, testRevisionId, outputRunId: null, errorType: null, attempts: "[]", latencyMs: null, startedAt: null, finishedAt: null, seq: ordinal }).execute();
      }
    };
    let isStoring = true;
    const stored = store().finally(() => (isStoring = false));
    const everything = { status: Object.values(TestResultStatus) };
    for (let reads = 0; isStoring || reads < 3; reads += 1) {
      const list = { filter: everything, orderBy: { field: "POSITION", direction: "ASC" }, page: { first: 100 } } as const;
      const page = (await pageOfResults(database.db, owner, { kind: "run", ids: [run.id] }, list)).get(run.id);
      expect(page?.rows.map(({ ordinal }) => ordinal)).toEqual(testSet.tests.map(({ position }) => position));
    }
    await stored;
  });

  it("and single results agree with the plan", async () => {
    await fc.assert(
      fc.asyncProperty(worldSpec, async (spec) => {
        const world = await build(database.db, spec);
        const some = world.results.filter((_, index) => index % 7 < 4).slice(0, 300);
        const found = new Map((await findResults(database.db, world.owner, some)).map((result) => [result.id, result]));
        for (const result of some) expect(found.get(result.id)).toMatchObject(show(result));
      }),
      { numRuns: 10 },
    );
  });
});
