import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Role } from "../../src/viewer.js";
import { createTestApp, type TestApp } from "../support/app.js";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

const EVENTS = `query ($targetId: ID, $action: String, $first: Int, $after: String) { auditEvents(targetId: $targetId, action: $action, first: $first, after: $after) {
  totalCount pageInfo { endCursor hasNextPage } nodes { id at actor { email } token { name } action targetType targetId remoteAddress details } } }`;

async function events(variables: Record<string, unknown>): Promise<Record<string, any>[]> {
  return (await app.data(EVENTS, variables))["auditEvents"].nodes;
}

describe("the audit trail", () => {
  it("tells who changed what, with the names of the fields and none of their values", async () => {
    const { createEndpoint } = await app.data(`mutation { createEndpoint(input: { name: "Bot", url: "http://127.0.0.1:9/chat", auth: { type: BEARER, token: "s3cret-value" } }) { id } }`);
    await app.data("mutation ($id: ID!) { deleteEndpoint(ref: { id: $id }) }", { id: createEndpoint.id });
    expect(await events({ targetId: createEndpoint.id })).toEqual([
      { id: expect.any(String), at: expect.any(String), actor: { email: "admin@localhost" }, token: { name: "Bootstrap" }, action: "deleteEndpoint", targetType: "Endpoint", targetId: createEndpoint.id, remoteAddress: null, details: { requestId: "test", fields: ["ref"] } },
      { id: expect.any(String), at: expect.any(String), actor: { email: "admin@localhost" }, token: { name: "Bootstrap" }, action: "createEndpoint", targetType: "Endpoint", targetId: createEndpoint.id, remoteAddress: null, details: { requestId: "test", fields: ["name", "connectionType", "url", "method", "auth"], name: "Bot" } },
    ]); // prettier-ignore
    const rows = await app.database.db.selectFrom("auditEvents").selectAll().where("organizationId", "=", app.admin.organizationId).execute();
    expect(JSON.stringify(rows)).not.toContain("s3cret-value");
  });

  it("names what a report or a new token is about", async () => {
    const { importTests } = await app.data(`mutation { importTests(input: { testSet: { name: "Imported" }, format: JSONL, content: "{\\"prompt\\": \\"Hi\\"}" }) { testSet { id } } }`);
    expect(await events({ action: "importTests" })).toMatchObject([{ targetType: "TestSet", targetId: importTests.testSet.id }]);
    const { createApiToken } = await app.data(`mutation { createApiToken(input: { name: "CI", role: VIEWER }) { secret token { id } } }`);
    expect(await events({ targetId: createApiToken.token.id })).toMatchObject([{ action: "createApiToken", targetType: "ApiToken" }]);
  });

  it("has nothing of what failed, changed nothing, or only read", async () => {
    const before = (await app.data(EVENTS, {}))["auditEvents"].totalCount;
    await app.error(`mutation { createTestSet(input: { name: " " }) { id } }`);
    await app.error(`mutation { createTestSet(input: { name: "Nobody's" }) { id } }`, {}, app.viewerWith(Role.VIEWER));
    await app.data(`mutation { importTests(input: { testSet: { name: "Dry" }, format: JSONL, content: "{\\"prompt\\": \\"Hi\\"}", dryRun: true }) { created } }`);
    await app.data("{ testSets { totalCount } }");
    expect((await app.data(EVENTS, {}))["auditEvents"].totalCount).toBe(before);
  });

  it("has one event of what was asked for twice by the same idempotency key, and none of imports that changed no test", async () => {
    await app.data(`mutation {
      createMetric(input: { name: "any", kind: BUILT_IN, builtIn: "length", parameters: { min: 1 } }) { id }
      createEndpoint(input: { name: "Idem", url: "http://127.0.0.1:9/chat" }) { id }
      createTestSet(input: { name: "Idem", metrics: [{ name: "any" }], tests: [{ key: "a", prompt: { content: "Hi" } }] }) { id }
      publishExperiment(input: { name: "Idem", values: { a: 1 } }) { id }
    }`);
    const execute = `mutation { executeTestSet(input: { testSet: { name: "Idem" }, endpoint: { name: "Idem" }, idempotencyKey: "nightly" }) { id } }`;
    const { executeTestSet } = await app.data(execute);
    expect(await app.data(execute)).toEqual({ executeTestSet });
    expect(await events({ targetId: executeTestSet.id })).toMatchObject([{ action: "executeTestSet" }]);
    const commit = `mutation { commitExperiment(input: { experiment: { name: "Idem" }, values: { a: 2 } }) { id } }`;
    const { commitExperiment } = await app.data(commit);
    expect(await app.data(commit)).toEqual({ commitExperiment });
    expect(await events({ targetId: commitExperiment.id })).toHaveLength(1);
    const before = (await events({ action: "importTests" })).length;
    for (const content of ["key,prompt\\na,Hi", "key,prompt\\nb,Hello\\nc,"]) await app.data(`mutation { importTests(input: { testSet: { name: "Idem" }, format: CSV, content: "${content}" }) { created } }`);
    expect(await events({ action: "importTests" })).toHaveLength(before);
  });

  it("has one event of what was asked for twice and was so already the second time", async () => {
    const made = await app.data(`mutation {
      createMetric(input: { name: "again", kind: BUILT_IN, builtIn: "length", parameters: { min: 1 } }) { id }
      createEndpoint(input: { name: "Again", url: "http://127.0.0.1:9/chat" }) { id }
      other: createEndpoint(input: { name: "Other", url: "http://127.0.0.1:9/chat" }) { id }
      createModel(input: { name: "Again", baseUrl: "http://127.0.0.1:9/v1", model: "m" }) { id }
      createTestSet(input: { name: "Again", tests: [{ key: "a", prompt: { content: "Hi" }, behavior: "again" }] }) { id }
      createApiToken(input: { name: "Again", role: VIEWER }) { token { id } }
    }`);
    const { createTest } = await app.data(`mutation { createTest(testSet: { name: "Again" }, test: { prompt: { content: "Ho" } }) { id } }`);
    const { createEvaluationTestCase } = await app.data(`mutation { createEvaluationTestCase(input: { name: "Again", testSet: { name: "Again" }, metrics: [{ name: "again" }] }) { id } }`);
    const execute = async (): Promise<string> => (await app.data(`mutation { executeTestSet(input: { testSet: { name: "Again" }, endpoint: { name: "Again" }, metrics: [{ name: "again" }] }) { id } }`))["executeTestSet"].id;
    const [run, agents] = [await execute(), `{ testCase: { name: "Again" }, endpoints: [{ name: "Again" }, { name: "Other" }], idempotencyKey: "two" }`];
    const { runEvaluationTestCase } = await app.data(`mutation { runEvaluationTestCase(input: ${agents}) { id } }`);
    const repeats = [
      `pauseTestRun(id: "${run}") { id }`,
      `resumeTestRun(id: "${run}") { id }`,
      `cancelTestRun(id: "${run}") { id }`,
      `runEvaluationTestCase(input: ${agents}) { id }`,
      `cancelEvaluationRun(id: "${runEvaluationTestCase[0].id}") { id }`,
      `archiveEvaluationTestCase(ref: { id: "${createEvaluationTestCase.id}" }) { id }`,
      `publishExperiment(input: { name: "Again", description: "d", values: { a: 1 } }) { id }`,
      `commitExperiment(input: { experiment: { name: "Again" }, values: { a: 2 } }) { id }`,
      `updateTest(input: { id: "${createTest.id}", test: { prompt: { content: "Ha" } } }) { id }`,
      `removeTests(testSet: { name: "Again" }, ids: []) { id }`,
      `updateMetric(input: { metric: { name: "again" }, description: "d" }) { id }`,
      `setBehaviorMetrics(input: { behavior: { name: "again" }, metrics: [{ name: "again" }] }) { id }`,
      `revokeApiToken(id: "${made["createApiToken"].token.id}") { id }`,
      `deleteModel(ref: { id: "${made["createModel"].id}" })`,
      `deleteEndpoint(ref: { id: "${made["createEndpoint"].id}" })`,
    ]; // prettier-ignore
    for (const repeat of repeats) {
      const action = repeat.slice(0, repeat.indexOf("("));
      const count = async (): Promise<number> => (await app.data(EVENTS, { action }))["auditEvents"].totalCount;
      const before = await count();
      const first = await app.data(`mutation { ${repeat} }`);
      const once = await count();
      expect(await app.data(`mutation { ${repeat} }`), repeat).toEqual(first);
      expect([action, once - before, (await count()) - once]).toEqual([action, ["runEvaluationTestCase", "removeTests"].includes(action) ? 0 : 1, 0]);
    }
    await app.data(`mutation { publishExperiment(input: { name: "Again", description: "other", values: { a: 2 } }) { id } }`);
    expect(await events({ action: "publishExperiment" })).toHaveLength(3); // another description is a change, and the test above published one, too
  });

  it("belongs to its organization, and to ADMIN", async () => {
    const { createTestSet } = await app.data(`mutation { createTestSet(input: { name: "Ours" }) { id } }`);
    const other = await app.otherOrganization();
    expect((await app.data(EVENTS, { targetId: createTestSet.id }, other))["auditEvents"]).toMatchObject({ totalCount: 0, nodes: [] });
    // What a shell on the gateway's machine did has no actor.
    expect((await app.data(EVENTS, {}, other))["auditEvents"].nodes).toMatchObject([{ action: "create-organization", actor: null, token: null, targetType: "Organization", targetId: other.organizationId }]);
    const [event] = await events({ targetId: createTestSet.id });
    const node = "query ($id: ID!) { node(id: $id) { ... on AuditEvent { action } } }";
    expect(await app.data(node, { id: event?.["id"] })).toEqual({ node: { action: "createTestSet" } });
    expect(await app.data(node, { id: event?.["id"] }, app.viewerWith(Role.EDITOR))).toEqual({ node: null });
  });

  it("does not fail a change whose event cannot be stored", async () => {
    await app.database.db.schema.alterTable("auditEvents").renameTo("auditEventsAway").execute();
    expect(await app.data(`mutation { createTestSet(input: { name: "Unheard" }) { name } }`)).toEqual({ createTestSet: { name: "Unheard" } });
    await app.database.db.schema.alterTable("auditEventsAway").renameTo("auditEvents").execute();
    expect((await app.data(`{ testSet(ref: { name: "Unheard" }) { name } }`))["testSet"]).toEqual({ name: "Unheard" });
  });

  it("is listed newest first, page by page, in the same number of statements however long", async () => {
    for (let n = 1; n <= 20; n += 1) await app.data("mutation ($name: String!) { createProject(input: { name: $name }) { id } }", { name: `P${n}` });
    const { auditEvents } = await app.data(EVENTS, { action: "createProject", first: 2 });
    expect(auditEvents).toMatchObject({ totalCount: 20, nodes: [{ details: { name: "P20" } }, { details: { name: "P19" } }], pageInfo: { hasNextPage: true } });
    expect((await events({ action: "createProject", first: 1, after: auditEvents.pageInfo.endCursor }))[0]).toMatchObject({ details: { name: "P18" } });
    expect(await app.error(EVENTS, { action: "createUser", after: auditEvents.pageInfo.endCursor })).toMatchObject({ reason: "CURSOR_INVALID" });
    expect(await app.countStatements(EVENTS, { action: "createProject", first: 20 })).toBe(await app.countStatements(EVENTS, { action: "createProject", first: 2 }));
  });
});
