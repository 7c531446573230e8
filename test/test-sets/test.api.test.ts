import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Role } from "../../src/viewer.js";
import { createTestApp, type TestApp } from "../support/app.js";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

const SET = "id version testCount tests(first: 200) { nodes { id position key prompt { id content expectedResponse } behavior { name } tags metadata } }";
let count = 0;

async function givenSet(tests: readonly Record<string, unknown>[], input: Record<string, unknown> = {}): Promise<Record<string, any>> {
  count += 1;
  return (await app.data(`mutation ($input: CreateTestSetInput!) { createTestSet(input: $input) { ${SET} } }`, { input: { name: `Set ${count}`, tests, ...input } }))["createTestSet"];
}
const prompts = (...contents: string[]): Record<string, unknown>[] => contents.map((content) => ({ prompt: { content } }));
const contentsOf = (set: Record<string, any>): string[] => set["tests"].nodes.map((test: Record<string, any>) => test["prompt"].content);

const ADD = `mutation ($testSet: EntityRef!, $tests: [TestInput!]!) { addTests(testSet: $testSet, tests: $tests) { ${SET} } }`;
const UPDATE = "mutation ($input: UpdateTestInput!) { updateTest(input: $input) { id position key prompt { id content expectedResponse languageCode context } behavior { name } tags metadata testSet { version testCount } } }";
const REMOVE = `mutation ($testSet: EntityRef!, $ids: [ID!]!) { removeTests(testSet: $testSet, ids: $ids) { ${SET} } }`;

describe("addTests and createTest", () => {
  it("append tests, each call making one version", async () => {
    const set = await givenSet(prompts("a"));
    const added = (await app.data(ADD, { testSet: { id: set["id"] }, tests: prompts("b", "c") }))["addTests"];
    expect([added.version, added.testCount, contentsOf(added)]).toEqual([2, 3, ["a", "b", "c"]]);
    const { createTest } = await app.data("mutation ($testSet: EntityRef!, $test: TestInput!) { createTest(testSet: $testSet, test: $test) { position prompt { content } testSet { version testCount } } }", { testSet: { id: set["id"] }, test: { prompt: { content: "d" } } });
    expect(createTest).toEqual({ position: 4, prompt: { content: "d" }, testSet: { version: 3, testCount: 4 } });
  });

  it("make labels of names that PostgreSQL and JavaScript write differently in lower case", async () => {
    const set = await givenSet([{ prompt: { content: "a" }, behavior: "\u0130stanbul", topic: "\u00c4pfel" }, { prompt: { content: "b" }, behavior: "\u0130STANBUL", topic: "\u00e4PFEL" }]);
    expect(set["tests"].nodes.map((test: Record<string, any>) => test["behavior"].name)).toEqual(["\u0130stanbul", "\u0130stanbul"]);
  });

  it("add nothing and make no version for an empty list", async () => {
    const set = await givenSet(prompts("a"));
    expect((await app.data(ADD, { testSet: { id: set["id"] }, tests: [] }))["addTests"]).toEqual(set);
  });

  it("refuse more than 1,000, a key that the set has, a test of the other type and a bad test, changing nothing", async () => {
    const set = await givenSet([{ key: "k", prompt: { content: "a" } }]);
    const testSet = { id: set["id"] };
    expect(await app.error(ADD, { testSet, tests: prompts(...Array.from({ length: 1001 }, String)) })).toMatchObject({ code: "BAD_USER_INPUT", problems: [{ field: "tests" }] });
    expect(await app.error(ADD, { testSet, tests: [...prompts("x"), { key: "k", prompt: { content: "b" } }] })).toMatchObject({ code: "CONFLICT", reason: "KEY_TAKEN", keys: ["k"] });
    expect(await app.error(ADD, { testSet, tests: [{ conversation: { goal: "g" } }] })).toMatchObject({ reason: "TEST_TYPE_MISMATCH" });
    expect(await app.error(ADD, { testSet, tests: [{ key: " ", prompt: { content: "b" } }] })).toMatchObject({ reason: "INPUT_INVALID", problems: [{ field: "tests.0.key" }] });
    expect(await app.error(ADD, { testSet, tests: [{ prompt: { content: "" } }, { key: "", prompt: { content: "x" } }] })).toMatchObject({ problems: [{ field: "tests.0.prompt.content" }, { field: "tests.1.key" }] });
    expect(await app.error(ADD, { testSet: { name: "nobody" }, tests: [] })).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.error(ADD, { testSet, tests: [] }, app.viewerWith(Role.REVIEWER))).toMatchObject({ code: "FORBIDDEN" });
    expect((await app.data(`query ($ref: EntityRef!) { testSet(ref: $ref) { ${SET} } }`, { ref: testSet }))["testSet"]).toEqual(set);
  });

  it("serve callers at once: every test gets its own place and every call its own version", async () => {
    const set = await givenSet([]);
    await Promise.all(Array.from({ length: 12 }, (_, n) => app.data(ADD, { testSet: { id: set["id"] }, tests: [{ prompt: { content: `${n}` }, behavior: `new ${n % 3}`, topic: `new ${n % 2}` }] })));
    const { testSet } = await app.data(`query ($ref: EntityRef!) { testSet(ref: $ref) { ${SET} } }`, { ref: { id: set["id"] } });
    expect([testSet.version, testSet.testCount]).toEqual([13, 12]);
    expect(testSet.tests.nodes.map((test: { position: number }) => test.position)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });
});

