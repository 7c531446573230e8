import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Role } from "../../src/viewer.js";
import { createTestApp, type TestApp } from "../support/app.js";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

const VERSION = "id number values contentHash message createdBy { email } experiment { name }";
const PUBLISH = `mutation ($input: PublishExperimentInput!) { publishExperiment(input: $input) { id name description project { name } latestVersion { ${VERSION} } } }`;
const COMMIT = `mutation ($input: CommitExperimentInput!) { commitExperiment(input: $input) { ${VERSION} } }`;

async function publish(input: Record<string, unknown>): Promise<Record<string, any>> {
  return (await app.data(PUBLISH, { input: { values: {}, ...input } }))["publishExperiment"];
}

async function commit(input: Record<string, unknown>): Promise<Record<string, any>> {
  return (await app.data(COMMIT, { input }))["commitExperiment"];
}

describe("publishExperiment", () => {
  it("makes an experiment with its version 1 in the default project", async () => {
    expect(await publish({ name: " Warm ", description: "tried", values: { temperature: 0.7, stop: null }, message: "first" })).toEqual({
      id: expect.any(String),
      name: "Warm",
      description: "tried",
      project: { name: "Default" },
      latestVersion: { id: expect.any(String), number: 1, values: { temperature: 0.7, stop: null }, contentHash: expect.stringMatching(/^[0-9a-f]{64}$/), message: "first", createdBy: { email: "admin@localhost" }, experiment: { name: "Warm" } },
    });
  });

  it("commits a version with exactly these values on an existing name, whatever its case", async () => {
    const { id } = await publish({ name: "Existing", description: "kept", values: { a: 1, b: 2 } });
    expect(await publish({ name: "EXISTING", values: { b: 3 } })).toMatchObject({ id, name: "Existing", description: "kept", latestVersion: { number: 2, values: { b: 3 } } });
    expect(await publish({ name: "existing", description: null, values: { b: 3 } })).toMatchObject({ id, description: null, latestVersion: { number: 2 } });
  });

  it("makes one experiment of the same name published many times at the same moment, its numbers without gaps", async () => {
    const published = await Promise.all(Array.from({ length: 8 }, (_, n) => publish({ name: "At once", values: { n } })));
    expect(new Set(published.map((experiment) => experiment["id"])).size).toBe(1);
    const { experiment } = await app.data(`{ experiment(ref: { name: "at once" }) { versions { nodes { number } } } }`);
    expect(experiment.versions.nodes.map((version: any) => version.number)).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
  });

  it("lists every problem of the input at once", async () => {
    const deep = Array.from({ length: 40 }).reduce<unknown>((inner) => [inner], 1);
    const error = await app.error(PUBLISH, { input: { name: " ", description: "\0", message: "\ud800", values: { a: "x\0", b: { "k\0": 1 } } } });
    expect(error).toMatchObject({ code: "BAD_USER_INPUT", reason: "INPUT_INVALID" });
    expect(error["problems"].map((problem: any) => problem.field)).toEqual(["input.name", "input.description", "input.message", "input.values.a", "input.values.b"]);
    expect(await app.error(PUBLISH, { input: { name: "Large", values: { a: "x".repeat(70_000) } } })).toMatchObject({ problems: [{ field: "input.values.a" }] });
    expect(await app.error(PUBLISH, { input: { name: "Large", values: { a: "x".repeat(40_000), b: "x".repeat(40_000) } } })).toMatchObject({ problems: [{ field: "input.values" }] });
    expect(await app.error(PUBLISH, { input: { name: "Deep", values: { deep } } })).toMatchObject({ problems: [{ field: "input.values" }] });
    expect((await app.run(`mutation { publishExperiment(input: { name: "No object", values: [1] }) { id } }`)).errors).toHaveLength(1);
    expect(await app.data(`{ experiments(name: { in: ["large", "deep"] }) { totalCount } }`)).toEqual({ experiments: { totalCount: 0 } });
  });

  it("answers NOT_FOUND for an unknown project, and needs the role EDITOR", async () => {
    expect(await app.error(PUBLISH, { input: { name: "Nowhere", projectId: "nonsense", values: {} } })).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.error(PUBLISH, { input: { name: "Nobody", values: {} } }, app.viewerWith(Role.REVIEWER))).toMatchObject({ code: "FORBIDDEN", reason: "ROLE_TOO_LOW" });
  });
});

