import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IdKind, newId } from "../../src/ids.js";
import { Role } from "../../src/viewer.js";
import { createTestApp, type TestApp } from "../support/app.js";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

const FIELDS = `id name description project { id name } connectionType url method requestHeaders queryParams requestMapping responseMapping authType hasCredentials
  limits { timeoutMs maxConcurrency requestsPerMinute maxAttempts } versionHash deletedAt createdAt updatedAt`;
const CREATE = `mutation ($input: CreateEndpointInput!) { createEndpoint(input: $input) { ${FIELDS} } }`;
const UPDATE = `mutation ($input: UpdateEndpointInput!) { updateEndpoint(input: $input) { ${FIELDS} } }`;
const GET = `query ($ref: EntityRef!, $projectId: ID) { endpoint(ref: $ref, projectId: $projectId) { ${FIELDS} } }`;
const DELETE = "mutation ($ref: EntityRef!) { deleteEndpoint(ref: $ref) }";

async function create(input: Record<string, unknown>, viewer?: Parameters<TestApp["data"]>[2]): Promise<Record<string, any>> {
  return (await app.data(CREATE, { input: { url: "http://127.0.0.1:1/chat", ...input } }, viewer))["createEndpoint"] as Record<string, any>;
}
async function update(input: Record<string, unknown>): Promise<Record<string, any>> {
  return (await app.data(UPDATE, { input }))["updateEndpoint"] as Record<string, any>;
}

