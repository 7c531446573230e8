import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Role } from "../../src/viewer.js";
import { createTestApp, type TestApp } from "../support/app.js";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

const CREATE = "mutation ($input: CreateProjectInput!) { createProject(input: $input) { id name description createdAt } }";
const UPDATE = "mutation ($input: UpdateProjectInput!) { updateProject(input: $input) { id name description } }";

async function create(input: Record<string, unknown>): Promise<Record<string, any>> {
  return (await app.data(CREATE, { input }))["createProject"];
}

describe("projects", () => {
  it("are made with a name of their own, and hold things from then on", async () => {
    const project = await create({ name: " Chatbot ", description: "what it is for" });
    expect(project).toMatchObject({ name: "Chatbot", description: "what it is for" });
    const { createTestSet } = await app.data(`mutation ($projectId: ID!) { createTestSet(input: { name: "In it", projectId: $projectId }) { project { name } } }`, { projectId: project["id"] });
    expect(createTestSet).toEqual({ project: { name: "Chatbot" } });
  });

  it("have names of their own, ignoring case", async () => {
    const { id } = await create({ name: "Taken" });
    const other = await create({ name: "Other" });
    expect(await app.error(CREATE, { input: { name: "TAKEN" } })).toMatchObject({ code: "CONFLICT", reason: "NAME_TAKEN" });
    expect(await app.error(UPDATE, { input: { id: other["id"], name: "taken" } })).toMatchObject({ code: "CONFLICT", reason: "NAME_TAKEN" });
    expect(await app.data(UPDATE, { input: { id, name: "taken" } })).toEqual({ updateProject: { id, name: "taken", description: null } });
  });

  it("keep what a change leaves out, and clear what is null", async () => {
    const { id } = await create({ name: "Changed", description: "old" });
    expect(await app.data(UPDATE, { input: { id, name: "Renamed" } })).toEqual({ updateProject: { id, name: "Renamed", description: "old" } });
    expect(await app.data(UPDATE, { input: { id, description: null } })).toEqual({ updateProject: { id, name: "Renamed", description: null } });
    expect(await app.data(UPDATE, { input: { id } })).toEqual({ updateProject: { id, name: "Renamed", description: null } });
    expect(await app.error(UPDATE, { input: { id, name: null } })).toMatchObject({ code: "BAD_USER_INPUT", problems: [{ field: "input.name" }] });
  });

  it("are changed by ADMIN alone, in their own organization", async () => {
    const { id } = await create({ name: "Mine" });
    expect(await app.error(CREATE, { input: { name: "No" } }, app.viewerWith(Role.EDITOR))).toMatchObject({ code: "FORBIDDEN", reason: "ROLE_TOO_LOW" });
    const other = await app.otherOrganization();
    expect(await app.error(UPDATE, { input: { id, name: "Theirs" } }, other)).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.error(UPDATE, { input: { id: "nonsense", name: "x" } })).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.data("{ projects { nodes { name } } }", {}, other)).toEqual({ projects: { nodes: [{ name: "Default" }] } });
  });

  it("list every problem of their input", async () => {
    expect(await app.error(CREATE, { input: { name: " ", description: "\0" } })).toMatchObject({ problems: [{ field: "input.name" }, { field: "input.description" }] });
  });

  it("are listed newest first, page by page, by name, in the same number of statements however many", async () => {
    for (let n = 1; n <= 20; n += 1) await create({ name: `Listed ${n}` });
    const query = `query ($first: Int, $after: String) { projects(name: { startsWith: "listed" }, first: $first, after: $after) { totalCount nodes { name } pageInfo { endCursor hasNextPage hasPreviousPage } } }`;
    const { projects } = await app.data(query, { first: 2 });
    expect(projects).toMatchObject({ totalCount: 20, nodes: [{ name: "Listed 20" }, { name: "Listed 19" }], pageInfo: { hasNextPage: true, hasPreviousPage: false } });
    expect((await app.data(query, { first: 1, after: projects.pageInfo.endCursor }))["projects"]).toMatchObject({ nodes: [{ name: "Listed 18" }], pageInfo: { hasPreviousPage: true } });
    expect(await app.countStatements(query, { first: 20 })).toBe(await app.countStatements(query, { first: 2 }));
  });
});