describe("updateTest", () => {
  it("keeps what is absent, clears with null, replaces lists, and makes a new prompt and version", async () => {
    const set = await givenSet([{ key: "k", prompt: { content: "a", expectedResponse: "e", languageCode: "en", context: ["c"] }, behavior: "B", tags: ["t"], metadata: { m: 1 } }]);
    const [before] = set["tests"].nodes;
    const { updateTest } = await app.data(UPDATE, { input: { id: before.id, test: { prompt: { content: "new", languageCode: null }, tags: ["u"] } } });
    expect(updateTest).toEqual({ id: before.id, position: 1, key: "k", prompt: { id: expect.any(String), content: "new", expectedResponse: "e", languageCode: null, context: ["c"] }, behavior: { name: "B" }, tags: ["u"], metadata: { m: 1 }, testSet: { version: 2, testCount: 1 } });
    expect(updateTest.prompt.id).not.toBe(before.prompt.id);
    const cleared = (await app.data(UPDATE, { input: { id: before.id, test: { key: null, behavior: null, metadata: null } } }))["updateTest"];
    expect(cleared).toMatchObject({ key: null, behavior: null, metadata: {}, prompt: { id: updateTest.prompt.id }, testSet: { version: 3 } });
    expect((await app.data("query ($id: ID!) { node(id: $id) { ... on Prompt { content } } }", { id: before.prompt.id }))["node"]).toEqual({ content: "a" });
  });

  it("makes no version when nothing differs", async () => {
    const set = await givenSet([{ key: "k", prompt: { content: "a" }, behavior: "B", metadata: { b: 1, a: 2 } }]);
    const { updateTest } = await app.data(UPDATE, { input: { id: set["tests"].nodes[0].id, test: { key: "k", prompt: { content: "a", context: [] }, behavior: "b", metadata: { a: 2, b: 1 } } } });
    expect(updateTest.testSet.version).toBe(1);
  });

  it("refuses a taken key, an unknown or removed test, the other type and a missing prompt", async () => {
    const set = await givenSet([{ key: "a", prompt: { content: "a" } }, { key: "b", prompt: { content: "b" } }]);
    const [a, b] = set["tests"].nodes;
    const update = (id: string, test: Record<string, unknown>) => app.error(UPDATE, { input: { id, test } });
    expect(await update(a.id, { key: "b" })).toMatchObject({ reason: "KEY_TAKEN" });
    expect(await update(a.id, { conversation: { goal: "g" } })).toMatchObject({ reason: "TEST_TYPE_MISMATCH", problems: [{ field: "input.test.conversation" }] });
    expect(await update(a.id, { prompt: null })).toMatchObject({ problems: [{ field: "input.test.prompt" }] });
    expect(await update("nonsense", {})).toMatchObject({ code: "NOT_FOUND" });
    await app.data(REMOVE, { testSet: { id: set["id"] }, ids: [b.id] });
    expect(await update(b.id, {})).toMatchObject({ code: "FAILED_PRECONDITION", reason: "DELETED" });
    expect((await app.data(UPDATE, { input: { id: a.id, test: { key: "b" } } }))["updateTest"].key).toBe("b");
  });
});

