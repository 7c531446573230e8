import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestApp, type TestApp } from "../support/app.js";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
  for (const embeddingModel of [null, "text-embedding-3-small"]) {
    const input = { name: embeddingModel === null ? "chat only" : "both", baseUrl: "http://127.0.0.1:9/v1", model: "judge", embeddingModel };
    await app.data("mutation ($input: CreateModelInput!) { createModel(input: $input) { id } }", { input });
  }
});
afterAll(() => app.close());

const FIELDS = "id scoreType minScore maxScore threshold thresholdOperator categories passingCategories scope groundTruthRequired contextRequired model { name } parameters";
const CREATE = `mutation ($input: CreateMetricInput!) { createMetric(input: $input) { ${FIELDS} } }`;
const UPDATE = `mutation ($input: UpdateMetricInput!) { updateMetric(input: $input) { ${FIELDS} } }`;

let count = 0;
function given(builtIn: string, more: Record<string, unknown> = {}): { input: Record<string, unknown> } {
  count += 1;
  return { input: { name: `metric ${count}`, kind: "BUILT_IN", builtIn, model: { name: "both" }, ...more } };
}

async function create(builtIn: string, more: Record<string, unknown> = {}): Promise<Record<string, any>> {
  return (await app.data(CREATE, given(builtIn, more)))["createMetric"];
}

async function problems(builtIn: string, more: Record<string, unknown> = {}): Promise<string[]> {
  return (await app.error(CREATE, given(builtIn, more)))["problems"].map((problem: { field: string }) => problem.field);
}

describe("metrics that a model judges", () => {
  it("are in the catalog with what they need", async () => {
    const { metricCatalog } = await app.data("{ metricCatalog { name scoreType scope groundTruthRequired contextRequired needsModel } }");
    const needs = metricCatalog
      .filter((template: { needsModel: boolean }) => template.needsModel)
      .map((template: Record<string, any>) => [template["name"], template["scoreType"], template["groundTruthRequired"], template["contextRequired"], template["scope"].length]);
    expect(needs).toEqual([
      ["factuality", "CATEGORICAL", true, false, 2],
      ["closed_qa", "CATEGORICAL", false, false, 2],
      ["summary", "CATEGORICAL", true, false, 2],
      ["translation", "CATEGORICAL", true, false, 2],
      ["sql", "CATEGORICAL", true, false, 2],
      ["humor", "CATEGORICAL", false, false, 2],
      ["possible", "CATEGORICAL", false, false, 2],
      ["security", "CATEGORICAL", false, false, 2],
      ["faithfulness", "NUMERIC", false, true, 2],
      ["answer_relevancy", "NUMERIC", false, false, 2],
      ["answer_similarity", "NUMERIC", true, false, 2],
      ["answer_correctness", "NUMERIC", true, false, 2],
      ["context_precision", "NUMERIC", true, true, 2],
      ["context_recall", "NUMERIC", true, true, 2],
      ["context_relevancy", "NUMERIC", false, true, 2],
      ["goal_achievement", "NUMERIC", false, false, 1],
    ]);
  });

  it("have the library's choices as categories, of which others may be made to pass", async () => {
    const metric = await create("factuality");
    expect(metric).toMatchObject({ scoreType: "CATEGORICAL", categories: ["A", "B", "C", "D", "E"], passingCategories: ["B", "C", "E"], threshold: null, groundTruthRequired: true, model: { name: "both" } });
    const update = async (changes: Record<string, unknown>): Promise<Record<string, any>> => (await app.data(UPDATE, { input: { metric: { id: metric["id"] }, ...changes } }))["updateMetric"];
    expect(await update({ passingCategories: ["C", "A", "C"] })).toMatchObject({ passingCategories: ["C", "A"] });
    expect(await update({ parameters: { expected: "{{ metadata.answer }}" } })).toMatchObject({ passingCategories: ["C", "A"], groundTruthRequired: false });
    expect(await update({ passingCategories: null })).toMatchObject({ passingCategories: ["B", "C", "E"] });
    expect(await problems("factuality", { passingCategories: [] })).toEqual(["input.passingCategories"]);
    expect(await problems("factuality", { passingCategories: ["C", "F"] })).toEqual(["input.passingCategories.1"]);
    expect(await problems("factuality", { categories: ["C", "D"] })).toEqual(["input.categories"]);
    expect(await problems("factuality", { scoreType: "BINARY" })).toEqual(["input.scoreType"]);
    expect(await problems("factuality", { scoreType: "CATEGORICAL", threshold: 0.5 })).toEqual(["input.threshold"]);
  });

  it("are NUMERIC with a threshold for those who want the library's score", async () => {
    const metric = await create("factuality", { threshold: 0.5 });
    expect(metric).toMatchObject({ scoreType: "NUMERIC", minScore: 0, maxScore: 1, threshold: 0.5, thresholdOperator: "GTE", categories: [], passingCategories: [] });
    const { updateMetric } = await app.data(UPDATE, { input: { metric: { id: metric["id"] }, threshold: 0.6 } });
    expect(updateMetric).toMatchObject({ scoreType: "NUMERIC", threshold: 0.6, categories: [] });
    expect(await problems("closed_qa", { scoreType: "NUMERIC", parameters: { criteria: "short" } })).toEqual(["input.threshold"]);
    expect(await problems("faithfulness", { threshold: 1.5 })).toEqual(["input.threshold"]);
    expect(await create("goal_achievement")).toMatchObject({ scoreType: "NUMERIC", threshold: 0.7, thresholdOperator: "GTE", scope: ["MULTI_TURN"] });
  });

  it("need a model, one with embeddings where they compare those, and their parameters", async () => {
    expect(await problems("factuality", { model: null })).toEqual(["input.model"]);
    for (const builtIn of ["answer_similarity", "answer_correctness", "answer_relevancy"]) expect(await problems(builtIn, { model: { name: "chat only" }, threshold: 0.5 })).toEqual(["input.model"]);
    expect(await create("faithfulness", { model: { name: "chat only" }, threshold: 0.5 })).toMatchObject({ model: { name: "chat only" }, contextRequired: true });
    expect(await problems("closed_qa")).toEqual(["input.parameters.criteria"]);
    expect(await problems("translation", { parameters: { language: "{{ lang }}", negate: true } })).toEqual(["input.parameters.negate", "input.parameters.language"]);
    expect(await problems("answer_relevancy", { threshold: 0.5, parameters: { strictness: 11 } })).toEqual(["input.parameters.strictness"]);
  });
});

describe("the README's library and remote metrics", () => {
  it("can be made as they are written", async () => {
    const readme = await readFile("README.md", "utf8");
    const block = (name: string): string => new RegExp(`\`\`\`graphql\\n(mutation ${name} [\\s\\S]*?)\`\`\``).exec(readme)?.[1] ?? "";
    expect(await app.data(block("LibraryMetrics"))).toMatchObject({ facts: { scoreType: "CATEGORICAL", categories: ["A", "B", "C", "D", "E"] }, grounded: { contextRequired: true } });
    expect(await app.data(block("RemoteMetric"))).toMatchObject({ createMetric: { hasSecret: true } });
  });

  it("name every built-in that a model judges", async () => {
    const readme = await readFile("README.md", "utf8");
    const { metricCatalog } = await app.data("{ metricCatalog { name } }");
    expect(metricCatalog.filter(({ name }: { name: string }) => !new RegExp(`\\b${name}\\b`).test(readme))).toEqual([]);
  });
});
