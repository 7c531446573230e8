import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { Deployment } from "../support/processes.js";
import { waitFor } from "../support/wait-for.js";

interface ReceivedSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly isError: boolean;
}

/** A collector that takes OTLP over HTTP in JSON. */
async function startCollector(): Promise<{ url: string; spans: ReceivedSpan[]; paths: Set<string>; headers: string[]; close(): Promise<void> }> {
  const spans: ReceivedSpan[] = [];
  const paths = new Set<string>();
  const headers: string[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      paths.add(request.url ?? "");
      headers.push(String(request.headers["x-collector-key"]));
      const body = Buffer.concat(chunks);
      spans.push(...spansOf(JSON.parse((request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body).toString())));
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans, paths, headers, close: () => new Promise((resolve) => void (server.close(() => resolve()), server.closeAllConnections())) };
}

type Attributes = { key: string; value: Record<string, unknown> }[];
const plain = (attributes: Attributes): Record<string, unknown> => Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

function spansOf(body: any): ReceivedSpan[] {
  return body.resourceSpans.flatMap((group: any) => {
    const service = String(plain(group.resource.attributes as Attributes)["service.name"]);
    return group.scopeSpans.flatMap((scope: any) =>
      scope.spans.map((span: any) => ({ service, name: span.name, traceId: span.traceId, spanId: span.spanId, parentSpanId: span.parentSpanId ?? "", attributes: plain(span.attributes as Attributes), isError: span.status?.code === 2 })),
    );
  });
}

let database: TestDatabase;
let endpoint: FakeEndpoint;
let collector: Awaited<ReturnType<typeof startCollector>>;
beforeAll(async () => {
  database = await createTestDatabase();
  endpoint = await startFakeEndpoint((request) => (request.json.input === "broken" ? { status: 400, text: "s3cr3t words" } : { json: { output: "echo" } }));
  collector = await startCollector();
});
afterAll(async () => {
  await collector.close();
  await endpoint.close();
  await database.drop();
});

describe("traces", () => {
  it("go to the collector of the standard variables: one span for each request, slice, call and metric, nested, with ids and without content", async () => {
    const deployment = new Deployment(database.url, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_EXPORTER_OTLP_HEADERS: "x-collector-key=abc" });
    try {
      const api = await deployment.startApi();
      const worker = deployment.startWorker({ OTEL_SERVICE_NAME: "our-workers" });
      await api.client.request(`mutation { createMetric(input: { name: "echoes", kind: BUILT_IN, builtIn: "starts_with", parameters: { value: "echo" } }) { id } }`);
      await api.client.request(`mutation { createTestSet(input: { name: "set", tests: [{ prompt: { content: "s3cr3t words" } }, { prompt: { content: "broken" } }], metrics: [{ name: "echoes" }] }) { id } }`);
      await api.client.request(`mutation ($url: String!) { createEndpoint(input: { name: "bot", url: $url }) { id } }`, { url: endpoint.url });
      const { executeTestSet } = await api.client.request<{ executeTestSet: { id: string } }>(`mutation { executeTestSet(input: { testSet: { name: "set" }, endpoint: { name: "bot" } }) { id } }`);
      const { id } = executeTestSet;
      await waitFor(async () => (await api.client.request<{ testRun: { status: string } }>(`query ($id: ID!) { testRun(ref: { id: $id }) { status } }`, { id })).testRun.status === "PARTIAL", { withinMs: 30_000 });
      const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
      await fetch(api.url, { method: "POST", headers: { "content-type": "application/json", authorization: `Bearer ${api.token}`, traceparent: `00-${traceId}-00f067aa0ba902b7-01`, "x-request-id": "asked-by-a-test" }, body: '{"query":"{ viewer { role } }"}' });
      expect(await worker.stop()).toBe(0);
      expect(await api.stop()).toBe(0);

      const { spans } = collector;
      const named = (name: string): ReceivedSpan[] => spans.filter((span) => span.name === name);
      expect([...collector.paths]).toEqual(["/v1/traces"]);
      expect(new Set(collector.headers)).toEqual(new Set(["abc"]));
      expect(new Set(spans.map(({ service }) => service))).toEqual(new Set(["assay-api", "our-workers"]));
      const [slice] = named("slice run-lane");
      expect(slice?.attributes).toMatchObject({ "assay.run_id": id });
      const calls = named("endpoint call");
      expect(calls.map(({ parentSpanId }) => parentSpanId)).toEqual([slice?.spanId, slice?.spanId]);
      expect(calls.map(({ isError }) => isError).sort()).toEqual([false, true]);
      expect(calls.map(({ attributes }) => Number(attributes["http.response.status_code"])).sort()).toEqual([200, 400]);
      expect(new Set(calls.map(({ attributes }) => attributes["assay.run_id"]))).toEqual(new Set([id]));
      expect(named("metric").map(({ traceId: own, attributes }) => [own, attributes["assay.metric.status"]])).toEqual([[slice?.traceId, "PASSED"]]);
      const requests = named("POST /graphql");
      expect(requests.length).toBeGreaterThanOrEqual(6);
      expect(requests.find((span) => span.traceId === traceId)).toMatchObject({ parentSpanId: "00f067aa0ba902b7", attributes: { "assay.request_id": "asked-by-a-test" } });
      expect(JSON.stringify(spans)).not.toContain("s3cr3t");
    } finally {
      await deployment.stop();
    }
  }, 120_000);

  it("are off without an endpoint, and a collector that is away harms nothing", async () => {
    const deployment = new Deployment(database.url);
    try {
      const collected = collector.spans.length;
      const off = await deployment.startApi();
      await off.client.request("{ viewer { role } }");
      expect(await off.stop()).toBe(0);
      expect(collector.spans.length).toBe(collected);
      const away = await deployment.startApi({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" });
      await away.client.request("{ viewer { role } }");
      expect(await away.stop()).toBe(0);
    } finally {
      await deployment.stop();
    }
  }, 120_000);
});
