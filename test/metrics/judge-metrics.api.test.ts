import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestApp, type TestApp } from "../support/app.js";

let app: TestApp;
let modelId: string;
beforeAll(async () => {
  app = await createTestApp();
  modelId = await givenModel("Judge model");
});
afterAll(() => app.close());

const FIELDS =
  "id kind builtIn parameters evaluationPrompt evaluationSteps reasoning evaluationExamples model { id name deletedAt } url hasSecret limits { timeoutMs } scoreType minScore maxScore threshold thresholdOperator categories passingCategories scope groundTruthRequired contextRequired version";
const CREATE = `mutation ($input: CreateMetricInput!) { createMetric(input: $input) { ${FIELDS} } }`;
const UPDATE = `mutation ($input: UpdateMetricInput!) { updateMetric(input: $input) { ${FIELDS} } }`;
const JUDGE = { kind: "LLM_JUDGE", evaluationPrompt: "Is the answer polite?", model: { name: "judge MODEL" } };
let count = 0;

async function givenModel(name: string): Promise<string> {
  return (await app.data('mutation ($name: String!) { createModel(input: { name: $name, baseUrl: "https://api.example.com/v1", model: "m" }) { id } }', { name }))["createModel"].id;
}

async function create(input: Record<string, unknown>): Promise<Record<string, any>> {
  count += 1;
  return (await app.data(CREATE, { input: { name: `Judge ${count}`, ...JUDGE, ...input } }))["createMetric"];
}

/** The fields that are refused. */
async function wrong(input: Record<string, unknown>): Promise<string[]> {
  const error = await app.error(CREATE, { input: { name: "Wrong", ...JUDGE, ...input } });
  expect(error).toMatchObject({ code: "BAD_USER_INPUT", reason: "INPUT_INVALID" });
  return error["problems"].map((problem: { field: string }) => problem.field);
}

async function update(id: unknown, changes: Record<string, unknown>): Promise<Record<string, any>> {
  return (await app.data(UPDATE, { input: { metric: { id }, ...changes } }))["updateMetric"];
}

