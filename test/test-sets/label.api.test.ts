import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Role } from "../../src/viewer.js";
import { createTestApp, type TestApp } from "../support/app.js";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
  const tests = ["a", "b", "c"].map((name) => ({ prompt: { content: name }, behavior: `Behavior ${name}`, category: `Category ${name}`, topic: `Topic ${name}`, useCase: `Use case ${name}` }));
  await app.data("mutation ($input: CreateTestSetInput!) { createTestSet(input: $input) { id } }", { input: { name: "Labels", tests } });
});
afterAll(() => app.close());

const CREATE = "mutation ($input: CreateBehaviorInput!) { createBehavior(input: $input) { id name description } }";
const UPDATE = "mutation ($input: UpdateBehaviorInput!) { updateBehavior(input: $input) { id name description } }";

describe("behaviors, categories, topics and useCases", () => {
  it.each([["behaviors", "Behavior"], ["categories", "Category"], ["topics", "Topic"], ["useCases", "Use case"]])("%s are listed with filter, pages and count", async (field, thing) => {
    const list = async (args: string) => (await app.data(`{ ${field}(${args}) { totalCount nodes { id name description } pageInfo { endCursor hasNextPage hasPreviousPage } } }`))[field];
    expect(await list('name: { contains: "B" }')).toMatchObject({ nodes: expect.arrayContaining([{ id: expect.any(String), name: `${thing} b`, description: null }]) });
    expect(await list(`name: { eq: "${thing.toUpperCase()} B" }`)).toMatchObject({ totalCount: 1 });
    const first = await list("first: 2");
    expect(first).toMatchObject({ totalCount: 3, pageInfo: { hasNextPage: true } });
    const rest = await list(`first: 2, after: "${first.pageInfo.endCursor}"`);
    expect(rest).toMatchObject({ pageInfo: { hasNextPage: false, hasPreviousPage: true } });
    expect([...first.nodes, ...rest.nodes].map((label: { name: string }) => label.name).sort()).toEqual(["a", "b", "c"].map((name) => `${thing} ${name}`));
    expect(await app.countStatements(`{ ${field}(first: 3) { nodes { name } } }`)).toBe(await app.countStatements(`{ ${field}(first: 1) { nodes { name } } }`));
    const [label] = first.nodes;
    expect((await app.data("query ($id: ID!) { node(id: $id) { id } }", { id: label.id }))["node"]).toEqual({ id: label.id });
  });
});

describe("createBehavior and updateBehavior", () => {
  it("make and change behaviors, with names unique ignoring case", async () => {
    const { createBehavior } = await app.data(CREATE, { input: { name: "Polite", description: "d" } });
    expect(createBehavior).toMatchObject({ name: "Polite", description: "d" });
    expect(await app.error(CREATE, { input: { name: "polite" } })).toMatchObject({ code: "CONFLICT", reason: "NAME_TAKEN" });
    expect((await app.data(UPDATE, { input: { behavior: { name: "POLITE" }, name: "Kind" } }))["updateBehavior"]).toEqual({ id: createBehavior.id, name: "Kind", description: "d" });
    expect((await app.data(UPDATE, { input: { behavior: { id: createBehavior.id }, description: null } }))["updateBehavior"]).toEqual({ id: createBehavior.id, name: "Kind", description: null });
    expect((await app.data(UPDATE, { input: { behavior: { id: createBehavior.id } } }))["updateBehavior"]).toEqual({ id: createBehavior.id, name: "Kind", description: null });
  });

  it("refuse bad input, unknown and taken names, and viewers", async () => {
    expect(await app.error(CREATE, { input: { name: " " } })).toMatchObject({ code: "BAD_USER_INPUT", problems: [{ field: "input.name" }] });
    expect(await app.error(UPDATE, { input: { behavior: { name: "Behavior a" }, name: null } })).toMatchObject({ problems: [{ field: "input.name" }] });
    expect(await app.error(UPDATE, { input: { behavior: { name: "nobody" } } })).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.error(UPDATE, { input: { behavior: { name: "Behavior a" }, name: "behavior B" } })).toMatchObject({ reason: "NAME_TAKEN" });
    expect(await app.error(CREATE, { input: { name: "V" } }, app.viewerWith(Role.VIEWER))).toMatchObject({ code: "FORBIDDEN" });
  });
});
