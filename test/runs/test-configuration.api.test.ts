import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IdKind, newId } from "../../src/ids.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenBehavior, givenConfiguration, givenEndpoint, givenRun, givenTestSet, type Owner, ownerOf } from "../support/seed.js";

let app: TestApp;
let owner: Owner;
beforeAll(async () => {
  app = await createTestApp();
  owner = await ownerOf(app.database.db, app.admin);
});
afterAll(() => app.close());

const FIELDS = "id endpoint { id } testSet { id } behavior { id name } category { id } topic { id } prompt { id } useCase { id } mode trials attributes runs { totalCount nodes { id } } createdAt";

describe("testConfiguration", () => {
  it("shows the settings and the runs that were executed by them", async () => {
    const { db } = app.database;
    const [endpoint, behaviorId] = [await givenEndpoint(db, owner), await givenBehavior(db, owner, "Polite")];
    const id = await givenConfiguration(db, owner, { testSetId: null, endpointId: endpoint.id, behaviorId, trials: 3 });
    const run = await givenRun(db, owner, { endpoint, configurationId: id, testSetId: null, testSetVersion: 1 });
    expect(await app.data(`query ($id: ID!) { testConfiguration(id: $id) { ${FIELDS} } }`, { id })).toEqual({
      testConfiguration: {
        id, endpoint: { id: endpoint.id }, testSet: null, behavior: { id: behaviorId, name: "Polite" }, category: null, topic: null, prompt: null, useCase: null, mode: "PARALLEL", trials: 3, attributes: {},
        runs: { totalCount: 1, nodes: [{ id: run.id }] }, createdAt: expect.any(String),
      },
    }); // prettier-ignore
    expect(await app.data("query ($id: ID!) { node(id: $id) { __typename id } }", { id })).toEqual({ node: { __typename: "TestConfiguration", id } });
  });

  it("is null for what is not there, ill-formed ids and other organizations", async () => {
    const id = await givenConfiguration(app.database.db, owner, { testSetId: null, endpointId: (await givenEndpoint(app.database.db, owner)).id });
    const BY_ID = "query ($id: ID!) { testConfiguration(id: $id) { id } node(id: $id) { id } }";
    for (const unknown of [newId(IdKind.TEST_CONFIGURATION), "nonsense"]) expect(await app.data(BY_ID, { id: unknown })).toEqual({ testConfiguration: null, node: null });
    expect(await app.data(BY_ID, { id }, await app.otherOrganization())).toEqual({ testConfiguration: null, node: null });
  });
});

describe("testConfigurations", () => {
  it("come newest first, by set and endpoint, in pages, without deleted ones", async () => {
    const { db } = app.database;
    const [endpoint, testSet] = [await givenEndpoint(db, owner), await givenTestSet(db, owner)];
    const ids: string[] = [];
    for (let index = 0; index < 4; index += 1) ids.push(await givenConfiguration(db, owner, { testSetId: testSet.id, endpointId: endpoint.id }));
    await givenConfiguration(db, owner, { testSetId: null, endpointId: endpoint.id });
    const [deleted = "", ...kept] = ids.sort();
    await db.updateTable("testConfigurations").set({ deletedAt: new Date() }).where("organizationId", "=", owner.organizationId).where("id", "=", deleted).execute();
    const LIST = "query ($testSetId: ID, $endpointId: ID, $first: Int, $after: String) { testConfigurations(testSetId: $testSetId, endpointId: $endpointId, first: $first, after: $after) { totalCount nodes { id } pageInfo { hasNextPage endCursor } } }";
    const list = async (args: Record<string, unknown>) => (await app.data(LIST, args))["testConfigurations"];
    const newest = [...kept].reverse().map((id) => ({ id }));
    const first = await list({ testSetId: testSet.id, first: 2 });
    expect(first).toMatchObject({ totalCount: 3, nodes: newest.slice(0, 2), pageInfo: { hasNextPage: true } });
    expect(await list({ testSetId: testSet.id, first: 2, after: first.pageInfo.endCursor })).toMatchObject({ nodes: newest.slice(2), pageInfo: { hasNextPage: false } });
    expect(await list({ endpointId: endpoint.id })).toMatchObject({ totalCount: 4 });
    expect(await list({ endpointId: "nonsense" })).toMatchObject({ totalCount: 0, nodes: [] });
  });

  it("cost the same number of statements for 2 and 20", async () => {
    const { db } = app.database;
    const [endpoint, testSet] = [await givenEndpoint(db, owner), await givenTestSet(db, owner)];
    for (let index = 0; index < 20; index += 1) await givenRun(db, owner, { endpoint, testSet });
    const query = (first: number) => `{ testConfigurations(first: ${first}, testSetId: "${testSet.id}") { nodes { ${FIELDS} } } }`;
    expect(await app.countStatements(query(20))).toBe(await app.countStatements(query(2)));
  });
});