describe("an LLM_JUDGE metric", () => {
  it("is NUMERIC from 0 to 1 for tests of both types, passing from its threshold on, unless it says otherwise", async () => {
    expect(await create({ threshold: 0.7 })).toEqual({
      id: expect.any(String),
      kind: "LLM_JUDGE",
      builtIn: null,
      parameters: {},
      evaluationPrompt: "Is the answer polite?",
      evaluationSteps: null,
      reasoning: null,
      evaluationExamples: null,
      model: { id: modelId, name: "Judge model", deletedAt: null },
      url: null,
      hasSecret: false,
      limits: null,
      scoreType: "NUMERIC",
      minScore: 0,
      maxScore: 1,
      threshold: 0.7,
      thresholdOperator: "GTE",
      categories: [],
      passingCategories: [],
      scope: ["SINGLE_TURN", "MULTI_TURN"],
      groundTruthRequired: false,
      contextRequired: false,
      version: 1,
    });
    expect(await create({ scoreType: "NUMERIC", minScore: 1, maxScore: 10, threshold: 3, thresholdOperator: "LT", parameters: { votes: 3 }, evaluationSteps: "1. Read.", reasoning: "Be brief.", evaluationExamples: "Good: yes", scope: ["MULTI_TURN"] })).toMatchObject({
      minScore: 1,
      maxScore: 10,
      threshold: 3,
      thresholdOperator: "LT",
      parameters: { votes: 3 },
      evaluationSteps: "1. Read.",
      reasoning: "Be brief.",
      evaluationExamples: "Good: yes",
      scope: ["MULTI_TURN"],
    });
  });

  it("is BINARY or CATEGORICAL, with categories of which some pass", async () => {
    expect(await create({ scoreType: "BINARY" })).toMatchObject({ minScore: 0, maxScore: 1, threshold: null, categories: ["pass", "fail"], passingCategories: ["pass"] });
    expect(await create({ scoreType: "CATEGORICAL", categories: [" good ", "fair", "bad"], passingCategories: ["good", "fair", "fair"] })).toMatchObject({ minScore: null, maxScore: null, threshold: null, categories: ["good", "fair", "bad"], passingCategories: ["good", "fair"] });
  });

  it("needs a model and a prompt, and refuses what belongs to other kinds, all at once", async () => {
    expect(await wrong({ model: undefined, evaluationPrompt: undefined, builtIn: "equals", url: "https://a.example", secret: "s", limits: { timeoutMs: 1 }, parameters: { votes: 2, colour: 1, temperature: 3 } })).toEqual([
      "input.builtIn",
      "input.url",
      "input.secret",
      "input.limits",
      "input.threshold",
      "input.parameters.colour",
      "input.parameters.votes",
      "input.parameters.temperature",
      "input.evaluationPrompt",
      "input.model",
    ]);
    expect(await wrong({ threshold: 0.5, evaluationPrompt: " ", evaluationSteps: "\u0000" })).toEqual(["input.evaluationPrompt", "input.evaluationSteps"]);
    expect(await wrong({ threshold: 0.5, evaluationPrompt: "Is {{ outputs }} good?" })).toEqual(["input.evaluationPrompt"]);
    expect(await create({ threshold: 0.5, evaluationPrompt: "Is {{ output }} good?" })).toMatchObject({ evaluationPrompt: "Is {{ output }} good?" });
  });

  it.each([0, 2, 4, 11, 1.5, "3", null])("refuses %j votes", async (votes) => {
    expect(await wrong({ threshold: 0.5, parameters: { votes } })).toEqual(["input.parameters.votes"]);
  });

  it("refuses scores that contradict its score type", async () => {
    expect(await wrong({ scoreType: "NUMERIC" })).toEqual(["input.threshold"]);
    expect(await wrong({ scoreType: "NUMERIC", threshold: 2 })).toEqual(["input.threshold"]);
    expect(await wrong({ scoreType: "NUMERIC", threshold: 5, minScore: 5, maxScore: 5 })).toEqual(["input.minScore"]);
    expect(await wrong({ scoreType: "NUMERIC", threshold: 0.5, categories: ["a", "b"], passingCategories: ["a"] })).toEqual(["input.categories", "input.passingCategories"]);
    expect(await wrong({ scoreType: "BINARY", threshold: 0.5, minScore: 1, maxScore: 5, thresholdOperator: "LT", categories: ["yes", "no"] })).toEqual(["input.minScore", "input.maxScore", "input.threshold", "input.thresholdOperator", "input.categories"]);
    expect(await wrong({ scoreType: "CATEGORICAL" })).toEqual(["input.categories", "input.passingCategories"]);
    expect(await wrong({ scoreType: "CATEGORICAL", categories: ["a"], passingCategories: ["a"] })).toEqual(["input.categories"]);
    expect(await wrong({ scoreType: "CATEGORICAL", categories: ["good", "GOOD", " "], passingCategories: ["fine"], threshold: 1 })).toEqual(["input.categories.1", "input.categories.2", "input.passingCategories.0", "input.threshold"]);
  });

  it("needs ground truth where its prompt names the expected response", async () => {
    const named = await create({ threshold: 0.5, evaluationPrompt: "Does it mean {{ expected_response }}?" });
    expect(named["groundTruthRequired"]).toBe(true);
    expect(await update(named["id"], { evaluationPrompt: 'Does it mean {{ expected_response | default("yes") }}?' })).toMatchObject({ groundTruthRequired: false });
    expect(await create({ threshold: 0.5, groundTruthRequired: true, contextRequired: true })).toMatchObject({ groundTruthRequired: true, contextRequired: true });
  });

  it("gets a new version with each edit: absent keeps, null clears, lists replace", async () => {
    const { id } = await create({ scoreType: "CATEGORICAL", categories: ["good", "bad"], passingCategories: ["good"], evaluationSteps: "Read." });
    expect(await update(id, { categories: ["good", "fair", "bad"], evaluationSteps: null })).toMatchObject({ version: 2, categories: ["good", "fair", "bad"], passingCategories: ["good"], evaluationSteps: null, evaluationPrompt: "Is the answer polite?" });
    const refused = await app.error(UPDATE, { input: { metric: { id }, categories: ["fair", "bad"], evaluationPrompt: null, model: null } });
    expect(refused["problems"].map((problem: { field: string }) => problem.field)).toEqual(["input.passingCategories.0", "input.evaluationPrompt", "input.model"]);
    const other = await givenModel("Other model");
    expect(await update(id, { model: { id: other } })).toMatchObject({ version: 3, model: { name: "Other model" } });
    const { metric } = await app.data("query ($ref: EntityRef!) { metric(ref: $ref) { versions { nodes { number definition } } } }", { ref: { id } });
    expect(metric.versions.nodes.map((version: { definition: { modelId: string } }) => version.definition.modelId)).toEqual([other, modelId, modelId]);
  });

  it("refuses a model that is unknown, another organization's or deleted, and keeps showing one that was deleted later", async () => {
    expect(await app.error(CREATE, { input: { name: "A", ...JUDGE, threshold: 1, model: { name: "nobody" } } })).toMatchObject({ code: "NOT_FOUND", message: expect.stringContaining("nobody") });
    expect(await app.error(CREATE, { input: { name: "A", ...JUDGE, threshold: 1, model: { id: "x" } } })).toMatchObject({ code: "NOT_FOUND" });
    const other = await app.otherOrganization("Judged elsewhere");
    expect(await app.error(CREATE, { input: { name: "A", ...JUDGE, threshold: 1, model: { id: modelId } } }, other)).toMatchObject({ code: "NOT_FOUND" });
    const doomed = await givenModel("Doomed");
    const { id } = await create({ threshold: 1, model: { id: doomed } });
    await app.data("mutation ($ref: EntityRef!) { deleteModel(ref: $ref) }", { ref: { id: doomed } });
    expect(await app.error(CREATE, { input: { name: "A", ...JUDGE, threshold: 1, model: { id: doomed } } })).toMatchObject({ code: "FAILED_PRECONDITION", reason: "DELETED" });
    expect(await update(id, { description: "still there" })).toMatchObject({ version: 2, model: { id: doomed, deletedAt: expect.any(String) } });
    expect(await app.error(UPDATE, { input: { metric: { id }, model: { id: doomed } } })).toMatchObject({ reason: "DELETED" });
  });

  it("cannot begin to judge a run with a deleted model", async () => {
    const doomed = await givenModel("Doomed before the run");
    const { id } = await create({ threshold: 1, model: { id: doomed } });
    await app.data('mutation { createTestSet(input: { name: "Judged", tests: [{ prompt: { content: "hi" } }] }) { id } createEndpoint(input: { name: "Judged", url: "http://127.0.0.1:9" }) { id } }');
    await app.data("mutation ($ref: EntityRef!) { deleteModel(ref: $ref) }", { ref: { id: doomed } });
    const refused = await app.error('mutation ($id: ID!) { executeTestSet(input: { testSet: { name: "Judged" }, endpoint: { name: "Judged" }, metrics: [{ id: $id }] }) { id } }', { id });
    expect(refused).toMatchObject({ code: "FAILED_PRECONDITION", reason: "DELETED", message: expect.stringContaining(doomed) });
  });

  it("shows its model with the same number of statements for 2 and for 20 metrics", async () => {
    for (let number = 1; number <= 20; number += 1) await create({ name: `Counted ${number}`, threshold: 1, model: { id: await givenModel(`Counted ${number}`) } });
    const query = 'query ($first: Int) { metrics(first: $first, filter: { name: { startsWith: "counted" } }) { nodes { model { name } } } }';
    expect(await app.countStatements(query, { first: 20 })).toBe(await app.countStatements(query, { first: 2 }));
  });
});

describe("the model of a BUILT_IN metric", () => {
  it("is taken by assertions, for those that a model judges, and refused by what needs none", async () => {
    const input = { kind: "BUILT_IN", model: { id: modelId }, evaluationPrompt: undefined };
    const { id } = await create({ ...input, builtIn: "assertions" });
    expect(await update(id, {})).toMatchObject({ model: { id: modelId } });
    expect(await update(id, { model: null })).toMatchObject({ version: 2, model: null });
    expect(await wrong({ ...input, builtIn: "equals" })).toEqual(["input.model"]);
  });
});