describe("commitExperiment", () => {
  it("lays values over the latest ones, name by name, null included", async () => {
    await publish({ name: "Overlaid", values: { kept: 1, changed: { a: 1, b: 2 }, emptied: "x" } });
    expect(await commit({ experiment: { name: "overlaid" }, values: { changed: { c: 3 }, emptied: null, added: [] }, message: "more" })).toMatchObject({ number: 2, message: "more", values: { kept: 1, changed: { c: 3 }, emptied: null, added: [] } });
  });

  it("drops what the values do not name when it replaces", async () => {
    const { id } = await publish({ name: "Replaced", values: { dropped: 1, b: 2 } });
    expect(await commit({ experiment: { id }, values: { b: 3 }, replace: true })).toMatchObject({ number: 2, values: { b: 3 } });
  });

  it("gives the latest version for the same values, in whatever order, and a new one for those of an older version", async () => {
    const { id, latestVersion } = await publish({ name: "Repeated", values: { a: 1, b: { c: 1, d: 2 } } });
    expect(await commit({ experiment: { id }, values: { b: { d: 2, c: 1 }, a: 1 }, replace: true, message: "again" })).toEqual(latestVersion);
    expect(await commit({ experiment: { id }, values: {} })).toEqual(latestVersion);
    expect(await commit({ experiment: { id }, values: { a: 2 } })).toMatchObject({ number: 2 });
    expect(await commit({ experiment: { id }, values: { a: 1 } })).toMatchObject({ number: 3, contentHash: latestVersion.contentHash });
  });

  it("numbers versions without gaps and loses none when many are committed at the same moment", async () => {
    const { id } = await publish({ name: "Concurrent", values: {} });
    const versions = await Promise.all(Array.from({ length: 12 }, (_, n) => commit({ experiment: { id }, values: { [`n${n}`]: n } })));
    expect(versions.map((version) => version["number"]).sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, n) => n + 2));
    const { experiment } = await app.data("query ($id: ID!) { experiment(ref: { id: $id }) { latestVersion { number values } } }", { id });
    expect(experiment.latestVersion).toEqual({ number: 13, values: Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`n${n}`, n])) });
  });

  it("refuses values that are too large together with those that they are laid over", async () => {
    const { id } = await publish({ name: "Growing", values: { a: "x".repeat(40_000) } });
    expect(await app.error(COMMIT, { input: { experiment: { id }, values: { b: "x".repeat(40_000) } } })).toMatchObject({ code: "BAD_USER_INPUT", problems: [{ field: "input.values" }] });
    expect(await commit({ experiment: { id }, values: { b: "x".repeat(40_000) }, replace: true })).toMatchObject({ number: 2 });
  });

  it("answers NOT_FOUND for unknown and ill-formed ids, and for another organization's", async () => {
    const { id } = await publish({ name: "Mine", values: {} });
    const other = await app.otherOrganization();
    for (const experiment of [{ id: "nonsense" }, { name: "no such" }]) expect(await app.error(COMMIT, { input: { experiment, values: {} } })).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.error(COMMIT, { input: { experiment: { id }, values: {} } }, other)).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.data("query ($id: ID!) { experiment(ref: { id: $id }) { id } node(id: $id) { id } }", { id }, other)).toEqual({ experiment: null, node: null });
  });
});

