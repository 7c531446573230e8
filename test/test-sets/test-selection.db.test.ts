import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { behaviorIdsOf, findRevisionsAt, findRevisionsByIds, findTestSetsByIds, selectTests, selectTestsOfProject, type TestSet } from "../../src/test-sets/index.js";
import { createTestApp, type TestApp } from "../support/app.js";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

let count = 0;
async function givenSet(contents: readonly string[], more: Record<string, unknown> = {}): Promise<TestSet> {
  count += 1;
  const tests = contents.map((content) => ({ key: content, prompt: { content }, behavior: `behavior ${content}` }));
  return app.services.testSets.createTestSet(app.admin, { name: `Set ${count}`, description: null, type: "SINGLE_TURN", projectId: null, tags: [], attributes: {}, tests, metrics: [], ...more });
}
const now = async (set: TestSet): Promise<TestSet> => (await findTestSetsByIds(app.database.db, app.admin, [set.id]))[0] ?? set;
const idsOf = async (set: TestSet): Promise<string[]> => (await findRevisionsAt(app.database.db, app.admin, { testSetId: set.id, testSetVersion: set.version, positions: { from: 1, to: 1_000_000 } })).map((revision) => revision.testId);

describe("selectTests", () => {
  it("is one segment without positions and without a statement for a whole set", async () => {
    const set = await givenSet(["a", "b", "c"]);
    app.database.statements.length = 0;
    expect(await selectTests(app.database.db, app.admin, set, null)).toEqual([{ testSetId: set.id, testSetVersion: 1, testCount: 3, positions: null }]);
    expect(await selectTests(app.database.db, app.admin, set, { search: " ", tags: [] })).toEqual(await selectTests(app.database.db, app.admin, set, null));
    expect(app.database.statements).toEqual([]);
  });

  it("lists positions where there are gaps or a filter, and is empty where nothing matches", async () => {
    const set = await givenSet(["a", "b", "c"]);
    expect(await selectTests(app.database.db, app.admin, set, { search: "b" })).toEqual([{ testSetId: set.id, testSetVersion: 1, testCount: 1, positions: [2] }]);
    expect(await selectTests(app.database.db, app.admin, set, { search: "z" })).toEqual([]);
    const smaller = await app.services.tests.removeTests(app.admin, { id: set.id }, [(await idsOf(set))[0] ?? ""]);
    expect(await selectTests(app.database.db, app.admin, smaller, null)).toEqual([{ testSetId: set.id, testSetVersion: 2, testCount: 2, positions: [2, 3] }]);
    expect(await selectTests(app.database.db, app.admin, await givenSet([]), null)).toEqual([]);
  });

  it("cuts long selections into segments of 8,192", async () => {
    const set = await givenSet([]);
    const { db } = app.database;
    for (let start = 0; start < 9000; start += 1000) await app.services.tests.addTests(app.admin, { id: set.id }, Array.from({ length: 1000 }, (_, n) => ({ prompt: { content: `${start + n}` } })));
    const full = await now(set);
    const [first] = await findRevisionsAt(db, app.admin, { testSetId: set.id, testSetVersion: full.version, positions: [1] });
    const gapped = await app.services.tests.removeTests(app.admin, { id: set.id }, [first?.testId ?? ""]);
    const segments = await selectTests(db, app.admin, gapped, null);
    expect(segments.map(({ testCount, positions }) => [testCount, positions?.[0], positions?.at(-1)])).toEqual([[8192, 2, 8193], [807, 8194, 9000]]);
  });
});

describe("findRevisionsAt", () => {
  it("reads every version as it was, whatever happened since", async () => {
    const set = await givenSet(["a", "b", "c"]);
    const [a, b] = await idsOf(set);
    await app.services.tests.updateTest(app.admin, a ?? "", { prompt: { content: "A!" } });
    await app.services.tests.removeTests(app.admin, { id: set.id }, [b ?? ""]);
    await app.services.tests.addTests(app.admin, { id: set.id }, [{ prompt: { content: "d" } }]);
    const at = async (testSetVersion: number) => (await findRevisionsAt(app.database.db, app.admin, { testSetId: set.id, testSetVersion, positions: { from: 1, to: 9 } })).map((revision) => [revision.position, revision.prompt?.content]);
    expect(await at(1)).toEqual([[1, "a"], [2, "b"], [3, "c"]]);
    expect(await at(2)).toEqual([[1, "A!"], [2, "b"], [3, "c"]]);
    expect(await at(3)).toEqual([[1, "A!"], [3, "c"]]);
    expect(await at(4)).toEqual([[1, "A!"], [3, "c"], [4, "d"]]);
  });

  it("reads the positions asked for, in order, with prompts, in one statement", async () => {
    const set = await givenSet(["a", "b", "c"]);
    app.database.statements.length = 0;
    const revisions = await findRevisionsAt(app.database.db, app.admin, { testSetId: set.id, testSetVersion: 1, positions: [3, 1] });
    expect(app.database.statements).toHaveLength(1);
    expect(revisions).toMatchObject([
      { testSetId: set.id, position: 1, type: "SINGLE_TURN", key: "a", prompt: { content: "a", expectedResponse: null, context: [] }, conversation: null, tags: [], metadata: {} },
      { position: 3, key: "c" },
    ]);
    expect(await findRevisionsByIds(app.database.db, app.admin, [revisions[0]?.id ?? ""])).toEqual([revisions[0]]);
    expect(await findRevisionsByIds(app.database.db, await app.otherOrganization(), [revisions[0]?.id ?? ""])).toEqual([]);
  });
});

describe("selectTestsOfProject and behaviorIdsOf", () => {
  it("go over all sets of the project that are not deleted, each in one statement", async () => {
    const first = await givenSet(["p1 x", "p1 y"]);
    const second = await givenSet(["p2 x", "p2 z"]);
    const gone = await givenSet(["p3 x"]);
    await app.services.testSets.deleteTestSet(app.admin, { id: gone.id });
    const { db, statements } = app.database;
    statements.length = 0;
    const segments = await selectTestsOfProject(db, app.admin, first.projectId, { search: " x" });
    expect(segments).toEqual([{ testSetId: first.id, testSetVersion: 1, testCount: 1, positions: [1] }, { testSetId: second.id, testSetVersion: 1, testCount: 1, positions: [1] }]);
    const behaviors = await behaviorIdsOf(db, app.admin, [...segments.slice(0, 1), { testSetId: second.id, testSetVersion: 1, testCount: 2, positions: null }]);
    expect(statements).toHaveLength(2);
    expect(behaviors).toHaveLength(3);
  });
});
