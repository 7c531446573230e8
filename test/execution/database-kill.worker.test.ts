import { chmod, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { type GatewayProcess, startGatewayProcess } from "../support/gateway-process.js";
import { randomFrom } from "../support/random.js";
import { waitFor } from "../support/wait-for.js";

const KILLS = Math.max(4, Math.ceil(Number(process.env["KILLS"] ?? "0") / 5));
const SEED = Number(process.env["KILL_SEED"] ?? String(Date.now() % 1_000_000));
const TESTS = 120 + KILLS * 60;
const LIMIT = 6;

let endpoint: FakeEndpoint;
let dataDir: string;
let gateway: GatewayProcess;
beforeAll(async () => {
  endpoint = await startFakeEndpoint((request) => ({ json: { output: `echo ${request.json.input as string}` }, delayMs: 40 }));
  dataDir = await mkdtemp(join(tmpdir(), "assay-kills-"));
  await chmod(dataDir, 0o711); // as root the embedded server runs as another user
  gateway = await startGatewayProcess({ dataDir });
}, 120_000);
afterAll(async () => {
  await gateway.stop();
  await endpoint.close();
  await rm(dataDir, { recursive: true, force: true });
});

/** The process id of the embedded PostgreSQL: the first line of the postmaster.pid that lies in its data folder. */
async function postmasterPid(): Promise<number | null> {
  const files = (await readdir(dataDir, { recursive: true })).filter((path) => path.endsWith("postmaster.pid"));
  const texts = await Promise.all(files.map((path) => readFile(join(dataDir, path), "utf8").catch(() => "")));
  const pid = Number(texts[0]?.split("\n")[0]);
  return Number.isInteger(pid) && pid > 0 ? pid : null;
}

interface Snapshot {
  readonly status: string;
  readonly progress: { readonly total: number; readonly finished: number; readonly passed: number; readonly failed: number; readonly errored: number };
}
const SNAPSHOT = `query ($id: ID!) { testRun(ref: { id: $id }) { status progress { total finished passed failed errored } } }`;

/** The run as the gateway shows it; null while its database is away. */
async function snapshot(id: string): Promise<Snapshot | null> {
  return gateway.client.request<{ testRun: Snapshot }>(SNAPSHOT, { id }).then(
    ({ testRun }) => testRun,
    () => null,
  );
}

async function startRun(): Promise<string> {
  const { client } = gateway;
  await client.request(`mutation { createMetric(input: { name: "echoes", kind: BUILT_IN, builtIn: "starts_with", parameters: { value: "echo" } }) { id } }`);
  await client.request(`mutation ($tests: [TestInput!]!) { createTestSet(input: { name: "set", tests: $tests, metrics: [{ name: "echoes" }] }) { id } }`, {
    tests: Array.from({ length: TESTS }, (_, index) => ({ prompt: { content: `question ${index}` } })),
  });
  await client.request(`mutation ($url: String!, $limit: Int!) { createEndpoint(input: { name: "bot", url: $url, limits: { maxConcurrency: $limit } }) { id } }`, { url: endpoint.url, limit: LIMIT });
  return (await client.request<{ executeTestSet: { id: string } }>(`mutation { executeTestSet(input: { testSet: { name: "set" }, endpoint: { name: "bot" } }) { id } }`)).executeTestSet.id;
}

it(`kills of the embedded PostgreSQL and of the gateway itself lose nothing and double nothing (KILL_SEED=${SEED}, ${KILLS} kills)`, async () => {
  const random = randomFrom(SEED);
  const id = await startRun();
  await waitFor(() => endpoint.requests.length > 20, { withinMs: 30_000 });
  for (let kill = 0; kill < KILLS; kill += 1) {
    await delay(random() * 400);
    if (kill % 4 === 3) {
      expect(await gateway.stop("SIGKILL")).toBeNull();
      gateway = await startGatewayProcess({ dataDir });
    } else {
      const pid = await waitFor(postmasterPid, { what: "the server's process id" });
      process.kill(pid, "SIGKILL");
      await waitFor(async () => ((await postmasterPid()) ?? pid) !== pid, { withinMs: 30_000, what: "another server" });
    }
    const before = await waitFor(() => snapshot(id), { withinMs: 30_000, what: "the gateway to answer again" });
    if (before.progress.finished < TESTS) await waitFor(async () => ((await snapshot(id))?.progress.finished ?? 0) > before.progress.finished, { withinMs: 30_000, what: "the run to go on" });
  }
  await waitFor(async () => (await snapshot(id))?.status === "COMPLETED", { withinMs: 60_000, what: "the run to end" });
  expect((await snapshot(id))?.progress).toMatchObject({ total: TESTS, finished: TESTS, passed: TESTS, failed: 0, errored: 0 });

  // The sequence of finished results is gapless: a reader from the start gets each once.
  const finished: string[] = [];
  for await (const { runStatus } of gateway.client.subscribe<{ runStatus: { finishedResults: { id: string }[] } }>(`subscription ($id: ID!) { runStatus(runId: $id) { finishedResults { id } hasMore cursor } }`, { id })) finished.push(...runStatus.finishedResults.map((result) => result.id));
  expect([finished.length, new Set(finished).size]).toEqual([TESTS, TESTS]);
  const calls = Map.groupBy(endpoint.requests, (request) => request.headers["idempotency-key"] ?? "");
  expect([...calls.keys()].sort()).toEqual([...finished].sort());
  // What was in flight at a kill of the gateway, and what no database was there to take.
  const repeated = endpoint.requests.length - TESTS;
  expect(repeated).toBeLessThanOrEqual(KILLS * (LIMIT + 100));
}, 240_000);
