import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { type GatewayProcess, startGatewayProcess } from "../support/gateway-process.js";
import { waitFor } from "../support/wait-for.js";

const TESTS = 600;
/** So many calls may be in flight, and so many may be asked for again. */
const LIMIT = 10;

let endpoint: FakeEndpoint;
let dataDir: string;
let gateway: GatewayProcess | undefined;
beforeAll(async () => {
  endpoint = await startFakeEndpoint(async (request) => ({ json: { output: `echo ${request.json.input as string}` }, delayMs: 20 }));
  dataDir = await mkdtemp(join(tmpdir(), "assay-crash-"));
  await chmod(dataDir, 0o711); // as root the embedded server runs as another user
});
afterAll(async () => {
  await gateway?.stop();
  await endpoint.close();
  await rm(dataDir, { recursive: true, force: true });
});

interface Snapshot {
  readonly testRun: { readonly status: string; readonly progress: { readonly finished: number; readonly passed: number; readonly failed: number; readonly errored: number; readonly total: number } };
}
const SNAPSHOT = `query ($id: ID!) { testRun(ref: { id: $id }) { status progress { total finished passed failed errored } } }`;

it("a gateway killed in mid-run goes on within 5 s of its restart; every result gets one verdict and no stored answer is asked for again", async () => {
  gateway = await startGatewayProcess({ dataDir });
  const { client } = gateway;
  await client.request(`mutation { createMetric(input: { name: "echoes", kind: BUILT_IN, builtIn: "starts_with", parameters: { value: "echo" } }) { id } }`);
  await client.request(`mutation ($tests: [TestInput!]!) { createTestSet(input: { name: "set", tests: $tests, metrics: [{ name: "echoes" }] }) { id } }`, {
    tests: Array.from({ length: TESTS }, (_, index) => ({ prompt: { content: `question ${index}` } })),
  });
  await client.request(`mutation ($url: String!, $limit: Int!) { createEndpoint(input: { name: "bot", url: $url, limits: { maxConcurrency: $limit } }) { id } }`, { url: endpoint.url, limit: LIMIT });
  const { executeTestSet } = await client.request<{ executeTestSet: { id: string } }>(`mutation { executeTestSet(input: { testSet: { name: "set" }, endpoint: { name: "bot" } }) { id } }`);
  const { id } = executeTestSet;

  await waitFor(async () => (await client.request<Snapshot>(SNAPSHOT, { id })).testRun.progress.finished > TESTS / 4);
  const stored = await client.request<{ testResults: { nodes: { id: string }[] } }>(`query ($id: ID!) { testResults(filter: { runId: $id, status: [PASSED] }, first: 200) { nodes { id } } }`, { id });
  expect(await gateway.stop("SIGKILL")).toBeNull();

  gateway = await startGatewayProcess({ dataDir });
  const restarted = gateway.client;
  const before = (await restarted.request<Snapshot>(SNAPSHOT, { id })).testRun.progress.finished;
  expect(before).toBeLessThan(TESTS);
  await waitFor(async () => (await restarted.request<Snapshot>(SNAPSHOT, { id })).testRun.progress.finished > before, { withinMs: 5_000, what: "the run to go on" });
  await waitFor(async () => (await restarted.request<Snapshot>(SNAPSHOT, { id })).testRun.status === "COMPLETED", { withinMs: 30_000, what: "the run to end" });

  const { testRun } = await restarted.request<Snapshot>(SNAPSHOT, { id });
  expect(testRun.progress).toMatchObject({ total: TESTS, finished: TESTS, passed: TESTS, failed: 0, errored: 0 });
  const calls = Map.groupBy(endpoint.requests, (request) => request.headers["idempotency-key"] ?? "");
  expect(calls.size).toBe(TESTS);
  for (const result of stored.testResults.nodes) expect(calls.get(result.id)?.length).toBe(1);
  const repeated = [...calls.values()].filter((requests) => requests.length > 1);
  expect(repeated.length).toBeLessThanOrEqual(LIMIT);
}, 120_000);