describe("removeTests", () => {
  it("takes tests out, leaving gaps, and keeps them readable", async () => {
    const set = await givenSet(prompts("a", "b", "c"));
    const [, b] = set["tests"].nodes;
    const removed = (await app.data(REMOVE, { testSet: { id: set["id"] }, ids: [b.id, b.id] }))["removeTests"];
    expect([removed.version, removed.testCount, contentsOf(removed), removed.tests.nodes.map((test: { position: number }) => test.position)]).toEqual([2, 2, ["a", "c"], [1, 3]]);
    expect(await app.data("query ($id: ID!) { test(id: $id) { position deletedAt prompt { content } testSet { id } } node(id: $id) { __typename } }", { id: b.id })).toEqual({
      test: { position: 2, deletedAt: expect.any(String), prompt: { content: "b" }, testSet: { id: set["id"] } },
      node: { __typename: "Test" },
    });
    const again = (await app.data(ADD, { testSet: { id: set["id"] }, tests: prompts("d") }))["addTests"];
    expect(again.tests.nodes.map((test: { position: number }) => test.position)).toEqual([1, 3, 4]);
  });

  it("changes nothing when one id is not the set's", async () => {
    const set = await givenSet(prompts("a"));
    const other = await givenSet(prompts("b"));
    const ids = [set["tests"].nodes[0].id, other["tests"].nodes[0].id];
    expect(await app.error(REMOVE, { testSet: { id: set["id"] }, ids })).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.error(REMOVE, { testSet: { id: set["id"] }, ids: ["nonsense"] })).toMatchObject({ code: "NOT_FOUND" });
    expect((await app.data("query ($id: ID!) { test(id: $id) { deletedAt testSet { version } } }", { id: ids[0] }))["test"]).toEqual({ deletedAt: null, testSet: { version: 1 } });
  });
});

