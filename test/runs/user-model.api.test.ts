import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenBot, givenBuiltIn, givenConversations } from "../support/conversations.js";
import { execute } from "../support/execution.js";

let app: TestApp;
let endpoint: { id: string };
let models: Record<string, string>;
beforeAll(async () => {
  app = await createTestApp();
  endpoint = await givenBot(app, { url: "http://127.0.0.1:9/" });
  await givenBuiltIn(app, "plain", "length", { min: 1 });
  models = {};
  for (const name of ["of run", "of set", "of metric", "gone"]) {
    const { createModel } = await app.data(`mutation ($name: String!) { createModel(input: { name: $name, provider: "test", baseUrl: "http://127.0.0.1:9/v1", model: "m" }) { id } }`, { name });
    models[name] = createModel.id as string;
  }
  await app.data(`mutation { createMetric(input: { name: "judge", kind: LLM_JUDGE, model: { name: "of metric" }, evaluationPrompt: "Is it good?", scoreType: BINARY }) { id } deleteModel(ref: { name: "gone" }) }`);
});
afterAll(() => app.close());

const EXECUTE = `mutation ($input: ExecuteTestSetInput!) { executeTestSet(input: $input) { id } }`;
const GOAL = [{ scriptedTurns: ["a"] }, { goal: "g" }];

/** The name of the model that the run pins. */
async function pinned(runId: string): Promise<string | null> {
  const { rows } = await app.database.pool.query<{ name: string | null }>("select models.name from test_runs left join models on models.id = test_runs.user_model_id where test_runs.id = $1", [runId]);
  return rows[0]?.name ?? null;
}

describe("the model that plays the user", () => {
  it("is the one that the execution names, by name or id, before the set's and the metric's", async () => {
    const set = await givenConversations(app, GOAL, { metrics: ["judge"], attributes: { user_model: "of set" } });
    expect(await pinned(await execute(app, set, endpoint, { attributes: { user_model: "OF RUN" } }))).toBe("of run");
    expect(await pinned(await execute(app, set, endpoint, { attributes: { user_model: models["of run"] } }))).toBe("of run");
  });

  it("is the set's, else that of the first metric with a model", async () => {
    const set = await givenConversations(app, GOAL, { metrics: ["plain", "judge"], attributes: { user_model: "of set" } });
    expect(await pinned(await execute(app, set, endpoint))).toBe("of set");
    expect(await pinned(await execute(app, await givenConversations(app, GOAL, { metrics: ["plain", "judge"] }), endpoint))).toBe("of metric");
    expect(await pinned(await execute(app, await givenConversations(app, GOAL, { metrics: ["plain"] }), endpoint, { metrics: [{ name: "judge" }] }))).toBe("of metric");
  });

  it("is that of a configuration's attributes, also over several sets", async () => {
    await app.data(`mutation ($input: CreateTestSetInput!) { createTestSet(input: $input) { id } }`, { input: { name: "labelled", type: "MULTI_TURN", tests: [{ conversation: { goal: "g" }, topic: "labelled" }] } });
    const { testSet } = await app.data(`{ testSet(ref: { name: "labelled" }) { tests { nodes { topic { id } } } } }`);
    const { createTestConfiguration } = await app.data(`mutation ($input: CreateTestConfigurationInput!) { createTestConfiguration(input: $input) { id } }`, { input: { endpoint: { id: endpoint.id }, topicId: testSet.tests.nodes[0].topic.id, attributes: { user_model: "of run" } } });
    const { executeTestConfiguration } = await app.data(`mutation ($id: ID!) { executeTestConfiguration(input: { configurationId: $id }) { id testCount } }`, { id: createTestConfiguration.id });
    expect(executeTestConfiguration.testCount).toBe(1);
    expect(await pinned(executeTestConfiguration.id)).toBe("of run");
  });

  it("is not needed by scripts, by a selection of them, or by single turns", async () => {
    const scripts = await givenConversations(app, [{ scriptedTurns: ["a"], goal: "g" }], { metrics: ["plain"] });
    expect(await pinned(await execute(app, scripts, endpoint))).toBeNull();
    const mixed = await givenConversations(app, [{ scriptedTurns: ["find me"] }, { goal: "g" }], { metrics: ["plain"] });
    expect(await pinned(await execute(app, mixed, endpoint, { tests: { search: "find me" } }))).toBeNull();
  });

  it("that is missing refuses the execution with what to do, and queues nothing", async () => {
    const set = await givenConversations(app, GOAL, { metrics: ["plain"] });
    const error = await app.error(EXECUTE, { input: { testSet: { id: set.id }, endpoint: { id: endpoint.id } } });
    expect(error).toMatchObject({ code: "BAD_USER_INPUT", reason: "INPUT_INVALID", problems: [{ field: "input.attributes.user_model", message: expect.stringContaining("attributes.user_model") }] });
    expect(await app.data(`query ($id: ID!) { testSet(ref: { id: $id }) { runs { totalCount } } }`, { id: set.id })).toEqual({ testSet: { runs: { totalCount: 0 } } });
  });

  it("that is unknown, deleted or no name at all is refused as such", async () => {
    const set = await givenConversations(app, GOAL, { metrics: ["plain"] });
    const refusal = (userModel: unknown): Promise<Record<string, any>> => app.error(EXECUTE, { input: { testSet: { id: set.id }, endpoint: { id: endpoint.id }, attributes: { user_model: userModel } } });
    expect(await refusal("nobody")).toMatchObject({ code: "NOT_FOUND" });
    expect(await refusal(models["gone"])).toMatchObject({ code: "FAILED_PRECONDITION", reason: "DELETED" });
    const wrongSet = await givenConversations(app, GOAL, { metrics: ["judge"], attributes: { user_model: 7 } });
    expect(await app.error(EXECUTE, { input: { testSet: { id: wrongSet.id }, endpoint: { id: endpoint.id } } })).toMatchObject({ code: "BAD_USER_INPUT", problems: [{ field: "testSet.attributes.user_model" }] });
    for (const wrong of [1, "", {}, ["of run"]]) expect(await refusal(wrong)).toMatchObject({ code: "BAD_USER_INPUT", problems: [{ field: "input.attributes.user_model" }] });
  });
});
