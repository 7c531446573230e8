import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Role } from "../../src/viewer.js";
import { createTestApp, type TestApp } from "../support/app.js";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

const FIELDS = "id name provider baseUrl model embeddingModel hasApiKey limits { timeoutMs maxConcurrency requestsPerMinute maxAttempts } inputCostPerMillionTokens outputCostPerMillionTokens createdAt deletedAt";
const CREATE = `mutation ($input: CreateModelInput!) { createModel(input: $input) { ${FIELDS} } }`;
const UPDATE = `mutation ($input: UpdateModelInput!) { updateModel(input: $input) { ${FIELDS} } }`;
const DELETE = "mutation ($ref: EntityRef!) { deleteModel(ref: $ref) }";

async function create(input: Record<string, unknown>): Promise<Record<string, any>> {
  return (await app.data(CREATE, { input: { baseUrl: "https://api.example.com/v1", model: "gpt-x", ...input } }))["createModel"] as Record<string, any>;
}

describe("createModel and updateModel", () => {
  it("fill in defaults and never show the key", async () => {
    const model = await create({ name: "Judge", apiKey: "sk-s3cr3t-key" });
    expect(model).toEqual({
      id: expect.any(String),
      name: "Judge",
      provider: "openai-compatible",
      baseUrl: "https://api.example.com/v1",
      model: "gpt-x",
      embeddingModel: null,
      hasApiKey: true,
      limits: { timeoutMs: 60000, maxConcurrency: 10, requestsPerMinute: null, maxAttempts: 3 },
      inputCostPerMillionTokens: null,
      outputCostPerMillionTokens: null,
      createdAt: expect.any(String),
      deletedAt: null,
    });
    const { rows } = await app.database.pool.query("select row_to_json(m)::text as text from models m where id = $1", [model["id"]]);
    expect(rows[0].text).not.toContain("s3cr3t");
    expect(await app.services.execution.models.read(app.admin, model["id"])).toMatchObject({ apiKey: "sk-s3cr3t-key", model: { id: model["id"] } });
  });

  it("keep what is absent, clear what is null, and merge limits", async () => {
    const { id } = await create({ name: "Changing", apiKey: "sk-1", embeddingModel: "emb", inputCostPerMillionTokens: 0.5, limits: { maxAttempts: 1 } });
    const key = async () => (await app.services.execution.models.read(app.admin, id)).apiKey;
    const change = async (input: object) => (await app.data(UPDATE, { input: { model: { id }, ...input } }))["updateModel"] as Record<string, any>;
    expect(await change({ modelName: "gpt-y", limits: { timeoutMs: 5 } })).toMatchObject({ model: "gpt-y", embeddingModel: "emb", inputCostPerMillionTokens: 0.5, hasApiKey: true, limits: { timeoutMs: 5, maxAttempts: 1 } });
    await change({ apiKey: "***" });
    expect(await key()).toBe("sk-1");
    await change({ apiKey: "sk-2" });
    expect(await key()).toBe("sk-2");
    expect(await change({ apiKey: null, embeddingModel: null, inputCostPerMillionTokens: null, limits: null })).toMatchObject({ hasApiKey: false, embeddingModel: null, inputCostPerMillionTokens: null, limits: { timeoutMs: 60000, maxAttempts: 3 } });
    expect(await app.error(UPDATE, { input: { model: { id }, name: null, baseUrl: null, modelName: null } })).toMatchObject({ problems: [{ field: "input.name" }, { field: "input.baseUrl" }, { field: "input.modelName" }] });
  });

  it("list every problem, and repeat no key", async () => {
    const error = await app.error(CREATE, { input: { name: "", provider: " ", baseUrl: "api.example.com", model: "", apiKey: "s3cr3t\n", inputCostPerMillionTokens: -1, limits: { maxConcurrency: 0 } } });
    expect(error).toMatchObject({ code: "BAD_USER_INPUT", reason: "INPUT_INVALID" });
    expect((error["problems"] as { field: string }[]).map(({ field }) => field)).toEqual(["input.name", "input.provider", "input.model", "input.baseUrl", "input.apiKey", "input.limits.maxConcurrency", "input.inputCostPerMillionTokens"]);
    expect(JSON.stringify(error)).not.toContain("s3cr3t");
    const guarded = await createTestApp({ allowPrivateAddresses: false });
    expect(await guarded.error(CREATE, { input: { name: "x", baseUrl: "http://localhost:11434/v1", model: "m" } })).toMatchObject({ code: "BAD_USER_INPUT", reason: "BLOCKED_ADDRESS" });
    await guarded.close();
  });

  it("answer NAME_TAKEN, NOT_FOUND, DELETED and FORBIDDEN", async () => {
    const { id } = await create({ name: "One" });
    await create({ name: "Two" });
    expect(await app.error(CREATE, { input: { name: "oNE", baseUrl: "https://x.example", model: "m" } })).toMatchObject({ code: "CONFLICT", reason: "NAME_TAKEN" });
    expect(await app.error(UPDATE, { input: { model: { id }, name: "two" } })).toMatchObject({ code: "CONFLICT", reason: "NAME_TAKEN" });
    expect(await app.error(UPDATE, { input: { model: { id: "nonsense" } } })).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.error(CREATE, { input: { name: "x", baseUrl: "https://x.example", model: "m" } }, app.viewerWith(Role.REVIEWER))).toMatchObject({ code: "FORBIDDEN" });
    expect(await app.data(DELETE, { ref: { name: "one" } })).toEqual({ deleteModel: id });
    expect(await app.data(DELETE, { ref: { id } })).toEqual({ deleteModel: id });
    expect(await app.error(UPDATE, { input: { model: { id } } })).toMatchObject({ code: "FAILED_PRECONDITION", reason: "DELETED" });
    expect((await app.data("query ($id: ID!) { node(id: $id) { __typename ... on Model { deletedAt } } }", { id }))["node"]).toEqual({ __typename: "Model", deletedAt: expect.any(String) });
    await create({ name: "One" });
    const other = await app.otherOrganization();
    expect(await app.error(DELETE, { ref: { name: "Two" } }, other)).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.data("{ models { totalCount nodes { id } } }", {}, other)).toEqual({ models: { totalCount: 0, nodes: [] } });
  });
});

describe("models", () => {
  it("cost the same number of statements for 2 and for 20, and page under a filter", async () => {
    for (let n = 0; n < 20; n += 1) await create({ name: `counted ${n}`, apiKey: "sk" });
    const list = (first: number): string => `{ models(name: { startsWith: "COUNTED" }, first: ${first}) { totalCount pageInfo { hasNextPage endCursor } nodes { ${FIELDS} } } }`;
    const two = await app.countStatements(list(2));
    expect(await app.countStatements(list(20))).toBe(two);
    expect(two).toBeLessThanOrEqual(2);
    const { models } = await app.data(list(19));
    expect(models).toMatchObject({ totalCount: 20, pageInfo: { hasNextPage: true } });
    const rest = await app.data(`{ models(name: { startsWith: "COUNTED" }, after: "${models.pageInfo.endCursor}") { nodes { id } pageInfo { hasNextPage hasPreviousPage } } }`);
    expect(rest["models"]).toMatchObject({ nodes: [{}], pageInfo: { hasNextPage: false, hasPreviousPage: true } });
  });
});