describe("createEndpoint", () => {
  it("fills in the defaults of a REST endpoint", async () => {
    expect(await create({ name: "Plain" })).toEqual({
      id: expect.any(String),
      name: "Plain",
      description: null,
      project: { id: expect.any(String), name: "Default" },
      connectionType: "REST",
      url: "http://127.0.0.1:1/chat",
      method: "POST",
      requestHeaders: {},
      queryParams: {},
      requestMapping: null,
      responseMapping: { output: "$.output" },
      authType: "NONE",
      hasCredentials: false,
      limits: { timeoutMs: 60000, maxConcurrency: 10, requestsPerMinute: null, maxAttempts: 3 },
      versionHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      deletedAt: null,
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    });
  });

  it("keeps mappings, and fills in those of OPENAI_CHAT", async () => {
    const mapping = { Q: "{{ input }}", max_tokens: 5, list: [null, true, "{{ metadata.some.name }}"] };
    const rest = await create({ name: "Mapped", requestMapping: mapping, responseMapping: { output: "$..text", session_id: "$.sid" }, limits: { timeoutMs: 5, requestsPerMinute: 60 } });
    expect(rest).toMatchObject({ requestMapping: mapping, responseMapping: { output: "$..text", session_id: "$.sid" }, limits: { timeoutMs: 5, maxConcurrency: 10, requestsPerMinute: 60, maxAttempts: 3 } });
    const chat = await create({ name: "Chat", connectionType: "OPENAI_CHAT", url: "https://api.example.com/v1" });
    expect(chat["responseMapping"]).toMatchObject({ output: "$.choices[0].message.content", input_tokens: "$.usage.prompt_tokens" });
  });

  it("shows no secret, and *** for secret headers and query parameters, but placeholders as they are", async () => {
    const endpoint = await create({
      name: "Secretive",
      requestHeaders: { "X-Api-Key": "s3cr3t-1", Cookie: "sid=s3cr3t-2", "X-Trace": "plain", "X-Session-Token": "{{ session_id }}" },
      queryParams: { key: "s3cr3t-3", lang: "en" },
      auth: { type: "BEARER", token: "s3cr3t-4" },
    });
    expect(endpoint).toMatchObject({
      requestHeaders: { "X-Api-Key": "***", Cookie: "***", "X-Trace": "plain", "X-Session-Token": "{{ session_id }}" },
      queryParams: { key: "***", lang: "en" },
      authType: "BEARER",
      hasCredentials: true,
    });
    const stored = await app.database.pool.query("select row_to_json(e)::text || row_to_json(v)::text as text from endpoints e join endpoint_versions v on v.id = e.version_id where e.id = $1", [endpoint["id"]]);
    expect(stored.rows[0].text).not.toContain("s3cr3t");
  });

  it("lists every problem of the input at once, and repeats no secret", async () => {
    const input = {
      name: " ",
      url: "ftp://x",
      requestHeaders: { "bad name": "x", "x-token": "s3cr3t\n", "X-Token": "***", a: { b: 1 }, "content-length": "3" },
      queryParams: { q: "{{ inputt }}" },
      requestMapping: { a: ["{{ nothing }}"], "{{": 1 },
      responseMapping: { output: "$.[", context: "$[?match(@.a, 'x')]", outptu: "$" },
      auth: { type: "API_KEY", username: "u" },
      limits: { timeoutMs: 0, maxConcurrency: 1001, requestsPerMinute: 0, maxAttempts: 11 },
    };
    const error = await app.error(CREATE, { input });
    expect(error).toMatchObject({ code: "BAD_USER_INPUT", reason: "INPUT_INVALID" });
    expect((error["problems"] as { field: string }[]).map((problem) => problem.field).sort()).toEqual(
      [
        "input.auth.token",
        "input.auth.username",
        "input.limits.maxAttempts",
        "input.limits.maxConcurrency",
        "input.limits.requestsPerMinute",
        "input.limits.timeoutMs",
        "input.name",
        "input.queryParams.q",
        "input.requestHeaders.X-Token",
        "input.requestHeaders.a",
        "input.requestHeaders.bad name",
        "input.requestHeaders.content-length",
        "input.requestHeaders.x-token",
        "input.requestMapping.a.0",
        "input.requestMapping.{{",
        "input.responseMapping.context",
        "input.responseMapping.outptu",
        "input.responseMapping.output",
        "input.url",
      ].sort(),
    );
    expect(JSON.stringify(error)).not.toContain("s3cr3t");
  });

  it.each([
    ["a url with a password", { url: "https://u:s3cr3t@example.com/" }, "input.url"],
    ["a url with a secret parameter", { url: "https://example.com/?api_key=s3cr3t" }, "input.url"],
    ["a url with a placeholder", { url: "https://example.com/{{ input }}" }, "input.url"],
    ["ws for REST", { url: "wss://example.com" }, "input.url"],
    ["http for WEBSOCKET", { connectionType: "WEBSOCKET", url: "https://example.com" }, "input.url"],
    ["GET with a body", { method: "GET", requestMapping: {} }, "input.requestMapping"],
    ["GET without a variable", { method: "GET" }, "input.queryParams"],
    ["OPENAI_CHAT with PUT", { connectionType: "OPENAI_CHAT", method: "PUT" }, "input.method"],
    ["OPENAI_CHAT with a list", { connectionType: "OPENAI_CHAT", requestMapping: [] }, "input.requestMapping"],
    ["a response mapping without output", { responseMapping: { session_id: "$.a" } }, "input.responseMapping.output"],
    ["search() in a JSONPath", { responseMapping: { output: "$[?search(@.a, '(a+)+b')]" } }, "input.responseMapping.output"],
    ["an authorization header beside auth", { auth: { type: "BEARER", token: "s3cr3t" }, requestHeaders: { authorization: "Bearer s3cr3t" } }, "input.requestHeaders.authorization"],
    ["*** where nothing is stored", { requestHeaders: { authorization: "***" } }, "input.requestHeaders.authorization"],
    ["U+0000", { description: "a\u0000b" }, "input"],
    ["client credentials without any", { auth: { type: "CLIENT_CREDENTIALS", scopes: ["a"] } }, "input.auth.clientSecret"],
  ])("refuses %s", async (_name, input, field) => {
    const error = await app.error(CREATE, { input: { name: "Refused", url: "https://example.com/chat", ...input } });
    expect(error).toMatchObject({ code: "BAD_USER_INPUT", reason: "INPUT_INVALID" });
    expect((error["problems"] as { field: string }[])[0]?.field).toBe(field);
    expect(JSON.stringify(error)).not.toContain("s3cr3t");
  });

  it("refuses private addresses where they are not allowed, with BLOCKED_ADDRESS", async () => {
    const guarded = await createTestApp({ allowPrivateAddresses: false });
    try {
      for (const host of ["127.0.0.1", "localhost", "a.localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:10.0.0.1]", "10.1.2.3", "169.254.169.254", "192.168.0.1", "[fe80::1]", "[fd00::1]", "0.0.0.0"]) {
        expect(await guarded.error(CREATE, { input: { name: "Inside", url: `http://${host}:8080/` } }), host).toMatchObject({ code: "BAD_USER_INPUT", reason: "BLOCKED_ADDRESS", problems: [{ field: "input.url" }] });
      }
      const auth = { type: "CLIENT_CREDENTIALS", clientId: "c", clientSecret: "s", tokenUrl: "http://10.0.0.1/token" };
      expect(await guarded.error(CREATE, { input: { name: "Inside", url: "https://example.com/", auth } })).toMatchObject({ reason: "BLOCKED_ADDRESS", problems: [{ field: "input.auth.tokenUrl" }] });
      await guarded.data(CREATE, { input: { name: "Outside", url: "https://example.com/" } });
    } finally {
      await guarded.close();
    }
  });

  it("refuses a name that the project has, ignoring case, and an unknown project", async () => {
    await create({ name: "Taken" });
    expect(await app.error(CREATE, { input: { name: "tAKEN", url: "http://127.0.0.1:1" } })).toMatchObject({ code: "CONFLICT", reason: "NAME_TAKEN" });
    expect(await app.error(CREATE, { input: { name: "Homeless", url: "http://127.0.0.1:1", projectId: "nonsense" } })).toMatchObject({ code: "NOT_FOUND" });
  });

  it("needs an EDITOR, as all changes do", async () => {
    const viewer = app.viewerWith(Role.REVIEWER);
    expect(await app.error(CREATE, { input: { name: "x", url: "http://127.0.0.1:1" } }, viewer)).toMatchObject({ code: "FORBIDDEN", reason: "ROLE_TOO_LOW" });
    expect(await app.error(UPDATE, { input: { endpoint: { name: "Plain" } } }, viewer)).toMatchObject({ code: "FORBIDDEN" });
    expect(await app.error(DELETE, { ref: { name: "Plain" } }, viewer)).toMatchObject({ code: "FORBIDDEN" });
  });
});

