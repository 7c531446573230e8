import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addPoolMetrics, createDatabaseClient } from "../../src/db/index.js";
import { startWorkerDoor } from "../../src/app/worker-door.js";
import type { GatewayServer } from "../../src/http/index.js";
import { routeLabel } from "../../src/http/http-metrics.js";
import { mayReadMetrics, openTelemetry, silentTelemetry, type Telemetry } from "../../src/observability/index.js";
import { addQueueMetrics } from "../../src/queue/index.js";
import type { Worker } from "../../src/execution/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { execute, givenEndpointAt, givenTests, untilFinished } from "../support/execution.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { ADMIN_TOKEN, socketClient, startTestServer } from "../support/server.js";
import { waitFor } from "../support/wait-for.js";
import { startTestWorker } from "../support/worker.js";

let app: TestApp;
let bot: FakeEndpoint;
let telemetry: Telemetry;
let server: GatewayServer;
let worker: Worker;
beforeAll(async () => {
  app = await createTestApp();
  bot = await startFakeEndpoint();
  telemetry = await openTelemetry(null);
  addPoolMetrics(telemetry.registry, app.database.pool);
  addQueueMetrics(telemetry.registry, app.database.pool);
  server = await startTestServer(app, { telemetry });
  worker = await startTestWorker(app, { telemetry });
});
afterAll(async () => {
  await worker.stop(1_000);
  await server.close(1_000);
  await app.close();
  await bot.close();
});

const origin = (): string => server.url.replace("/graphql", "");
const scrape = async (headers: Record<string, string> = {}): Promise<Response> => fetch(`${origin()}/metrics`, { headers });

/** The value of a sample, such as `assay_subscriptions` or `assay_queue_jobs{state="running"}`; null where it is not there. */
async function sample(name: string): Promise<number | null> {
  const line = (await (await scrape()).text()).split("\n").find((each) => each.startsWith(`${name} `));
  return line === undefined ? null : Number(line.slice(name.length + 1));
}

describe("GET /metrics", () => {
  it("answers in Prometheus' text format", async () => {
    const response = await scrape();
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const lines = (await response.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    expect(lines.filter((line) => !/^[a-zA-Z_:][\w:]*(\{[^}]*\})? -?(\d|NaN|Inf|\+Inf)/.test(line))).toEqual([]);
    expect(lines.some((line) => line.startsWith("process_resident_memory_bytes "))).toBe(true);
  });

  it("counts a run's calls, retries, slices, judgements and results", async () => {
    bot.answerNext({ status: 503 }, { status: 400 });
    bot.answer((request) => ({ json: { output: `echo: ${request.json.input as string}` } }));
    const id = await execute(app, await givenTests(app, { tests: 12 }), await givenEndpointAt(app, bot.url, { maxConcurrency: 1 }));
    expect((await untilFinished(app, id)).progress).toMatchObject({ passed: 11, errored: 1 });
    await waitFor(async () => (await sample('assay_slice_duration_seconds_count{outcome="done"}')) === 1);
    expect(await sample('assay_endpoint_call_duration_seconds_count{outcome="ok"}')).toBe(11);
    expect(await sample('assay_endpoint_call_duration_seconds_count{outcome="HTTP"}')).toBe(2);
    expect(await sample("assay_endpoint_retries_total")).toBe(1);
    expect(await sample("assay_endpoint_call_wait_seconds_count")).toBe(13);
    expect(await sample("assay_endpoint_calls_in_flight")).toBe(0);
    expect(await sample("assay_slices_in_work")).toBe(0);
    expect(await sample('assay_metric_duration_seconds_count{kind="BUILT_IN",status="PASSED"}')).toBe(11);
    expect(await sample('assay_results_total{status="PASSED"}')).toBe(11);
    expect(await sample('assay_results_total{status="ERROR"}')).toBe(1);
  });

  it("shows the queue over all processes, the pool, sockets and subscriptions as they are now", async () => {
    bot.answer({ hang: "at once" });
    const id = await execute(app, await givenTests(app, { tests: 3 }), await givenEndpointAt(app, bot.url));
    await waitFor(async () => (await sample('assay_queue_jobs{state="running"}')) === 1);
    expect(await sample('assay_queue_jobs{state="waiting"}')).toBe(0);
    expect(await sample('assay_database_connections{state="in use"}')).toBeGreaterThanOrEqual(1);
    // For a moment many wait, each time all of the queue's workers look for jobs at once.
    await waitFor(async () => (await sample("assay_database_waiting")) === 0);
    expect(await sample("assay_subscriptions")).toBe(0);

    const client = socketClient(server);
    const events = client.iterate({ query: "subscription ($id: ID!) { runStatus(runId: $id) { status } }", variables: { id } });
    await events.next();
    expect([await sample("assay_websockets"), await sample("assay_subscriptions"), await sample('assay_socket_operations_total{type="subscription"}')]).toEqual([1, 1, 1]);
    await client.dispose();
    await waitFor(async () => (await sample("assay_subscriptions")) === 0 && (await sample("assay_websockets")) === 0);
    await app.data("mutation ($id: ID!) { cancelTestRun(id: $id) { id } }", { id });
    await untilFinished(app, id);
  });

  it("labels requests by route and never by what a caller made up", async () => {
    await fetch(server.url, { method: "POST", headers: { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" }, body: '{"query":"{ viewer { role } }"}' });
    await fetch(`${origin()}/made/up/${Math.random()}`);
    await fetch(`${origin()}/healthz`, { method: "PROPFIND" }).catch(() => undefined);
    const text = await (await scrape()).text();
    expect(text).toMatch(/assay_http_request_duration_seconds_count\{method="POST",route="\/graphql",status="200"\} \d/);
    expect(text).toMatch(/assay_http_request_duration_seconds_count\{method="other",route="other",status="401"\} 1/);
    expect(text).not.toContain("made");
    expect(text).not.toContain("PROPFIND");
    expect(routeLabel({ path: /^\/runs\/(?<id>[^/]+)\/results\.csv$/ })).toBe("/runs/{id}/results.csv");
  });

  it("is answered to no one from elsewhere without a token, nor to anybody through a proxy", async () => {
    for (const headers of [{ "x-forwarded-for": "203.0.113.7" }, { forwarded: "for=203.0.113.7" }]) {
      const response = await scrape(headers);
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: "FORBIDDEN", reason: "METRICS_TOKEN_NOT_SET" } }] });
    }
  });

  it("needs the token where one is set", async () => {
    const guarded = await startTestServer(app, { metricsToken: "the-metrics-token" });
    const ask = (headers: Record<string, string>): Promise<Response> => fetch(guarded.url.replace("/graphql", "/metrics"), { headers });
    expect((await ask({})).status).toBe(401);
    expect((await ask({ authorization: `Bearer ${ADMIN_TOKEN}` })).status).toBe(401);
    expect((await ask({ authorization: "Bearer the-metrics-token", "x-forwarded-for": "203.0.113.7" })).status).toBe(200);
    await guarded.close(1_000);
  });

  it("leaves out the queue, and answers the rest, while the database is away", async () => {
    const alone = silentTelemetry();
    addQueueMetrics(alone.registry, { query: () => Promise.reject(new Error("away")) } as never);
    const unused = createDatabaseClient({ url: "postgres://u:p@127.0.0.1:9/none", maxConnections: 1, applicationName: "unused", statementTimeoutMs: 0, sharedTables: [] });
    addPoolMetrics(alone.registry, unused.pool);
    const text = await alone.registry.metrics();
    expect(text).not.toMatch(/^assay_queue_jobs\{/m);
    expect(text).toContain("assay_database_waiting 0");
    await unused.close();
  });
});

