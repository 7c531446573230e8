import { randomBytes } from "node:crypto";
import { Writable } from "node:stream";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createOutbound } from "../../src/address-guard.js";
import { EndpointProbeService, EndpointTargets, ModelService, ModelTargets, OutboundEndpointClient, resealSecrets } from "../../src/endpoints/index.js";
import { SecretBox } from "../../src/secrets.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { type FakeEndpoint, type RecordedRequest, startFakeEndpoint } from "../support/fake-endpoint.js";
import { type FakeWebSocket, startFakeWebSocket } from "../support/fake-websocket.js";

/** Awkward on purpose: it changes its look in URLs, forms, JSON, base64 and regular expressions. */
const SECRET = 's3cr3t+/$&="\\ü.*';
const ASCII_SECRET = "s3cr3t+/$&=.*(a|b)";
const FORMS = [SECRET, ASCII_SECRET].flatMap((secret) => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), Buffer.from(secret).toString("base64"), new URLSearchParams({ a: secret }).toString().slice(2)]);

let app: TestApp;
let bot: FakeEndpoint;
let socket: FakeWebSocket;
const lines: string[] = [];
let probes: EndpointProbeService;
beforeAll(async () => {
  [app, bot, socket] = await Promise.all([createTestApp(), startFakeEndpoint(), startFakeWebSocket()]);
  const log = pino({ level: "trace" }, new Writable({ write: (chunk: Buffer, _encoding, done) => (lines.push(chunk.toString()), done()) }));
  const client = new OutboundEndpointClient({ outbound: createOutbound({ allowPrivate: true }), now: () => new Date(), log });
  probes = new EndpointProbeService({ db: app.database.db, targets: app.services.execution.targets, client });
});
beforeEach(() => (lines.length = 0));
afterAll(() => Promise.all([app.close(), bot.close(), socket.close()]));

function everythingOf(request: RecordedRequest): Record<string, unknown> {
  const authorization = request.headers["authorization"] ?? "";
  const decoded = Buffer.from(authorization.replace("Basic ", ""), "base64").toString();
  return { output: `you sent ${JSON.stringify(request.headers)} ${request.query.toString()}`, [authorization || "none"]: { deep: [request.headers, decoded, Object.fromEntries(request.query), encodeURIComponent(decoded)] }, body: request.body };
}

const CREATE = "mutation ($input: CreateEndpointInput!) { createEndpoint(input: $input) { id name url requestHeaders queryParams requestMapping responseMapping authType hasCredentials versionHash } }";
let counter = 0;

async function probe(input: Record<string, unknown>): Promise<unknown> {
  const created = await app.data(CREATE, { input: { name: `Leaky ${(counter += 1)}`, url: `${bot.url}/chat`, ...input } });
  const id = created["createEndpoint"].id as string;
  const probed = await probes.probe(app.admin, { endpoint: { id }, input: "hi", parameters: {} }, { requestId: "r1", signal: new AbortController().signal });
  return { created, probed };
}

function expectNoSecret(value: unknown): void {
  const text = [JSON.stringify(value), ...lines].join("\n");
  for (const form of FORMS) {
    expect(text).not.toContain(form);
    expect(text).not.toContain(JSON.stringify(form).slice(1, -1));
  }
}

const SECRETIVE: [string, Record<string, unknown>][] = [
  ["BEARER", { auth: { type: "BEARER", token: ASCII_SECRET } }],
  ["API_KEY", { auth: { type: "API_KEY", token: ASCII_SECRET, headerName: "X-Custom" } }],
  ["BASIC", { auth: { type: "BASIC", username: "ada", password: SECRET } }],
  ["a header", { requestHeaders: { "X-Api-Key": ASCII_SECRET, Authorization: `Token ${ASCII_SECRET}` } }],
  ["a query parameter", { queryParams: { api_key: SECRET } }],
];

