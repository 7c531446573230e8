import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestApp, type TestApp } from "../support/app.js";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

const FIELDS = "id name description kind builtIn parameters scoreType minScore maxScore threshold thresholdOperator categories passingCategories scope groundTruthRequired contextRequired version deletedAt";
const CREATE = `mutation ($input: CreateMetricInput!) { createMetric(input: $input) { ${FIELDS} } }`;
const UPDATE = `mutation ($input: UpdateMetricInput!) { updateMetric(input: $input) { ${FIELDS} } }`;

async function createMetric(input: Record<string, unknown>): Promise<Record<string, any>> {
  return (await app.data(CREATE, { input: { kind: "BUILT_IN", ...input } }))["createMetric"];
}

describe("createMetric", () => {
  it("makes version 1 with the built-in's own score, both scopes and what its templates need", async () => {
    expect(await createMetric({ name: " Same ", builtIn: "equals" })).toEqual({
      id: expect.any(String),
      name: "Same",
      description: null,
      kind: "BUILT_IN",
      builtIn: "equals",
      parameters: {},
      scoreType: "BINARY",
      minScore: 0,
      maxScore: 1,
      threshold: null,
      thresholdOperator: "GTE",
      categories: ["pass", "fail"],
      passingCategories: ["pass"],
      scope: ["SINGLE_TURN", "MULTI_TURN"],
      groundTruthRequired: true,
      contextRequired: false,
      version: 1,
      deletedAt: null,
    });
    expect(await createMetric({ name: "Asks", builtIn: "regex", parameters: { pattern: "\\?" }, scope: ["SINGLE_TURN", "SINGLE_TURN"], contextRequired: true })).toMatchObject({
      groundTruthRequired: false,
      contextRequired: true,
      scope: ["SINGLE_TURN"],
      parameters: { pattern: "\\?" },
    });
    expect(await createMetric({ name: "Fixed", builtIn: "contains", parameters: { value: "{{ expected_response | default(\"x\") }}" } })).toMatchObject({ groundTruthRequired: false });
  });

  it("lists all problems at once", async () => {
    const error = await app.error(CREATE, {
      input: {
        name: " ",
        kind: "BUILT_IN",
        builtIn: "extracted_answer",
        parameters: { pattern: "(a)\\1", as: "words", group: -1, expected: "{{ expectd }}", colour: "red" },
        scoreType: "NUMERIC",
        threshold: 1,
        scope: [],
        categories: ["good", "bad"],
      },
    });
    expect(error).toMatchObject({ code: "BAD_USER_INPUT", reason: "INPUT_INVALID" });
    expect(error["problems"].map((problem: { field: string }) => problem.field).sort()).toEqual([
      "input.categories",
      "input.name",
      "input.parameters.as",
      "input.parameters.colour",
      "input.parameters.expected",
      "input.parameters.group",
      "input.parameters.pattern",
      "input.scope",
      "input.scoreType",
      "input.threshold",
    ]);
    const missing = await app.error(CREATE, { input: { name: "No pattern", kind: "BUILT_IN", builtIn: "regex" } });
    expect(missing["problems"]).toEqual([{ field: "input.parameters.pattern", message: "It is needed." }]);
    expect(missing.message).toContain("input.parameters.pattern");
  });

  it("refuses an unknown built-in, and says what there is", async () => {
    const unknown = await app.error(CREATE, { input: { name: "A", kind: "BUILT_IN", builtIn: "equal" } });
    expect(unknown["problems"]).toEqual([{ field: "input.builtIn", message: expect.stringContaining("equals, contains") }]);
    expect((await app.error(CREATE, { input: { name: "A", kind: "BUILT_IN" } }))["problems"][0].field).toBe("input.builtIn");
  });

  it("refuses what belongs to other kinds", async () => {
    const error = await app.error(CREATE, { input: { name: "A", kind: "BUILT_IN", builtIn: "equals", evaluationPrompt: "x", url: "https://a.example", secret: "s", limits: { maxAttempts: 1 } } });
    expect(error["problems"].map((problem: { field: string }) => problem.field)).toEqual(["input.evaluationPrompt", "input.url", "input.secret", "input.limits"]);
  });

  it("gives a NUMERIC built-in its range and operator, and needs a threshold within it", async () => {
    expect(await createMetric({ name: "Rouge", builtIn: "rouge_l", threshold: 0.3 })).toMatchObject({ scoreType: "NUMERIC", minScore: 0, maxScore: 1, threshold: 0.3, thresholdOperator: "GTE", categories: [], groundTruthRequired: true });
    expect(await createMetric({ name: "Fast", builtIn: "latency", parameters: { threshold: 2000 } })).toMatchObject({ minScore: 0, maxScore: null, threshold: 2000, thresholdOperator: "LTE", parameters: {} });
    expect(await createMetric({ name: "Own checks", builtIn: "assertions" })).toMatchObject({ threshold: 1, thresholdOperator: "GTE", groundTruthRequired: false });
    const edits = await createMetric({ name: "Edits", builtIn: "levenshtein", parameters: { as: "distance" }, threshold: 5 });
    expect(edits).toMatchObject({ maxScore: null, thresholdOperator: "LTE" });
    expect(await app.error(UPDATE, { input: { metric: { id: edits["id"] }, parameters: {} } })).toMatchObject({ problems: [{ field: "input.threshold" }] });
    expect((await app.data(UPDATE, { input: { metric: { id: edits["id"] }, parameters: {}, threshold: 0.9 } }))["updateMetric"]).toMatchObject({ maxScore: 1, thresholdOperator: "GTE", threshold: 0.9 });
    const fields = async (input: Record<string, unknown>): Promise<string[]> => (await app.error(CREATE, { input: { name: "Wrong", kind: "BUILT_IN", ...input } }))["problems"].map((problem: { field: string }) => problem.field);
    expect(await fields({ builtIn: "bleu" })).toEqual(["input.threshold"]);
    expect(await fields({ builtIn: "bleu", threshold: 1.5 })).toEqual(["input.threshold"]);
    expect(await fields({ builtIn: "bleu", threshold: 0.5, maxScore: 100, categories: ["a"] })).toEqual(["input.maxScore", "input.categories"]);
    expect(await fields({ builtIn: "latency", threshold: 0.5, parameters: { threshold: 1 } })).toEqual(["input.parameters.threshold"]);
    expect(await fields({ builtIn: "latency", threshold: 5, minScore: 9, maxScore: 9 })).toEqual(["input.minScore", "input.minScore", "input.threshold"]);
  });

  it("checks parameters that have rules of their own: bounds, schemas, groups, templates in lists", async () => {
    const fields = async (builtIn: string, parameters: Record<string, unknown>): Promise<string[]> => (await app.error(CREATE, { input: { name: "Wrong", kind: "BUILT_IN", builtIn, parameters } }))["problems"].map((problem: { field: string; message: string }) => `${problem.field}: ${problem.message}`);
    expect(await fields("length", { unit: "words" })).toEqual(["input.parameters: It needs min or max."]);
    expect(await fields("length", { min: 5, max: 2 })).toEqual(["input.parameters.min: It may not be over max (2); it is 5."]);
    expect(await fields("json_schema", { schema: { type: "list" } })).toEqual([expect.stringMatching(/^input.parameters.schema: It is no JSON Schema/)]);
    expect(await fields("json_schema", { schema: { $ref: "#/$defs/none" } })).toEqual([expect.stringMatching(/^input.parameters.schema: It is no JSON Schema/)]);
    expect(await fields("extracted_answer", { pattern: "\\d+", expectedPattern: "#### (.*)" })).toEqual([expect.stringMatching(/^input.parameters.pattern: The pattern has 0 groups/)]);
    expect(await fields("contains_any", { values: ["a", "{{ b }}", 3] })).toEqual(["input.parameters.values.2: It must be string.", expect.stringMatching(/^input.parameters.values.1: There is no variable "b"/)]);
    expect(await fields("tool_called", { name: "a", arguments: { city: { name: "{{ town }}" } } })).toEqual([expect.stringMatching(/^input.parameters.arguments.city.name: There is no variable "town"/)]);
  });

  it("refuses a name that is taken, ignoring case, until its metric is deleted", async () => {
    const { id } = await createMetric({ name: "Unique", builtIn: "equals" });
    expect(await app.error(CREATE, { input: { name: "UNIQUE", kind: "BUILT_IN", builtIn: "equals" } })).toMatchObject({ code: "CONFLICT", reason: "NAME_TAKEN" });
    await app.data("mutation ($ref: EntityRef!) { deleteMetric(ref: $ref) }", { ref: { id } });
    expect(await createMetric({ name: "UNIQUE", builtIn: "equals" })).toMatchObject({ version: 1 });
  });

  it("needs the role EDITOR", async () => {
    expect(await app.error(CREATE, { input: { name: "Role", kind: "BUILT_IN", builtIn: "equals" } }, app.viewerWith("REVIEWER"))).toMatchObject({ code: "FORBIDDEN" });
  });
});

