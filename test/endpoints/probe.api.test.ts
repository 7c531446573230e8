import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Role } from "../../src/viewer.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";

let app: TestApp;
let bot: FakeEndpoint;
beforeAll(async () => {
  [app, bot] = await Promise.all([createTestApp(), startFakeEndpoint()]);
});
beforeEach(() => bot.clear());
afterAll(() => Promise.all([app.close(), bot.close()]));

const PROBE = `mutation ($endpoint: EntityRef!, $input: String!, $parameters: JSONObject) { probeEndpoint(endpoint: $endpoint, input: $input, parameters: $parameters) {
  ok latencyMs rawRequest rawResponse error { type message httpStatus retryable }
  output { output preview inputTokens outputTokens sessionId context metadata toolCalls raw turns { number } stopReason } } }`;

async function create(input: Record<string, unknown>): Promise<string> {
  const { createEndpoint } = await app.data("mutation ($input: CreateEndpointInput!) { createEndpoint(input: $input) { id } }", { input: { url: `${bot.url}/chat`, ...input } });
  return createEndpoint.id as string;
}

describe("probeEndpoint", () => {
  it("calls once and shows request, answer and what was made of it", async () => {
    const id = await create({
      name: "Probed",
      requestHeaders: { "X-Turn": "{{ turn }}" },
      requestMapping: { q: "{{ input }}", t: "{{ params.temperature }}", sid: "{{ session_id }}", history: "{{ messages }}" },
      responseMapping: { output: "$.text", session_id: "$.sid", context: "$.docs", input_tokens: "$.n" },
      auth: { type: "BEARER", token: "s3cr3t-token" },
    });
    const text = "👍".repeat(400);
    bot.answerNext({ json: { text, sid: "s1", docs: ["d"], n: 7 } });
    const { probeEndpoint } = await app.data(PROBE, { endpoint: { name: "probed" }, input: "42", parameters: { temperature: 0.5 } });
    expect(probeEndpoint).toEqual({
      ok: true,
      latencyMs: expect.any(Number),
      error: null,
      rawRequest: {
        method: "POST",
        url: `${bot.url}/chat`,
        headers: expect.objectContaining({ authorization: "***", "x-turn": "1", "content-type": "application/json" }),
        body: { q: "42", t: 0.5, history: [{ role: "user", content: "42" }] },
      },
      rawResponse: { text, sid: "s1", docs: ["d"], n: 7 },
      output: { output: text, preview: "👍".repeat(300), inputTokens: 7, outputTokens: null, sessionId: "s1", context: ["d"], metadata: null, toolCalls: null, raw: { text, sid: "s1", docs: ["d"], n: 7 }, turns: [], stopReason: null },
    });
    expect(bot.requests).toHaveLength(1);
    expect(bot.requests[0]?.headers["authorization"]).toBe("Bearer s3cr3t-token");
    const { rows } = await app.database.pool.query("select count(*)::int as count from test_outputs");
    expect(rows[0].count).toBe(0);
    expect(await app.data("query ($id: ID!) { node(id: $id) { id } }", { id })).toEqual({ node: { id } });
  });

  it("shows what went wrong, without a retry", async () => {
    const id = await create({ name: "Broken" });
    bot.answerNext({ status: 503, json: { reason: "tired" }, headers: { "retry-after": "1" } });
    const { probeEndpoint } = await app.data(PROBE, { endpoint: { id }, input: "x" });
    expect(probeEndpoint).toMatchObject({ ok: false, output: null, error: { type: "HTTP", httpStatus: 503, retryable: true }, rawRequest: { body: { input: "x" } }, rawResponse: { reason: "tired" } });
    expect(bot.requests).toHaveLength(1);
    const unmade = await create({ name: "Unmade", requestMapping: { a: "{{ metadata.a }}" } });
    expect((await app.data(PROBE, { endpoint: { id: unmade }, input: "x" }))["probeEndpoint"]).toMatchObject({ ok: false, error: { type: "REQUEST_MAPPING", retryable: false }, rawRequest: null, rawResponse: null });
  });

  it("keeps to the endpoint's timeout", async () => {
    const id = await create({ name: "Slow", limits: { timeoutMs: 100 } });
    bot.answerNext({ hang: "at once" });
    expect((await app.data(PROBE, { endpoint: { id }, input: "x" }))["probeEndpoint"]).toMatchObject({ ok: false, error: { type: "TIMEOUT" } });
  });

  it("answers NOT_FOUND, DELETED and FORBIDDEN", async () => {
    const id = await create({ name: "Gone" });
    expect(await app.error(PROBE, { endpoint: { id }, input: "x" }, app.viewerWith(Role.REVIEWER))).toMatchObject({ code: "FORBIDDEN" });
    expect(await app.error(PROBE, { endpoint: { name: "nobody" }, input: "x" })).toMatchObject({ code: "NOT_FOUND" });
    await app.data("mutation ($ref: EntityRef!) { deleteEndpoint(ref: $ref) }", { ref: { id } });
    expect(await app.error(PROBE, { endpoint: { id }, input: "x" })).toMatchObject({ code: "FAILED_PRECONDITION", reason: "DELETED" });
    expect(bot.requests).toEqual([]);
  });
});
