import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Role } from "../../src/viewer.js";
import { createTestApp, type TestApp } from "../support/app.js";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

const CREATE = "mutation ($input: CreateTestSetInput!) { createTestSet(input: $input) { id name version testCount } }";
const unknownId = "01999999-9999-7999-9999-999999999999";
let count = 0;

async function givenSet(input: Record<string, unknown> = {}): Promise<{ id: string; name: string }> {
  count += 1;
  return (await app.data(CREATE, { input: { name: `Set ${count}`, ...input } }))["createTestSet"];
}

describe("createTestSet", () => {
  it("makes version 1 with the tests in order, their labels made by name", async () => {
    const tests = [
      { key: "a", prompt: { content: "42", expectedResponse: "true", languageCode: "en", context: ["c"] }, behavior: "Exact", tags: ["x", "x"], metadata: { max_tokens: 3 } },
      { prompt: { content: ' {"a":1} x , ] ' }, behavior: "exact", category: "Numbers", topic: "T", useCase: "U" },
    ];
    const { createTestSet } = await app.data(
      `mutation ($input: CreateTestSetInput!) { createTestSet(input: $input) {
        name description type version testCount tags attributes project { name } createdBy { name } deletedAt
        tests { totalCount nodes { position key type prompt { content expectedResponse languageCode context } conversation { goal } behavior { name } category { name } topic { name } useCase { name } tags metadata testSet { name } } } } }`,
      { input: { name: " First ", description: "d", tags: ["t"], attributes: { a: [1] }, tests } },
    );
    expect(createTestSet).toEqual({
      name: "First", description: "d", type: "SINGLE_TURN", version: 1, testCount: 2, tags: ["t"], attributes: { a: [1] }, project: { name: "Default" }, createdBy: { name: "Admin" }, deletedAt: null,
      tests: {
        totalCount: 2,
        nodes: [
          { position: 1, key: "a", type: "SINGLE_TURN", prompt: { content: "42", expectedResponse: "true", languageCode: "en", context: ["c"] }, conversation: null, behavior: { name: "Exact" }, category: null, topic: null, useCase: null, tags: ["x"], metadata: { max_tokens: 3 }, testSet: { name: "First" } },
          { position: 2, key: null, type: "SINGLE_TURN", prompt: { content: ' {"a":1} x , ] ', expectedResponse: null, languageCode: null, context: [] }, conversation: null, behavior: { name: "Exact" }, category: { name: "Numbers" }, topic: { name: "T" }, useCase: { name: "U" }, tags: [], metadata: {}, testSet: { name: "First" } },
        ],
      },
    }); // prettier-ignore
  });

  it("refuses a name that the project has, ignoring case, and takes it once the other is deleted", async () => {
    const first = await givenSet({ name: "Taken" });
    expect(await app.error(CREATE, { input: { name: "TAKEN" } })).toMatchObject({ code: "CONFLICT", reason: "NAME_TAKEN" });
    await app.data("mutation ($id: ID!) { deleteTestSet(ref: { id: $id }) }", { id: first.id });
    expect((await givenSet({ name: "taken" })).name).toBe("taken");
  });

  it("lists every problem at once and makes nothing", async () => {
    const tests = [{ prompt: { content: "  " } }, {}, { key: "k", prompt: { content: "x" } }, { key: "k", prompt: { content: "a\u0000" }, behavior: "" }];
    const error = await app.error(CREATE, { input: { name: " ", tags: [""], tests } });
    expect(error).toMatchObject({ code: "BAD_USER_INPUT", reason: "INPUT_INVALID" });
    expect(error["problems"].map((problem: { field: string }) => problem.field)).toEqual([
      "input.name", "input.tags.0", "input.tests.0.prompt.content", "input.tests.1.prompt", "input.tests.3.prompt.content", "input.tests.3.behavior", "input.tests.3.key",
    ]); // prettier-ignore
  });

  it("refuses tests of the other type with TEST_TYPE_MISMATCH", async () => {
    expect(await app.error(CREATE, { input: { name: "M", tests: [{ conversation: { goal: "g" } }] } })).toMatchObject({ code: "BAD_USER_INPUT", reason: "TEST_TYPE_MISMATCH", problems: [{ field: "input.tests.0.conversation" }] });
    expect(await app.error(CREATE, { input: { name: "M", type: "MULTI_TURN", tests: [{ prompt: { content: "p" } }] } })).toMatchObject({ reason: "TEST_TYPE_MISMATCH", problems: [{ field: "input.tests.0.prompt" }] });
    const fields = ["input.name", "input.tests.0.conversation", "input.tests.1.prompt.content"].map((field) => ({ field }));
    expect(await app.error(CREATE, { input: { name: " ", tests: [{ conversation: { goal: "g" } }, { prompt: { content: "" } }] } })).toMatchObject({ reason: "INPUT_INVALID", problems: fields });
  });

  it("is for editors, and in a project of the organization", async () => {
    expect(await app.error(CREATE, { input: { name: "V" } }, app.viewerWith(Role.VIEWER))).toMatchObject({ code: "FORBIDDEN", reason: "ROLE_TOO_LOW" });
    expect(await app.error(CREATE, { input: { name: "V", projectId: unknownId } })).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.error(CREATE, { input: { name: "V", projectId: "nonsense" } })).toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("multi-turn tests", () => {
  const problemsOf = async (conversation: Record<string, unknown>): Promise<string[]> => {
    const error = await app.error(CREATE, { input: { name: "multi", type: "MULTI_TURN", tests: [{ conversation }] } });
    return error["problems"].map((problem: { field: string }) => problem.field.replace("input.tests.0.conversation", ""));
  };

  it("need a goal or scripted turns, 1 to 50 turns, and no minimum over the maximum", async () => {
    expect(await problemsOf({})).toEqual([""]);
    expect(await problemsOf({ goal: " " })).toEqual([".goal"]);
    expect(await problemsOf({ goal: "g", minTurns: 5, maxTurns: 4 })).toEqual([".minTurns"]);
    expect(await problemsOf({ goal: "g", maxTurns: 51 })).toEqual([".maxTurns"]);
    expect(await problemsOf({ goal: "g", minTurns: 0 })).toEqual([".minTurns"]);
    expect(await problemsOf({ scriptedTurns: ["a", ""], maxTurns: 1 })).toEqual([".scriptedTurns.1", ".scriptedTurns"]);
  });

  it("keep the plan with 10 turns unless another number is given", async () => {
    const { createTestSet } = await app.data("mutation ($input: CreateTestSetInput!) { createTestSet(input: $input) { tests { nodes { type prompt { id } conversation { goal instructions restrictions scenario minTurns maxTurns scriptedTurns } } } } }", {
      input: { name: "Plans", type: "MULTI_TURN", tests: [{ conversation: { goal: "g", scenario: "s" } }, { conversation: { scriptedTurns: ["a", "b"], minTurns: 1, maxTurns: 50 } }] },
    });
    expect(createTestSet.tests.nodes).toEqual([
      { type: "MULTI_TURN", prompt: null, conversation: { goal: "g", instructions: null, restrictions: null, scenario: "s", minTurns: null, maxTurns: 10, scriptedTurns: [] } },
      { type: "MULTI_TURN", prompt: null, conversation: { goal: null, instructions: null, restrictions: null, scenario: null, minTurns: 1, maxTurns: 50, scriptedTurns: ["a", "b"] } },
    ]);
  });
});

describe("updateTestSet", () => {
  const UPDATE = "mutation ($input: UpdateTestSetInput!) { updateTestSet(input: $input) { name description tags attributes version } }";

  it("keeps what is absent, clears with null and replaces lists", async () => {
    const { id } = await givenSet({ description: "d", tags: ["a"], attributes: { a: 1 } });
    expect((await app.data(UPDATE, { input: { testSet: { id }, name: "Renamed" } }))["updateTestSet"]).toEqual({ name: "Renamed", description: "d", tags: ["a"], attributes: { a: 1 }, version: 1 });
    expect((await app.data(UPDATE, { input: { testSet: { name: "renamed" }, description: null, tags: ["b"], attributes: null } }))["updateTestSet"]).toEqual({ name: "Renamed", description: null, tags: ["b"], attributes: {}, version: 1 });
  });

  it("refuses to clear the name, an unknown set, a deleted one and a taken name", async () => {
    const { id } = await givenSet({ name: "Alpha" });
    await givenSet({ name: "Beta" });
    expect(await app.error(UPDATE, { input: { testSet: { id }, name: null } })).toMatchObject({ code: "BAD_USER_INPUT", problems: [{ field: "input.name" }] });
    expect(await app.error(UPDATE, { input: { testSet: { id }, name: "beta" } })).toMatchObject({ reason: "NAME_TAKEN" });
    expect(await app.error(UPDATE, { input: { testSet: { id: "nonsense" } } })).toMatchObject({ code: "NOT_FOUND" });
    await app.data("mutation ($id: ID!) { deleteTestSet(ref: { id: $id }) }", { id });
    expect(await app.error(UPDATE, { input: { testSet: { id } } })).toMatchObject({ code: "FAILED_PRECONDITION", reason: "DELETED" });
  });
});

describe("testSet and testSets", () => {
  it("find by id and by name, and answer null for what is not there", async () => {
    const { id } = await givenSet({ name: "Found" });
    const query = "query ($ref: EntityRef!, $projectId: ID) { testSet(ref: $ref, projectId: $projectId) { id } }";
    expect(await app.data(query, { ref: { id } })).toEqual({ testSet: { id } });
    expect(await app.data(query, { ref: { name: "FOUND" } })).toEqual({ testSet: { id } });
    for (const ref of [{ id: unknownId }, { id: "nonsense" }, { name: "nobody" }]) expect(await app.data(query, { ref })).toEqual({ testSet: null });
    expect(await app.data(query, { ref: { id }, projectId: unknownId })).toEqual({ testSet: null });
    expect(await app.data(query, { ref: { id } }, await app.otherOrganization())).toEqual({ testSet: null });
  });

  it("keep a deleted set readable by id and node, out of lists and names", async () => {
    const { id } = await givenSet({ name: "Gone", tests: [{ prompt: { content: "p" } }] });
    expect(await app.data("mutation ($id: ID!) { deleteTestSet(ref: { id: $id }) }", { id })).toEqual({ deleteTestSet: id });
    const data = await app.data('query ($id: ID!) { byId: testSet(ref: { id: $id }) { deletedAt tests { nodes { prompt { content } } } } byName: testSet(ref: { name: "Gone" }) { id } node(id: $id) { id } testSets(filter: { name: { eq: "gone" } }) { totalCount } }', { id });
    expect(data).toEqual({ byId: { deletedAt: expect.stringMatching(/Z$/), tests: { nodes: [{ prompt: { content: "p" } }] } }, byName: null, node: { id }, testSets: { totalCount: 0 } });
    expect(await app.error("mutation ($id: ID!) { deleteTestSet(ref: { id: $id }) }", { id })).toMatchObject({ reason: "DELETED" });
  });

  it("filter, order and page forwards and backwards", async () => {
    for (const name of ["p1", "p2", "p3", "p4", "p5"]) await givenSet({ name: `page ${name}`, tags: name === "p3" ? ["odd", "mid"] : ["odd"], type: name === "p5" ? "MULTI_TURN" : "SINGLE_TURN" });
    const list = (args: string) => app.data(`{ testSets(filter: { name: { startsWith: "PAGE " } }, orderBy: { field: NAME, direction: ASC } ${args}) { totalCount nodes { name } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`).then((data) => data["testSets"]);
    const first = await list("first: 2");
    expect(first).toMatchObject({ totalCount: 5, nodes: [{ name: "page p1" }, { name: "page p2" }], pageInfo: { hasNextPage: true, hasPreviousPage: false } });
    expect(await list(`first: 2, after: "${first.pageInfo.endCursor}"`)).toMatchObject({ nodes: [{ name: "page p3" }, { name: "page p4" }], pageInfo: { hasNextPage: true, hasPreviousPage: true } });
    expect(await list("last: 1")).toMatchObject({ nodes: [{ name: "page p5" }], pageInfo: { hasNextPage: false, hasPreviousPage: true } });
    expect((await app.data('{ testSets(filter: { tags: ["odd", "mid"] }) { nodes { name } } }'))["testSets"]).toEqual({ nodes: [{ name: "page p3" }] });
    expect((await app.data('{ testSets(filter: { type: MULTI_TURN, name: { contains: "GE P" } }) { nodes { name } } }'))["testSets"]).toEqual({ nodes: [{ name: "page p5" }] });
    expect(await app.error(`{ testSets(after: "${first.pageInfo.endCursor}") { totalCount } }`)).toMatchObject({ reason: "CURSOR_INVALID" });
  });

  it("cost the same number of statements for 2 and for 20 sets, tests and labels included", async () => {
    for (let index = 0; index < 20; index += 1) await givenSet({ name: `counted ${index}`, tests: [1, 2, 3].map((n) => ({ prompt: { content: `${n}` }, behavior: `b${n}`, category: "c", topic: "t", useCase: "u" })) });
    const query = (first: number) => `{ testSets(first: ${first}, filter: { name: { startsWith: "counted" } }) { nodes { project { id } createdBy { id }
      tests(first: 2, filter: { search: "1" }) { totalCount nodes { prompt { content } behavior { name } category { name } topic { name } useCase { name } testSet { id } } } } } }`;
    const two = await app.countStatements(query(2));
    expect(await app.countStatements(query(20))).toBe(two);
  });
});