describe("who may read the metrics", () => {
  it.each([
    [null, "127.0.0.1", false, undefined, true],
    [null, "127.8.9.10", false, undefined, true],
    [null, "::1", false, undefined, true],
    [null, "::ffff:127.0.0.1", false, undefined, true],
    [null, "127.0.0.1", true, undefined, false],
    [null, "192.168.1.4", false, undefined, false],
    [null, "::ffff:10.0.0.1", false, "Bearer anything", false],
    [null, null, false, undefined, false],
    ["secret", "203.0.113.7", true, "Bearer secret", true],
    ["secret", "203.0.113.7", false, "bearer  secret", true],
    ["secret", "127.0.0.1", false, undefined, false],
    ["secret", "127.0.0.1", false, "Bearer secretive", false],
    ["secret", "127.0.0.1", false, "Basic secret", false],
  ])("with the token %s, from %s (forwarded: %s) with %s: %s", (token, remoteAddress, isForwarded, authorization, expected) => {
    expect(mayReadMetrics(token, { remoteAddress, isForwarded, authorization })).toBe(expected);
  });
});

describe("the port of a worker", () => {
  it("answers probes and metrics, and nothing else", async () => {
    let isReady = true;
    const door = await startWorkerDoor({ host: "127.0.0.1", port: 0, registry: telemetry.registry, metricsToken: null, isReady: () => (isReady ? Promise.resolve(true) : Promise.reject(new Error("away"))) });
    const ask = async (path: string, init: RequestInit = {}): Promise<[number, string]> => {
      const response = await fetch(`http://127.0.0.1:${door.port}${path}`, init);
      return [response.status, await response.text()];
    };
    expect(await ask("/healthz")).toEqual([200, '{"status":"alive"}']);
    expect(await ask("/readyz")).toEqual([200, '{"status":"ready"}']);
    isReady = false;
    expect((await ask("/readyz"))[0]).toBe(503);
    // The slice of a run that has just ended may be about to end.
    await waitFor(async () => (await ask("/metrics"))[1].includes("assay_slices_in_work 0"), { what: "no slice in work" });
    expect((await ask("/metrics", { headers: { "x-forwarded-for": "203.0.113.7" } }))[0]).toBe(403);
    expect((await ask("/graphql"))[0]).toBe(404);
    expect((await ask("/metrics", { method: "POST" }))[0]).toBe(405);
    await door.stop(0);
    const guarded = await startWorkerDoor({ host: "127.0.0.1", port: 0, registry: telemetry.registry, metricsToken: "secret", isReady: () => Promise.resolve(true) });
    expect((await fetch(`http://127.0.0.1:${guarded.port}/metrics`)).status).toBe(401);
    await expect(startWorkerDoor({ host: "127.0.0.1", port: guarded.port, registry: telemetry.registry, metricsToken: null, isReady: () => Promise.resolve(true) })).rejects.toThrow("WORKER_PORT");
    await guarded.stop(0);
  });
});
