import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IdKind, newId } from "../../src/ids.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenEndpoint, givenRun, givenTestSet, NOW, type Owner, ownerOf, type ResultSeed, type RunSeed, type SeededEndpoint, type SeededRun, type SeededTestSet } from "../support/seed.js";

let app: TestApp;
let owner: Owner;
let endpoint: SeededEndpoint;
beforeAll(async () => {
  app = await createTestApp();
  owner = await ownerOf(app.database.db, app.admin);
  endpoint = await givenEndpoint(app.database.db, owner, "Bot");
});
afterAll(() => app.close());

const STATUS = { P: "PASSED", F: "FAILED", E: "ERROR" } as const;

function run(testSet: SeededTestSet, letters: string, args: RunSeed = {}): Promise<SeededRun> {
  const results = [...letters.replaceAll("|", "")].flatMap((letter, index): ResultSeed[] => {
    const status = STATUS[letter as keyof typeof STATUS];
    return (status as string | undefined) === undefined ? [] : [{ ordinal: index + 1, status }];
  });
  return givenRun(app.database.db, owner, { testSet, endpoint, results, ...args });
}

const HISTORY = `query ($id: ID!, $endpoint: EntityRef, $last: Int! = 20) { test(id: $id) { history(endpoint: $endpoint, last: $last) { run { id } status passRate } } }`;
const historyOf = async (testSet: SeededTestSet, args: Record<string, unknown> = {}, position = 1): Promise<any[] | null> => (await app.data(HISTORY, { id: testSet.tests[position - 1]?.id, ...args }))["test"].history as any[] | null;

describe("Test.history", () => {
  it("has one point a finished execution, newest first, with the majority of the trials", async () => {
    const testSet = await givenTestSet(app.database.db, owner, { tests: 1 });
    const elsewhere = await givenEndpoint(app.database.db, owner, "Other bot");
    const runs = [await run(testSet, "P"), await run(testSet, "PFP", { trials: 3 }), await run(testSet, "PF", { trials: 2 }), await run(testSet, "E"), await run(testSet, "FE ", { trials: 3, status: "CANCELLED" }), await run(testSet, "F", { endpoint: elsewhere })];
    await run(testSet, "P", { kind: "RESCORE" });
    await run(testSet, "", { status: "RUNNING" });
    await run(testSet, "", { status: "CANCELLED" });
    const points = [["PASSED", 1], ["PASSED", 2 / 3], ["FAILED", 0.5], ["ERROR", null], ["FAILED", 0], ["FAILED", 0]].map(([status, passRate], index) => ({ run: { id: runs[index]?.id }, status, passRate })).reverse(); // prettier-ignore
    expect(await historyOf(testSet)).toEqual(points);
    expect(await historyOf(testSet, { last: 2 })).toEqual(points.slice(0, 2));
    expect(await historyOf(testSet, { last: 0 })).toEqual([]);
    expect(await historyOf(testSet, { endpoint: { name: "bot" } })).toEqual(points.slice(1));
    expect(await historyOf(testSet, { endpoint: { id: elsewhere.id } })).toEqual(points.slice(0, 1));
  });

  it("goes by the time of queueing", async () => {
    const testSet = await givenTestSet(app.database.db, owner, { tests: 1 });
    const late = await run(testSet, "P", { createdAt: new Date(NOW.getTime() + 3_600_000) });
    const early = await run(testSet, "F");
    expect((await historyOf(testSet))?.map((point) => point.run.id)).toEqual([late.id, early.id]);
  });

  it("is null for an endpoint that is not there, and refuses lengths that are too great or negative", async () => {
    const testSet = await givenTestSet(app.database.db, owner, { tests: 1 });
    for (const ref of [{ name: "nobody" }, { id: "nonsense" }, { id: newId(IdKind.ENDPOINT) }]) expect(await historyOf(testSet, { endpoint: ref })).toBeNull();
    for (const [last, reason] of [[-1, "INPUT_INVALID"], [201, "PAGE_TOO_LARGE"]]) expect(await app.error(HISTORY, { id: testSet.tests[0]?.id, last })).toMatchObject({ code: "BAD_USER_INPUT", reason, problems: [{ field: "last" }] });
  });

  it("costs the same number of statements for 2 and for 20 tests", async () => {
    const testSet = await givenTestSet(app.database.db, owner, { tests: 20 });
    for (const letters of ["P".repeat(20), "F".repeat(20)]) await run(testSet, letters);
    const QUERY = `query ($id: ID!, $first: Int!) { testSet(ref: { id: $id }) { tests(first: $first) { nodes { history(endpoint: { name: "Bot" }) { run { id name } status passRate } } } } }`;
    expect(await app.countStatements(QUERY, { id: testSet.id, first: 20 })).toBe(await app.countStatements(QUERY, { id: testSet.id, first: 2 }));
    const { testSet: answered } = await app.data(QUERY, { id: testSet.id, first: 20 });
    expect(answered.tests.nodes.every((node: any) => node.history.length === 2 && node.history[0].status === "FAILED")).toBe(true);
  });
});