describe("TestSet.tests", () => {
  const list = async (set: Record<string, any>, args: string): Promise<Record<string, any>> =>
    (await app.data(`query ($ref: EntityRef!) { testSet(ref: $ref) { tests(${args}) { totalCount nodes { position prompt { content } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`, { ref: { id: set["id"] } }))["testSet"].tests;
  const places = (page: Record<string, any>): number[] => page["nodes"].map((test: { position: number }) => test.position);

  it("pages by position, forwards and backwards", async () => {
    const set = await givenSet(prompts("1", "2", "3", "4", "5"));
    const first = await list(set, "first: 2");
    expect([places(first), first["totalCount"], first["pageInfo"].hasNextPage, first["pageInfo"].hasPreviousPage]).toEqual([[1, 2], 5, true, false]);
    const second = await list(set, `first: 2, after: "${first["pageInfo"].endCursor}"`);
    expect([places(second), second["pageInfo"].hasNextPage, second["pageInfo"].hasPreviousPage]).toEqual([[3, 4], true, true]);
    const last = await list(set, `last: 2, before: "${second["pageInfo"].endCursor}"`);
    expect([places(last), last["pageInfo"].hasNextPage, last["pageInfo"].hasPreviousPage]).toEqual([[2, 3], true, true]);
    const between = await list(set, `after: "${first["pageInfo"].startCursor}", before: "${second["pageInfo"].endCursor}"`);
    expect([places(between), between["pageInfo"].hasNextPage, between["pageInfo"].hasPreviousPage]).toEqual([[2, 3], true, true]);
    expect(places(await list(set, "orderBy: { direction: DESC }, first: 2"))).toEqual([5, 4]);
    for (const order of ["field: CREATED_AT", "field: CREATED_AT, direction: DESC", "direction: DESC"]) {
      const start = await list(set, `orderBy: { ${order} }, first: 1`);
      const next = await list(set, `orderBy: { ${order} }, first: 4, after: "${start["pageInfo"].endCursor}"`);
      expect([places(next), next["pageInfo"].hasNextPage, next["pageInfo"].hasPreviousPage]).toEqual([order.includes("DESC") ? [4, 3, 2, 1] : [2, 3, 4, 5], false, true]);
    }
    expect(places(await list(set, "orderBy: { field: CREATED_AT, direction: DESC }, first: 2"))).toEqual([5, 4]);
    expect(places(await list(set, "orderBy: { field: CREATED_AT }, last: 1"))).toEqual([5]);
  });

  it("filters by every field, ignoring ill-formed ids", async () => {
    const set = await givenSet([
      { key: "K1", prompt: { content: "100% Äpfel", expectedResponse: "birne" }, behavior: "fb", category: "fc", topic: "ft", useCase: "fu", tags: ["a", "b"] },
      { prompt: { content: "other" }, behavior: "fb2", tags: ["a"] },
    ]);
    const { nodes } = (await app.data("query ($ref: EntityRef!) { testSet(ref: $ref) { tests { nodes { id prompt { id } behavior { id } category { id } topic { id } useCase { id } } } } }", { ref: { id: set["id"] } }))["testSet"].tests;
    const only = nodes[0];
    for (const filter of [`ids: ["${only.id}", "nonsense"]`, 'search: "100% ä"', 'search: "BIRNE"', 'search: "k1"', `behaviorId: "${only.behavior.id}"`, `categoryId: "${only.category.id}"`, `topicId: "${only.topic.id}"`, `useCaseId: "${only.useCase.id}"`, `promptId: "${only.prompt.id}"`, 'tags: ["a", "b"]']) {
      const page = await list(set, `filter: { ${filter} }`);
      expect([filter, places(page), page["totalCount"]]).toEqual([filter, [1], 1]);
    }
    for (const filter of ['behaviorId: "nonsense"', "ids: []", "type: MULTI_TURN", 'search: "100_"', `behaviorId: "${only.topic.id}"`]) expect([filter, places(await list(set, `filter: { ${filter} }`))]).toEqual([filter, []]);
    for (const filter of ["type: SINGLE_TURN", 'search: ""', String.raw`search: " \t\n"`]) expect([filter, places(await list(set, `filter: { ${filter} }`))]).toEqual([filter, [1, 2]]);
  });

  it("finds text in goals and scripted turns", async () => {
    const conversations = [{ goal: "Book a Flight" }, { scriptedTurns: ["hi", 'say "Flight"\n'] }, { goal: "x" }];
    const set = await givenSet(conversations.map((conversation) => ({ conversation })), { type: "MULTI_TURN" });
    const page = (await app.data('query ($ref: EntityRef!) { testSet(ref: $ref) { tests(filter: { search: "flight" }) { nodes { position } } } }', { ref: { id: set["id"] } }))["testSet"].tests;
    expect(places(page)).toEqual([1, 2]);
  });

  it("takes any text in a filter", async () => {
    const set = await givenSet(prompts("a"));
    for (const filter of [{ search: "a\u0000%_\\" }, { tags: ["\ud800"] }]) {
      expect((await app.data("query ($ref: EntityRef!, $filter: TestFilter) { testSet(ref: $ref) { tests(filter: $filter) { totalCount } } }", { ref: { id: set["id"] }, filter }))["testSet"].tests.totalCount).toBe(0);
    }
    expect(await app.data('{ testSet(ref: { name: "a\\u0000" }) { id } testSets(filter: { tags: ["\\u0000"], name: { eq: "\\u0000" } }) { totalCount } }')).toEqual({ testSet: null, testSets: { totalCount: 0 } });
  });

  it("refuses pages over 200 and cursors of another order", async () => {
    const set = await givenSet(prompts("1", "2"));
    const { pageInfo } = await list(set, "first: 1");
    const query = (args: string) => app.error(`query ($ref: EntityRef!) { testSet(ref: $ref) { tests(${args}) { totalCount } } }`, { ref: { id: set["id"] } });
    expect(await query("first: 201")).toMatchObject({ code: "BAD_USER_INPUT", reason: "PAGE_TOO_LARGE" });
    expect(await query(`after: "${pageInfo.endCursor}", orderBy: { direction: DESC }`)).toMatchObject({ reason: "CURSOR_INVALID" });
    expect(await query(`after: "${pageInfo.endCursor}", filter: { search: "1" }`)).toMatchObject({ reason: "CURSOR_INVALID" });
  });

  it("shows nothing to another organization", async () => {
    const set = await givenSet(prompts("secret"));
    const other = await app.otherOrganization();
    const [test] = set["tests"].nodes;
    expect(await app.data("query ($test: ID!, $prompt: ID!) { test(id: $test) { id } nodes(ids: [$test, $prompt]) { id } }", { test: test.id, prompt: test.prompt.id }, other)).toEqual({ test: null, nodes: [null, null] });
    expect(await app.error(UPDATE, { input: { id: test.id, test: {} } }, other)).toMatchObject({ code: "NOT_FOUND" });
  });
});