describe("updateEndpoint", () => {
  it("keeps what is absent, clears what is null, replaces objects and merges limits", async () => {
    const endpoint = await create({ name: "Changing", description: "d", requestHeaders: { a: "1", b: "2" }, requestMapping: { q: "{{ input }}" }, responseMapping: { output: "$.a" }, limits: { timeoutMs: 7, maxAttempts: 2, requestsPerMinute: 5 } });
    const same = await update({ endpoint: { id: endpoint["id"] } });
    expect(same).toEqual({ ...endpoint, updatedAt: same["updatedAt"] });
    const cleared = await update({ endpoint: { name: "changing" }, description: null, requestHeaders: { c: "3" }, requestMapping: null, responseMapping: null, limits: { timeoutMs: null, requestsPerMinute: null, maxConcurrency: 4 } });
    expect(cleared).toMatchObject({ description: null, requestHeaders: { c: "3" }, requestMapping: null, responseMapping: { output: "$.output" }, limits: { timeoutMs: 60000, requestsPerMinute: null, maxConcurrency: 4, maxAttempts: 2 } });
    expect(await update({ endpoint: { id: endpoint["id"] }, requestHeaders: null, limits: null, name: "Changed" })).toMatchObject({ requestHeaders: {}, name: "Changed", limits: { maxConcurrency: 10, maxAttempts: 3 } });
    expect(await app.error(UPDATE, { input: { endpoint: { id: endpoint["id"] }, name: null, url: null } })).toMatchObject({ problems: [{ field: "input.name" }, { field: "input.url" }] });
  });

  it("changes the version with whatever shapes a call, and with nothing else; the old shape is the old version again", async () => {
    const { id, versionHash } = await create({ name: "Versioned", auth: { type: "BEARER", token: "one" } });
    const hashAfter = async (input: Record<string, unknown>): Promise<unknown> => (await update({ endpoint: { id }, ...input }))["versionHash"];
    expect(await hashAfter({ name: "Versioned 2", description: "x", limits: { timeoutMs: 9 } })).toBe(versionHash);
    expect(await hashAfter({ auth: { type: "BEARER", token: "two" } })).toBe(versionHash);
    const hashes = [
      await hashAfter({ url: "http://127.0.0.1:2/" }),
      await hashAfter({ method: "PUT" }),
      await hashAfter({ requestHeaders: { a: "1" } }),
      await hashAfter({ queryParams: { a: "1" } }),
      await hashAfter({ requestMapping: { a: 1, b: 2 } }),
      await hashAfter({ responseMapping: { output: "$.a" } }),
      await hashAfter({ auth: { type: "NONE" } }),
    ];
    expect(new Set([versionHash, ...hashes]).size).toBe(8);
    expect(await hashAfter({ requestMapping: { b: 2, a: 1 } })).toBe(hashes.at(-1));
    const back = { url: "http://127.0.0.1:1/chat", method: "POST", requestHeaders: {}, queryParams: {}, requestMapping: null, responseMapping: null, auth: { type: "BEARER", token: "three" } };
    expect(await hashAfter(back)).toBe(versionHash);
    const { rows } = await app.database.pool.query("select count(*)::int as count from endpoint_versions where endpoint_id = $1", [id]);
    expect(rows[0].count).toBe(8);
  });

  it("keeps secrets that are absent or ***, takes new ones, and drops those that are left out", async () => {
    const { id } = await create({ name: "Rotating", auth: { type: "API_KEY", token: "old-token", headerName: "X-Key" }, requestHeaders: { "X-Secret": "old-header" } });
    const read = async () => (await app.services.execution.targets.read(app.admin, { endpointId: id, versionId: (await app.services.endpoints.find(app.admin, { id }, null))?.versionId ?? "" })).credentials;
    await update({ endpoint: { id }, requestHeaders: { "x-secret": "***", other: "1" }, auth: { type: "API_KEY" } });
    expect(await read()).toEqual({ auth: "old-token", headers: { "x-secret": "old-header" }, queryParams: {} });
    await update({ endpoint: { id }, auth: { type: "API_KEY", token: "new-token" } });
    expect(await read()).toMatchObject({ auth: "new-token" });
    expect(await app.error(UPDATE, { input: { endpoint: { id }, auth: { type: "BEARER" } } })).toMatchObject({ problems: [{ field: "input.auth.token" }] });
    expect(await update({ endpoint: { id }, auth: null, requestHeaders: {} })).toMatchObject({ authType: "NONE", hasCredentials: false });
  });

  it("answers NOT_FOUND, NAME_TAKEN and DELETED", async () => {
    const { id } = await create({ name: "Doomed" });
    await create({ name: "Other one" });
    expect(await app.error(UPDATE, { input: { endpoint: { id: "nonsense" } } })).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.error(UPDATE, { input: { endpoint: { id }, name: "OTHER ONE" } })).toMatchObject({ code: "CONFLICT", reason: "NAME_TAKEN" });
    await app.data(DELETE, { ref: { id } });
    expect(await app.error(UPDATE, { input: { endpoint: { id } } })).toMatchObject({ code: "FAILED_PRECONDITION", reason: "DELETED" });
    expect(await app.error(UPDATE, { input: { endpoint: { name: "Doomed" } } })).toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("endpoint, endpoints and node", () => {
  it("finds by id and by name ignoring case, and answers null for what is not there", async () => {
    const endpoint = await create({ name: "Findable" });
    const { id } = endpoint;
    expect(await app.data(GET, { ref: { id } })).toEqual({ endpoint });
    expect(await app.data(GET, { ref: { name: "fINDABLE" } })).toEqual({ endpoint });
    expect(await app.data(GET, { ref: { name: "findable" }, projectId: endpoint["project"].id })).toEqual({ endpoint });
    expect(await app.data(GET, { ref: { id }, projectId: "nonsense" })).toEqual({ endpoint: null });
    for (const ref of [{ id: "nonsense" }, { name: "nobody" }, { id: endpoint["project"].id }]) expect(await app.data(GET, { ref })).toEqual({ endpoint: null });
    expect(await app.data("query ($id: ID!) { node(id: $id) { __typename id } }", { id })).toEqual({ node: { __typename: "Endpoint", id } });
    const other = await app.otherOrganization("Strangers");
    expect(await app.data(GET, { ref: { id } }, other)).toEqual({ endpoint: null });
    expect(await app.data("query ($id: ID!) { node(id: $id) { id } }", { id }, other)).toEqual({ node: null });
    expect(await app.error(UPDATE, { input: { endpoint: { id } } }, other)).toMatchObject({ code: "NOT_FOUND" });
  });

  it("hides what is deleted from lists and names, frees its name, and keeps it readable by id", async () => {
    const { id } = await create({ name: "Mortal" });
    expect(await app.data(DELETE, { ref: { name: "mortal" } })).toEqual({ deleteEndpoint: id });
    expect(await app.data(DELETE, { ref: { id } })).toEqual({ deleteEndpoint: id });
    expect(await app.error(DELETE, { ref: { name: "mortal" } })).toMatchObject({ code: "NOT_FOUND" });
    expect(await app.data(GET, { ref: { name: "mortal" } })).toEqual({ endpoint: null });
    expect((await app.data(GET, { ref: { id } }))["endpoint"]).toMatchObject({ id, deletedAt: expect.any(String) });
    const list = "query ($all: Boolean!) { endpoints(name: { eq: \"MORTAL\" }, includeDeleted: $all) { totalCount nodes { id } } }";
    expect(await app.data(list, { all: false })).toEqual({ endpoints: { totalCount: 0, nodes: [] } });
    expect(await app.data(list, { all: true })).toEqual({ endpoints: { totalCount: 1, nodes: [{ id }] } });
    expect((await create({ name: "Mortal" }))["id"]).not.toBe(id);
  });

  it("is AMBIGUOUS_NAME across projects, and found within one", async () => {
    const viewer = await app.otherOrganization("Two projects");
    const { id } = await create({ name: "Twin" }, viewer);
    const second = newId(IdKind.PROJECT);
    await app.database.pool.query("insert into projects (organization_id, id, name, created_at) values ($1, $2, 'Second', now())", [viewer.organizationId, second]);
    await create({ name: "Twin", projectId: second }, viewer);
    expect(await app.error(GET, { ref: { name: "twin" } }, viewer)).toMatchObject({ code: "CONFLICT", reason: "AMBIGUOUS_NAME", ids: [id, expect.any(String)] });
    expect((await app.data(GET, { ref: { name: "twin" }, projectId: second }, viewer))["endpoint"]).toMatchObject({ project: { id: second } });
  });

  it("pages newest first in both directions, under its filter", async () => {
    const viewer = await app.otherOrganization("Paging");
    for (const n of [1, 2, 3, 4, 5]) await create({ name: `bot ${n}` }, viewer);
    await create({ name: "else" }, viewer);
    const list = `query ($first: Int, $after: String, $last: Int, $before: String) { endpoints(name: { startsWith: "BOT" }, first: $first, after: $after, last: $last, before: $before) {
      totalCount nodes { name } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;
    const page = async (variables: Record<string, unknown>) => (await app.data(list, variables, viewer))["endpoints"] as Record<string, any>;
    const names = (connection: Record<string, any>): string[] => connection["nodes"].map((node: { name: string }) => node.name) as string[];
    const all = await page({});
    expect(names(all).sort()).toEqual(["bot 1", "bot 2", "bot 3", "bot 4", "bot 5"]);
    const first = await page({ first: 2 });
    expect(first).toMatchObject({ totalCount: 5, pageInfo: { hasNextPage: true, hasPreviousPage: false } });
    const second = await page({ first: 2, after: first["pageInfo"].endCursor });
    const rest = await page({ first: 2, after: second["pageInfo"].endCursor });
    expect([...names(first), ...names(second), ...names(rest)]).toEqual((await page({}))["nodes"].map((node: { name: string }) => node.name));
    expect(names(await page({ last: 2, before: rest["pageInfo"].startCursor }))).toEqual(names(second));
    const refusals = { "first: 201": "PAGE_TOO_LARGE", "first: -1": "INPUT_INVALID", "first: 1, last: 1": "INPUT_INVALID", 'after: "x"': "CURSOR_INVALID" };
    for (const [args, reason] of Object.entries(refusals)) expect(await app.error(`{ endpoints(${args}) { nodes { id } } }`)).toMatchObject({ code: "BAD_USER_INPUT", reason });
    expect(names(await page({ last: 1, after: first["pageInfo"].endCursor }))).toEqual(names(rest));
    expect(await app.data('{ endpoints(projectId: "nonsense") { totalCount nodes { id } } }', {}, viewer)).toEqual({ endpoints: { totalCount: 0, nodes: [] } });
  });

  it("costs the same number of statements for 2 and for 20", async () => {
    for (let n = 0; n < 20; n += 1) await create({ name: `counted ${n}` });
    const list = (first: number): string => `{ endpoints(name: { startsWith: "counted" }, first: ${first}) { totalCount nodes { ${FIELDS} } } }`;
    const two = await app.countStatements(list(2));
    expect(await app.countStatements(list(20))).toBe(two);
    expect(two).toBeLessThanOrEqual(3);
  });
});