describe("updateMetric", () => {
  it("makes a new version, keeping what is absent and clearing what is null", async () => {
    const { id } = await createMetric({ name: "Edited", description: "first", builtIn: "contains", parameters: { value: "a" } });
    expect(await update(id, { name: "Renamed", parameters: { value: "b", negate: true } })).toMatchObject({ version: 2, name: "Renamed", description: "first", parameters: { value: "b", negate: true }, groundTruthRequired: false });
    expect(await update(id, { description: null, parameters: null, scope: ["MULTI_TURN"] })).toMatchObject({ version: 3, description: null, parameters: {}, scope: ["MULTI_TURN"], groundTruthRequired: true });
    expect(await update(id, { scope: null })).toMatchObject({ version: 4, scope: ["SINGLE_TURN", "MULTI_TURN"] });
    expect(await update(id, { name: "Renamed", scope: ["SINGLE_TURN", "MULTI_TURN"] })).toMatchObject({ version: 4 });
    const { metric } = await app.data("query ($ref: EntityRef!) { metric(ref: $ref) { versions { totalCount nodes { number definition createdBy { name } } } } }", { ref: { id } });
    expect(metric.versions.totalCount).toBe(4);
    expect(metric.versions.nodes.map((version: { number: number; definition: { name: string } }) => [version.number, version.definition.name])).toEqual([[4, "Renamed"], [3, "Renamed"], [2, "Renamed"], [1, "Edited"]]);
    expect(metric.versions.nodes[3]).toMatchObject({ definition: { description: "first", parameters: { value: "a" } }, createdBy: { name: "Admin" } });
  });

  it("keeps a wish for ground truth that no template needs", async () => {
    const { id } = await createMetric({ name: "Wish", builtIn: "contains", parameters: { value: "a" }, groundTruthRequired: true });
    expect(await update(id, { parameters: { value: "b" } })).toMatchObject({ groundTruthRequired: true });
    expect(await update(id, { groundTruthRequired: false })).toMatchObject({ groundTruthRequired: false });
  });

  it("gives concurrent edits versions without gaps", async () => {
    const { id } = await createMetric({ name: "Contended", builtIn: "contains", parameters: { value: "0" } });
    const versions = await Promise.all([1, 2, 3, 4, 5].map(async (value) => (await update(id, { parameters: { value: `${value}` } }))["version"]));
    expect(versions.sort()).toEqual([2, 3, 4, 5, 6]);
  });

  it("refuses what is not there, deleted, taken or wrong", async () => {
    const { id } = await createMetric({ name: "To refuse", builtIn: "equals" });
    await createMetric({ name: "Neighbour", builtIn: "equals" });
    expect(await app.error(UPDATE, { input: { metric: { id: "nonsense" }, name: "x" } })).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.error(UPDATE, { input: { metric: { id }, name: "neighbour" } })).toMatchObject({ code: "CONFLICT", reason: "NAME_TAKEN" });
    expect((await app.error(UPDATE, { input: { metric: { id }, name: null, parameters: { trim: "yes" } } }))["problems"].map((problem: { field: string }) => problem.field)).toEqual(["input.parameters.trim", "input.name"]);
    await app.data("mutation ($ref: EntityRef!) { deleteMetric(ref: $ref) }", { ref: { id } });
    expect(await app.error(UPDATE, { input: { metric: { id }, name: "x" } })).toMatchObject({ code: "FAILED_PRECONDITION", reason: "DELETED" });
  });

  async function update(id: string, changes: Record<string, unknown>): Promise<Record<string, any>> {
    return (await app.data(UPDATE, { input: { metric: { id }, ...changes } }))["updateMetric"];
  }
});