describe("secrets of an endpoint", () => {
  it.each(SECRETIVE)("reach the endpoint by %s, and nobody else, even when the endpoint repeats them", async (_name, input) => {
    bot.clear();
    bot.answer((request) => ({ json: everythingOf(request) }));
    const shown = (await probe(input)) as { probed: { ok: boolean; rawRequest: unknown } };
    const sent = bot.requests[0];
    const arrived = `${JSON.stringify(sent?.headers)} ${sent?.query.get("api_key") ?? ""} ${Buffer.from(sent?.headers["authorization"]?.replace("Basic ", "") ?? "", "base64").toString()}`;
    expect(FORMS.some((form) => arrived.includes(form))).toBe(true);
    expect(shown.probed).toMatchObject({ ok: true, rawRequest: { method: "POST", body: { input: "hi" } } });
    expectNoSecret(shown);
  });

  it.each(SECRETIVE)("stay hidden with %s in errors: a refusal, malformed JSON, a redirect", async (_name, input) => {
    for (const reply of [{ status: 401 }, { status: 500 }, { status: 200, type: "application/json" }, { status: 302 }]) {
      bot.answer((request) => ({ status: reply.status, text: `<<< ${JSON.stringify(everythingOf(request))}`, headers: { "content-type": reply.type ?? "text/html", location: `${bot.url}/?${request.query.toString()}` } }));
      const shown = (await probe(input)) as { probed: { ok: boolean } };
      expect(shown.probed.ok).toBe(false);
      expectNoSecret(shown);
    }
  });

  it("stay hidden over WebSockets and from token servers", async () => {
    socket.converse((message, peer, request) => peer.send(JSON.stringify({ text: JSON.stringify(request.headers), message, url: request.url })));
    const ws = { connectionType: "WEBSOCKET", url: socket.url, responseMapping: { output: "$.text", silence_ms: 20 } };
    for (const [, input] of SECRETIVE) expectNoSecret(await probe({ ...input, ...ws }));
    expect(socket.messages.length).toBe(SECRETIVE.length);
    bot.answer((request) => (request.path === "/token" ? { json: { access_token: `granted-${ASCII_SECRET.replaceAll(/[^a-z0-9]/g, "")}` } } : { json: everythingOf(request) }));
    const auth = { type: "CLIENT_CREDENTIALS", clientId: "me", clientSecret: SECRET, tokenUrl: `${bot.url}/token` };
    const shown = await probe({ auth });
    expectNoSecret(shown);
    expect(JSON.stringify(shown)).not.toContain("granted-");
    bot.answer((request) => ({ status: 400, json: { error: "invalid_client", error_description: request.body } }));
    expectNoSecret(await probe({ auth }));
  });

  it("keep short ones hidden where they stand alone, and leave words alone", async () => {
    bot.answer({ json: { output: "key abc; abcdef; xabc" } });
    const { probed } = (await probe({ auth: { type: "BEARER", token: "abc" } })) as { probed: { answer: { output: string } } };
    expect(probed.answer.output).toBe("key ***; abcdef; xabc");
  });

  it("are not in the database as they are, and are sealed anew under another key", async () => {
    await app.data("mutation ($input: CreateModelInput!) { createModel(input: $input) { id } }", { input: { name: "Sealed", baseUrl: "https://x.example", model: "m", apiKey: ASCII_SECRET } });
    const dump = async (): Promise<string> => (await app.database.pool.query("select string_agg(t, '') as dump from (select row_to_json(e)::text as t from endpoints e union all select row_to_json(v)::text from endpoint_versions v union all select row_to_json(m)::text from models m) x")).rows[0].dump as string;
    expectNoSecret(await dump());
    // The app's own key is its secret: a second app over the same database stands for the gateway before and after a rotation.
    const [older, newer] = [randomBytes(32), randomBytes(32)];
    const models = new ModelService({ db: app.database.db, now: () => new Date(), secrets: new SecretBox(older), allowPrivateAddresses: true });
    await app.database.pool.query("delete from models");
    await app.database.pool.query("update endpoints set credentials = null");
    const { id } = await models.create(app.admin, { name: "Rotated", provider: "p", baseUrl: "https://x.example", model: "m", apiKey: ASCII_SECRET });
    expect(await resealSecrets(app.database.db, new SecretBox(newer, [older]))).toBe(1);
    expect(await resealSecrets(app.database.db, new SecretBox(newer, [older]))).toBe(0);
    const targetsUnder = (key: Buffer): ModelTargets => new ModelTargets({ db: app.database.db, secrets: new SecretBox(key) });
    expect(await targetsUnder(newer).read(app.admin, id)).toMatchObject({ apiKey: ASCII_SECRET });
    await expect(targetsUnder(older).read(app.admin, id)).rejects.toMatchObject({ code: "FAILED_PRECONDITION", reason: "SECRET_UNREADABLE" });
    expect(new EndpointTargets({ db: app.database.db, secrets: new SecretBox(newer) })).toBeDefined();
  });
});
