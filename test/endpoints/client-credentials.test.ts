import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { OutboundEndpointClient } from "../../src/endpoints/index.js";
import { type FakeEndpoint, type FakeHandler, type FakeReply, startFakeEndpoint } from "../support/fake-endpoint.js";
import { answered, createClient, failed, optionsOf, targetOf, variablesOf } from "./calling.js";

const SECRET = "cl13nt-s3cr3t&=";
let server: FakeEndpoint;
let client: OutboundEndpointClient;
let now = new Date("2026-11-21T10:00:00.000Z");
let issued = 0;
/** What the token server answers; null: the next token, for an hour. */
let tokenReply: FakeReply | null = null;

const tokens: FakeHandler = (request) => {
  if (request.path === "/token") return tokenReply ?? { delayMs: 20, json: { access_token: `t0k3n-${(issued += 1)}`, token_type: "Bearer", expires_in: 3600 } };
  return request.headers["authorization"] === `Bearer t0k3n-${issued}` ? { json: { output: `hello with ${request.headers["authorization"]}` } } : { status: 401, json: { seen: request.headers["authorization"] } };
};

beforeAll(async () => {
  server = await startFakeEndpoint(tokens);
});
beforeEach(() => {
  server.clear();
  issued = 0;
  tokenReply = null;
  client = createClient({ now: () => now });
});
afterAll(() => server.close());

const target = (auth: object = {}) => targetOf({ url: `${server.url}/chat`, auth: { type: "CLIENT_CREDENTIALS", clientId: "me", tokenUrl: `${server.url}/token`, scopes: ["read", "chat"], audience: "bots", ...auth } }, { auth: SECRET });
const call = (auth: object = {}) => client.call(target(auth), variablesOf(), optionsOf());
const tokenRequests = () => server.requests.filter((request) => request.path === "/token");

describe("client credentials", () => {
  it("get one token for many calls, even for calls at the same time", async () => {
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => call()));
    expect(outcomes.every((outcome) => outcome.ok)).toBe(true);
    expect(tokenRequests()).toHaveLength(1);
    expect(Object.fromEntries(new URLSearchParams(tokenRequests()[0]?.body))).toEqual({ grant_type: "client_credentials", client_id: "me", client_secret: SECRET, scope: "read chat", audience: "bots" });
  });

  it("are renewed before the token ends", async () => {
    await call();
    now = new Date(now.getTime() + 3_500_000);
    await call();
    expect(tokenRequests()).toHaveLength(1);
    now = new Date(now.getTime() + 80_000);
    expect((await call()).ok).toBe(true);
    expect(tokenRequests()).toHaveLength(2);
  });

  it("are renewed once when the endpoint answers 401, within the same attempt", async () => {
    await call();
    issued += 1; // the endpoint takes another token from now on
    expect((await call()).ok).toBe(true);
    expect(tokenRequests()).toHaveLength(2);
    server.answer((request, index) => (request.path === "/token" ? tokens(request, index) : { status: 401 }));
    expect(failed(await call()).error).toMatchObject({ type: "AUTH", httpStatus: 401, retryable: false });
    server.answer(tokens);
    expect(server.requests.filter((request) => request.path === "/chat")).toHaveLength(5);
  });

  it("do not count in the latency", async () => {
    tokenReply = { delayMs: 1000, json: { access_token: "t0k3n-0" } };
    const begun = performance.now();
    const outcome = await call();
    expect(outcome.ok).toBe(true);
    expect(performance.now() - begun - outcome.latencyMs).toBeGreaterThan(990);
  });

  it.each<[string, FakeReply, object]>([
    ["refused", { status: 400, json: { error: "invalid_client", error_description: `unknown ${SECRET}` } }, { type: "AUTH", httpStatus: 400, retryable: false }],
    ["overloaded", { status: 503, headers: { "retry-after": "3" } }, { type: "AUTH", httpStatus: 503, retryable: true }],
    ["answered without a token", { json: { token: "x" } }, { type: "AUTH", retryable: false }],
    ["cut off", { cut: "at once" }, { type: "NETWORK", retryable: true }],
  ])("that are %s end the call, are asked for again by the next one, and show no secret", async (_name, reply, error) => {
    tokenReply = reply;
    const outcome = failed(await call());
    expect(outcome.error).toMatchObject(error);
    expect(JSON.stringify(outcome)).not.toContain(SECRET);
    if (reply.status === 503) expect(outcome.retryAfterMs).toBe(3000);
    tokenReply = null;
    expect((await call()).ok).toBe(true);
    expect(server.requests.filter((request) => request.path === "/chat")).toHaveLength(1);
  });

  it("hide the token where the endpoint repeats it", async () => {
    const answer = answered(await call());
    expect(answer).toMatchObject({ output: "hello with Bearer ***", raw: { output: "hello with Bearer ***" } });
  });

  it("do not reach a token server on a private address where those are not allowed", async () => {
    const guarded = createClient({ allowPrivate: false });
    expect(failed(await guarded.call(target(), variablesOf(), optionsOf())).error.type).toBe("BLOCKED_ADDRESS");
    expect(server.requests).toEqual([]);
  });

  it("end with the caller's reason while the token is awaited, which others still get", async () => {
    tokenReply = { delayMs: 200, json: { access_token: "t0k3n-0" } };
    const controller = new AbortController();
    const first = client.call(target(), variablesOf(), optionsOf({ signal: controller.signal }));
    const second = call();
    setTimeout(() => controller.abort(new Error("cancelled")), 50);
    await expect(first).rejects.toThrow("cancelled");
    expect((await second).ok).toBe(true);
    expect(tokenRequests()).toHaveLength(1);
  });
});
