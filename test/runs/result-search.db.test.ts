import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { countResults } from "../../src/runs/result-count.repository.js";
import { normalizeResultFilter, type TestResultFilter } from "../../src/runs/result-filter.js";
import type { ResultParents } from "../../src/runs/result-page.repository.js";
import { pageOfResults } from "../../src/runs/result-pages.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { givenOwner, givenRun, givenTestSet, type Owner, type SeededRun } from "../support/seed.js";

/** More than are gathered before a list is read. */
const MANY = 5_400;

let database: TestDatabase;
let owner: Owner;
let large: SeededRun;
let rescored: SeededRun;
beforeAll(async () => {
  database = await createTestDatabase();
  owner = await givenOwner(database.db);
  const testSet = await givenTestSet(database.db, owner, { tests: Array.from({ length: MANY }, (_, index) => ({ content: `Ask ${index % 1_000 === 7 ? "Penguins" : "whales"} something`, tags: index === 3 ? ["every", "one"] : ["every"] })) });
  const results = Array.from({ length: MANY - 10 }, (_, index) => ({ ordinal: index + 1, status: index % 3 === 0 ? ("FAILED" as const) : ("PASSED" as const), output: index === 2_500 ? "Emperors' café – 1,319 naïve e-mails: me@example.com" : index === 4_000 ? null : "The usual reply" }));
  large = await givenRun(database.db, owner, { testSet, status: "RUNNING", results });
  rescored = await givenRun(database.db, owner, { testSet, kind: "RESCORE", sourceRunId: large.id, outputRunId: large.id, results: results.slice(0, 3_000).map((result) => ({ ...result, outputRunId: large.id })) });
}, 120_000);
afterAll(() => database.drop());

/** The ordinals of all pages of a list. */
async function ordinals(parents: ResultParents, asked: TestResultFilter, size = 200, limit = 12): Promise<number[]> {
  const filter = normalizeResultFilter(asked);
  const found: number[] = [];
  for (let after: string | undefined; found.length < limit * size; ) {
    const page = (await pageOfResults(database.db, owner, parents, { filter, orderBy: { field: "POSITION", direction: "ASC" }, page: { first: size, ...(after === undefined ? {} : { after }) } })).get(parents.ids[0] ?? "");
    found.push(...(page?.rows ?? []).map(({ ordinal }) => ordinal));
    after = page?.cursors.at(-1);
    if (page?.hasNextPage !== true) break;
  }
  return found;
}

async function count(parents: ResultParents, filter: TestResultFilter): Promise<number> {
  return (await countResults(database.db, owner, { parents, filter: normalizeResultFilter(filter) })).get(parents.ids[0] ?? "") ?? 0;
}

const ALL: ResultParents = { kind: "all", ids: ["all"] };
const ofRun = (run: SeededRun): ResultParents => ({ kind: "run", ids: [run.id] });

describe("search", () => {
  it("finds words by their beginnings, ignoring case, in prompts and in outputs", async () => {
    const penguins = [8, 1_008, 2_008, 3_008, 4_008, 5_008];
    expect(await ordinals(ofRun(large), { search: "peng ASK" })).toEqual(penguins);
    for (const search of ["emperor", "CAFÉ", "1,319", "e-mail", "me@example.com", "naïve usual"]) expect([search, await ordinals(ofRun(large), { search })]).toEqual([search, search === "naïve usual" ? [] : [2_501]]);
    expect(await ordinals(ofRun(large), { search: "penguins usual" })).toEqual([]); // one word in the prompt, one in the output
    for (const nothing of ["?!", "' & |:*", "\u0000", "\\"]) expect(await ordinals(ofRun(large), { search: nothing })).toEqual([]);
  });

  it("holds together with other filters, and counts what it lists", async () => {
    expect(await ordinals(ofRun(large), { search: "penguins", status: ["FAILED"] })).toEqual([2_008, 5_008]); // every third failed
    expect(await count(ofRun(large), { search: "penguins" })).toBe(6);
    expect(await count(ofRun(large), { search: "penguins", status: ["FAILED"] })).toBe(2);
  });

  it("of a word that is everywhere goes along the list, with the same pages", async () => {
    const answered = Array.from({ length: MANY - 10 }, (_, index) => index + 1).filter((ordinal) => ordinal !== 2_501 && ordinal !== 4_001);
    expect(await ordinals(ofRun(large), { search: "usual" }, 200, 100)).toEqual(answered);
    expect(await count(ofRun(large), { search: "usual" })).toBe(answered.length);
    expect(await ordinals(ofRun(large), { search: "ask" }, 200, 100)).toEqual(Array.from({ length: MANY }, (_, index) => index + 1)); // planned ones included
    expect(await count(ofRun(large), { search: "ask" })).toBe(MANY);
    expect(await count(ofRun(large), { search: "whales", status: ["PENDING"] })).toBe(10);
  });

  it("finds a re-score's results by the outputs of its source, and over all runs in every one", async () => {
    expect(await ordinals(ofRun(rescored), { search: "emperor" })).toEqual([2_501]);
    expect(await ordinals(ALL, { search: "emperor" })).toEqual([2_501, 2_501]);
    expect(await count(ALL, { search: "emperor" })).toBe(2);
    expect(await ordinals(ALL, { search: "emperor", runId: large.id })).toEqual([2_501]);
    expect((await ordinals(ALL, { search: "usual" }, 200, 60)).length).toBe(MANY - 12 + 2_999);
  });

  it("of a property that every test has goes along the list, and of a rare one finds its tests", async () => {
    expect((await ordinals(ofRun(large), { tags: ["every"], status: ["FAILED", "PENDING"] }, 200, 100)).length).toBe(Math.ceil((MANY - 10) / 3) + 10);
    expect(await count(ofRun(large), { tags: ["every"] })).toBe(MANY);
    expect(await ordinals(ofRun(large), { tags: ["one"] })).toEqual([4]);
    expect(await ordinals(ALL, { tags: ["every", "one"], search: "usual" })).toEqual([4, 4]);
  });

  it("of one test's results finds those whose answers match", async () => {
    const testId = large.testSet.tests[2_500]?.id ?? "";
    expect(await ordinals({ kind: "test", ids: [testId] }, { search: "emperor" })).toEqual([2_501, 2_501]);
    expect(await ordinals({ kind: "test", ids: [testId] }, { search: "reply" })).toEqual([]);
  });

  it("costs as many statements for the lists of two runs as for those of three, and six at the most for one", async () => {
    const third = await givenRun(database.db, owner, { testSet: large.testSet, results: [{ ordinal: 1, status: "PASSED", output: "Emperors" }] });
    const statements = async (ids: readonly string[]): Promise<number> => {
      database.statements.length = 0;
      await pageOfResults(database.db, owner, { kind: "run", ids }, { filter: { search: "emperor", status: ["PASSED"] }, orderBy: { field: "POSITION", direction: "ASC" }, page: { first: 5 } });
      return database.statements.length;
    };
    expect(await statements([large.id, rescored.id, third.id])).toBe(await statements([large.id, rescored.id]));
    expect(await statements([large.id])).toBeLessThanOrEqual(6);
  });
});