describe("TestSet.flakyTests", () => {
  const FLAKY = `query ($id: ID!, $endpoint: EntityRef!, $lastRuns: Int! = 10, $first: Int! = 50) { testSet(ref: { id: $id }) { flakyTests(endpoint: $endpoint, lastRuns: $lastRuns, first: $first) { test { position } runs passRate flips } } }`;
  const flakyOf = async (testSet: SeededTestSet, args: Record<string, unknown> = {}): Promise<any[] | null> => (await app.data(FLAKY, { id: testSet.id, endpoint: { id: endpoint.id }, ...args }))["testSet"].flakyTests as any[] | null;

  it("lists the tests whose verdict changed, most flips first, and no others", async () => {
    const testSet = await givenTestSet(app.database.db, owner, { tests: 7 });
    // By test: steady pass, steady fail, one flip, two flips, error between two passes, a flip across an error, never a verdict.
    for (const letters of ["PFFPPPE", "PFFFEEE", "PFPPPFE"]) await run(testSet, letters);
    await run(testSet, "FPFFFFF", { kind: "RESCORE" });
    await run(testSet, "FPFFFFF", { endpoint: await givenEndpoint(app.database.db, owner) });
    await run(testSet, "FP", { status: "RUNNING" });
    expect(await flakyOf(testSet)).toEqual([
      { test: { position: 4 }, runs: 3, passRate: expect.closeTo(2 / 3, 12), flips: 2 },
      { test: { position: 3 }, runs: 3, passRate: expect.closeTo(1 / 3, 12), flips: 1 },
      { test: { position: 6 }, runs: 2, passRate: 0.5, flips: 1 },
    ]);
    expect((await flakyOf(testSet, { first: 1 }))?.map(({ test }) => test.position)).toEqual([4]);
    expect((await flakyOf(testSet, { lastRuns: 2 }))?.map(({ test, flips }) => [test.position, flips])).toEqual([[3, 1], [4, 1]]); // prettier-ignore
    expect(await flakyOf(testSet, { lastRuns: 1 })).toEqual([]);
  });

  it("sees trials that differ, and takes a run's verdict for its test's, as the history shows it: ties are fails", async () => {
    const testSet = await givenTestSet(app.database.db, owner, { tests: 3 });
    // The first test: pass, tie, fail: one flip. The second: pass, tie, pass: two. The third is steady.
    for (const letters of ["PP|PP|PP", "PF|PF|PP", "FF|PP|PP"]) await run(testSet, letters, { trials: 2 });
    const flaky = await flakyOf(testSet);
    expect(flaky).toEqual([
      { test: { position: 2 }, runs: 3, passRate: expect.closeTo(5 / 6, 12), flips: 2 },
      { test: { position: 1 }, runs: 3, passRate: 0.5, flips: 1 },
    ]);
    for (const { test, flips } of flaky ?? []) {
      const statuses = (await historyOf(testSet, {}, test.position))?.map(({ status }) => status) ?? [];
      expect(statuses.slice(1).filter((status, index) => status !== statuses[index])).toHaveLength(flips);
    }
    await run(testSet, "PF|PP|PP", { trials: 2 });
    expect((await flakyOf(testSet, { lastRuns: 1 }))?.map(({ test, runs, flips }) => [test.position, runs, flips])).toEqual([[1, 1, 0]]);
  });

  it("leaves out removed tests", async () => {
    const testSet = await givenTestSet(app.database.db, owner, { tests: 2 });
    for (const letters of ["PF", "FP"]) await run(testSet, letters);
    await app.data(`mutation ($id: ID!, $test: ID!) { removeTests(testSet: { id: $id }, ids: [$test]) { id } }`, { id: testSet.id, test: testSet.tests[0]?.id });
    expect((await flakyOf(testSet))?.map(({ test }) => test.position)).toEqual([2]);
  });

  it("is null for an endpoint that is not there, and refuses numbers out of range", async () => {
    const testSet = await givenTestSet(app.database.db, owner);
    expect(await flakyOf(testSet)).toEqual([]);
    for (const ref of [{ name: "nobody" }, { id: "nonsense" }]) expect(await flakyOf(testSet, { endpoint: ref })).toBeNull();
    const ref = { id: testSet.id, endpoint: { id: endpoint.id } };
    for (const lastRuns of [0, 101]) expect(await app.error(FLAKY, { ...ref, lastRuns })).toMatchObject({ code: "BAD_USER_INPUT", problems: [{ field: "lastRuns" }] });
    for (const [first, reason] of [[-1, "INPUT_INVALID"], [201, "PAGE_TOO_LARGE"]]) expect(await app.error(FLAKY, { ...ref, first })).toMatchObject({ code: "BAD_USER_INPUT", reason, problems: [{ field: "first" }] });
  });

  it("costs the same number of statements for 2 and for 20 sets", async () => {
    for (let index = 0; index < 20; index += 1) {
      const testSet = await givenTestSet(app.database.db, owner, { tests: 2, name: `flaky ${index}` });
      for (const letters of ["PF", "FP"]) await run(testSet, letters);
    }
    const QUERY = `query ($first: Int!) { testSets(filter: { name: { startsWith: "flaky " } }, first: $first) { nodes { flakyTests(endpoint: { name: "Bot" }) { test { id prompt { content } } flips } } } }`;
    expect(await app.countStatements(QUERY, { first: 20 })).toBe(await app.countStatements(QUERY, { first: 2 }));
    const { testSets } = await app.data(QUERY, { first: 20 });
    expect(testSets.nodes.map((node: any) => node.flakyTests.map((each: any) => each.flips))).toEqual(Array.from({ length: 20 }, () => [1, 1]));
  });
});