describe("metric and metrics", () => {
  it("finds by id or name, and nothing for what is unknown, ill-formed or another organization's", async () => {
    const { id } = await createMetric({ name: "Findable", builtIn: "equals" });
    const query = "query ($ref: EntityRef!) { metric(ref: $ref) { id } }";
    expect(await app.data(query, { ref: { id } })).toEqual({ metric: { id } });
    expect(await app.data(query, { ref: { name: "FINDABLE" } })).toEqual({ metric: { id } });
    expect(await app.data(query, { ref: { id: "x" } })).toEqual({ metric: null });
    const other = await app.otherOrganization("Strangers");
    expect(await app.data(query, { ref: { id } }, other)).toEqual({ metric: null });
    expect(await app.data("query ($id: ID!) { node(id: $id) { __typename } }", { id })).toEqual({ node: { __typename: "Metric" } });
  });

  it("keeps a deleted metric readable by id, but not in lists or by name", async () => {
    const { id } = await createMetric({ name: "Gone", builtIn: "equals" });
    expect(await app.data("mutation ($ref: EntityRef!) { deleteMetric(ref: $ref) }", { ref: { name: "gone" } })).toEqual({ deleteMetric: id });
    const { byId, byName, list } = await app.data(
      'query ($id: ID!) { byId: metric(ref: { id: $id }) { deletedAt } byName: metric(ref: { name: "Gone" }) { id } list: metrics(filter: { name: { eq: "gone" } }) { totalCount nodes { id } } }',
      { id },
    );
    expect(byId.deletedAt).toMatch(/Z$/);
    expect(byName).toBeNull();
    expect(list).toEqual({ totalCount: 0, nodes: [] });
    expect(await app.error("mutation ($ref: EntityRef!) { deleteMetric(ref: $ref) }", { ref: { id } })).toMatchObject({ code: "FAILED_PRECONDITION", reason: "DELETED" });
  });

  it("filters by name, kind and scope and pages both ways, newest first", async () => {
    for (const number of [1, 2, 3, 4, 5]) await createMetric({ name: `Page ${number}`, builtIn: "equals", scope: number === 5 ? ["MULTI_TURN"] : ["SINGLE_TURN"] });
    const query = "query ($filter: MetricFilter, $first: Int, $after: String, $last: Int, $before: String) { metrics(filter: $filter, first: $first, after: $after, last: $last, before: $before) { totalCount nodes { name } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";
    const filter = { name: { startsWith: "page" }, kind: "BUILT_IN", scope: "SINGLE_TURN" };
    const { metrics: first } = await app.data(query, { filter, first: 3 });
    expect(first).toMatchObject({ totalCount: 4, nodes: [{ name: "Page 4" }, { name: "Page 3" }, { name: "Page 2" }], pageInfo: { hasNextPage: true, hasPreviousPage: false } });
    const { metrics: second } = await app.data(query, { filter, first: 3, after: first.pageInfo.endCursor });
    expect(second).toMatchObject({ nodes: [{ name: "Page 1" }], pageInfo: { hasNextPage: false, hasPreviousPage: true } });
    const { metrics: back } = await app.data(query, { filter, last: 2, before: second.pageInfo.startCursor });
    expect(back).toMatchObject({ nodes: [{ name: "Page 3" }, { name: "Page 2" }], pageInfo: { hasNextPage: true, hasPreviousPage: true } });
    expect(await app.error(query, { filter: { kind: "REMOTE" }, first: 3, after: first.pageInfo.endCursor })).toMatchObject({ reason: "CURSOR_INVALID" });
    expect((await app.data(query, { filter: { kind: "REMOTE" } }))["metrics"]).toMatchObject({ totalCount: 0 });
  });

  it("costs the same number of statements for 2 and for 20 metrics, versions included", async () => {
    for (let number = 1; number <= 20; number += 1) await createMetric({ name: `Counted ${number}`, builtIn: "equals" });
    const query = 'query ($first: Int) { metrics(first: $first, filter: { name: { startsWith: "counted" } }) { totalCount nodes { name versions(first: 2) { totalCount nodes { number createdBy { name } } } } } }';
    expect(await app.countStatements(query, { first: 20 })).toBe(await app.countStatements(query, { first: 2 }));
  });

  it("pages the versions of a metric both ways", async () => {
    const { id } = await createMetric({ name: "Versions", builtIn: "contains", parameters: { value: "1" } });
    for (const value of ["2", "3", "4"]) await app.data(UPDATE, { input: { metric: { id }, parameters: { value } } });
    const query = "query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String) { metric(ref: { id: $id }) { versions(first: $first, after: $after, last: $last, before: $before) { nodes { id number } pageInfo { hasNextPage hasPreviousPage endCursor } } } }";
    const first = (await app.data(query, { id, first: 2 }))["metric"].versions;
    expect(first).toMatchObject({ nodes: [{ number: 4 }, { number: 3 }], pageInfo: { hasNextPage: true, hasPreviousPage: false } });
    const second = (await app.data(query, { id, first: 2, after: first.pageInfo.endCursor }))["metric"].versions;
    expect(second).toMatchObject({ nodes: [{ number: 2 }, { number: 1 }], pageInfo: { hasNextPage: false, hasPreviousPage: true } });
    expect((await app.data(query, { id, last: 1 }))["metric"].versions).toMatchObject({ nodes: [{ number: 1 }], pageInfo: { hasPreviousPage: true } });
    expect(await app.data("query ($id: ID!) { node(id: $id) { __typename ... on MetricVersion { number } } }", { id: first.nodes[0].id })).toEqual({ node: { __typename: "MetricVersion", number: 4 } });
  });
});

describe("metricCatalog", () => {
  it("describes each built-in with the JSON Schema of its parameters", async () => {
    const { metricCatalog } = await app.data("{ metricCatalog { name title description scoreType scope groundTruthRequired contextRequired needsModel parametersSchema } }");
    const equals = metricCatalog.find((template: { name: string }) => template.name === "equals");
    expect(equals).toMatchObject({ scoreType: "BINARY", scope: ["SINGLE_TURN", "MULTI_TURN"], groundTruthRequired: true, needsModel: false });
    expect(equals.parametersSchema).toMatchObject({
      type: "object",
      additionalProperties: false,
      properties: { value: { default: "{{ expected_response }}" }, ignoreCase: { default: false }, trim: { default: true }, negate: { default: false } },
    });
  });
});