describe("experiments", () => {
  it("are found by id, name and project, and by node with their versions", async () => {
    const { id, latestVersion } = await publish({ name: "Findable", values: { a: 1 } });
    const { testSet } = await app.data(`mutation { createTestSet(input: { name: "for the project" }) { project { id } } }`).then((data) => ({ testSet: data["createTestSet"] }));
    const query = "query ($ref: EntityRef!, $projectId: ID) { experiment(ref: $ref, projectId: $projectId) { id } }";
    for (const variables of [{ ref: { id } }, { ref: { name: "FINDABLE" } }, { ref: { id }, projectId: testSet.project.id }, { ref: { name: "findable" }, projectId: testSet.project.id }]) {
      expect(await app.data(query, variables)).toEqual({ experiment: { id } });
    }
    for (const variables of [{ ref: { id: "nonsense" } }, { ref: { name: "a\0b" } }, { ref: { id }, projectId: "nonsense" }]) expect(await app.data(query, variables)).toEqual({ experiment: null });
    expect(await app.data("query ($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on Experiment { name } ... on ExperimentVersion { number } } }", { ids: [id, latestVersion.id] })).toEqual({
      nodes: [{ __typename: "Experiment", name: "Findable" }, { __typename: "ExperimentVersion", number: 1 }],
    });
  });

  it("page newest first, by name and project", async () => {
    for (let n = 1; n <= 3; n += 1) await publish({ name: `Page ${n}` });
    const query = "query ($projectId: ID, $first: Int, $after: String) { experiments(name: { startsWith: \"page\" }, projectId: $projectId, first: $first, after: $after) { totalCount nodes { name } pageInfo { hasNextPage endCursor } } }";
    const { experiments } = await app.data(query, { first: 2 });
    expect(experiments).toMatchObject({ totalCount: 3, nodes: [{ name: "Page 3" }, { name: "Page 2" }], pageInfo: { hasNextPage: true } });
    expect((await app.data(query, { first: 2, after: experiments.pageInfo.endCursor }))["experiments"]).toMatchObject({ nodes: [{ name: "Page 1" }], pageInfo: { hasNextPage: false } });
    expect((await app.data(query, { projectId: "nonsense" }))["experiments"]).toMatchObject({ totalCount: 0, nodes: [] });
  });

  it("show versions by number and page them both ways", async () => {
    const { id } = await publish({ name: "Versions", values: { n: 1 } });
    for (const n of [2, 3, 4]) await commit({ experiment: { id }, values: { n } });
    const query = "query ($id: ID!, $first: Int, $after: String, $last: Int) { experiment(ref: { id: $id }) { two: version(number: 2) { values } none: version(number: 9) { id } versions(first: $first, after: $after, last: $last) { totalCount nodes { number } pageInfo { hasNextPage hasPreviousPage endCursor } } } }";
    const first = (await app.data(query, { id, first: 2 }))["experiment"];
    expect(first).toMatchObject({ two: { values: { n: 2 } }, none: null, versions: { totalCount: 4, nodes: [{ number: 4 }, { number: 3 }], pageInfo: { hasNextPage: true, hasPreviousPage: false } } });
    expect((await app.data(query, { id, first: 3, after: first.versions.pageInfo.endCursor }))["experiment"].versions).toMatchObject({ nodes: [{ number: 2 }, { number: 1 }], pageInfo: { hasNextPage: false, hasPreviousPage: true } });
    expect((await app.data(query, { id, last: 1 }))["experiment"].versions).toMatchObject({ nodes: [{ number: 1 }], pageInfo: { hasNextPage: false, hasPreviousPage: true } });
  });

  it("cost the same number of statements for 2 and for 20, versions and runs included", async () => {
    for (let n = 1; n <= 20; n += 1) {
      const { id } = await publish({ name: `Counted ${n}`, values: { n } });
      for (let more = 0; more < n % 3; more += 1) await commit({ experiment: { id }, values: { more } });
    }
    const version = "number createdBy { name } experiment { name }";
    const query = `query ($first: Int) { experiments(first: $first, name: { startsWith: "counted" }) { totalCount nodes {
      name project { name } latestVersion { ${version} } version(number: 1) { ${version} } versions(first: 2) { totalCount nodes { ${version} } } runs(first: 2) { totalCount nodes { name } } } } }`;
    expect(await app.countStatements(query, { first: 20 })).toBe(await app.countStatements(query, { first: 2 }));
  });
});
