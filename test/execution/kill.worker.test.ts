import { readdir, readFile, readlink } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createTestDatabase, keepOnFailure, type TestDatabase } from "../support/database.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import type { GatewayProcess } from "../support/gateway-process.js";
import { Deployment, type WorkerProcess } from "../support/processes.js";
import { randomFrom } from "../support/random.js";
import { waitFor } from "../support/wait-for.js";
import { expectComplete, expectConsistent, untilComplete } from "./run-invariants.js";

/** More of both by the environment: KILLS=200 npx vitest run … test/execution/kill. */
const KILLS = Number(process.env["KILLS"] ?? "10");
const SEED = Number(process.env["KILL_SEED"] ?? String(Date.now() % 1_000_000));
/** Enough for the run to last as long as the kills. */
const TESTS = 60 + KILLS * 100;
const LIMIT = 4;
const RECOVERY_MS = 5_000;
/** How long a judgement takes. */
const JUDGE_MS = 150;

/** A remote metric that takes its time, so that kills fall between "answer stored" and "verdict written". */
interface SlowMetric {
  readonly url: string;
  /** When each result was asked about; `cutAt` where the asker was gone before the answer. */
  readonly asked: { readonly resultId: string; readonly at: number; cutAt: number | null }[];
  /** Resolves at the next request, with the port that it came from. */
  next(): Promise<number>;
  close(): Promise<void>;
}

async function startSlowMetric(): Promise<SlowMetric> {
  const asked: SlowMetric["asked"] = [];
  const waiting: ((port: number) => void)[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("error", () => undefined); // the asker may be killed at any moment
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { resultId } = JSON.parse(Buffer.concat(chunks).toString()) as { resultId: string };
      const entry = { resultId, at: Date.now(), cutAt: null as number | null };
      asked.push(entry);
      response.on("close", () => {
        if (!response.writableFinished) entry.cutAt = Date.now();
      });
      for (const resolve of waiting.splice(0)) resolve(request.socket.remotePort ?? 0);
      setTimeout(() => response.writeHead(200, { "content-type": "application/json" }).end('{"passed":true,"reason":"looks right"}'), JUDGE_MS);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/judge`,
    asked,
    next: () => new Promise((resolve) => waiting.push(resolve)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Whether the process holds the connection from that local port. */
async function holdsPort(pid: number, port: number): Promise<boolean> {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  const line = (await readFile("/proc/net/tcp", "utf8")).split("\n").map((each) => each.trim().split(/\s+/)).find((fields) => fields[1]?.endsWith(`:${hex}`) === true);
  const links = await Promise.all((await readdir(`/proc/${pid}/fd`).catch(() => [])).map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => "")));
  return line?.[9] !== undefined && links.includes(`socket:[${line[9]}]`);
}

let database: TestDatabase;
let deployment: Deployment;
let endpoint: FakeEndpoint;
let metric: SlowMetric;
beforeAll(async () => {
  database = await createTestDatabase();
  deployment = new Deployment(database.url);
  endpoint = await startFakeEndpoint((request) => ({ json: { output: `echo ${request.json.input as string}` }, delayMs: 120 }));
  metric = await startSlowMetric();
});
afterAll(async () => {
  await deployment.stop();
  await Promise.all([endpoint.close(), metric.close()]);
  await database.drop();
});

async function startRun(api: GatewayProcess): Promise<string> {
  const { client } = api;
  await client.request(`mutation ($url: String!) { createMetric(input: { name: "slow", kind: REMOTE, url: $url, scoreType: BINARY, limits: { maxConcurrency: 20 } }) { id } }`, { url: metric.url });
  await client.request(`mutation { createTestSet(input: { name: "set", metrics: [{ name: "slow" }] }) { id } }`);
  for (let from = 0; from < TESTS; from += 500) {
    await client.request(`mutation ($tests: [TestInput!]!) { addTests(testSet: { name: "set" }, tests: $tests) { id } }`, {
      tests: Array.from({ length: Math.min(500, TESTS - from) }, (_, index) => ({ prompt: { content: `question ${from + index}` } })),
    });
  }
  await client.request(`mutation ($url: String!, $limit: Int!) { createEndpoint(input: { name: "bot", url: $url, limits: { maxConcurrency: $limit } }) { id } }`, { url: endpoint.url, limit: LIMIT });
  return (await client.request<{ executeTestSet: { id: string } }>(`mutation { executeTestSet(input: { testSet: { name: "set" }, endpoint: { name: "bot" } }) { id } }`)).executeTestSet.id;
}

const requested = (): string[] => endpoint.requests.map((request) => request.headers["idempotency-key"] ?? "");

/** The results whose answer is stored, by the ids that they were called with. */
async function storedIds(api: GatewayProcess, runId: string): Promise<ReadonlySet<string>> {
  const stored = await database.pool.query<{ ordinal: number }>("select ordinal from test_outputs where run_id = $1", [runId]);
  const ordinals = new Set(stored.rows.map(({ ordinal }) => ordinal));
  const ids = await idsByOrdinal(api, runId);
  return new Set([...ids].filter(([ordinal]) => ordinals.has(ordinal)).map(([, id]) => id));
}

/** The port of whoever asks for a judgement next. */
async function nextJudgement(): Promise<number> {
  const port = await Promise.race([metric.next(), delay(30_000, null, { ref: false })]);
  if (port === null) throw new Error("Nothing is judged any more: the run ended before the kills did.");
  return port;
}

async function bothAlive(): Promise<void> {
  const sessions = "select count(*)::int as alive from pg_stat_activity where datname = current_database() and application_name = 'assay-worker-session'";
  await waitFor(async () => (await database.pool.query<{ alive: number }>(sessions)).rows[0]?.alive === 2, { withinMs: 60_000, what: "two workers" });
}

interface ResultPage {
  readonly testRun: { readonly results: { readonly nodes: readonly { readonly id: string; readonly position: number }[]; readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string } } };
}
let known: Map<number, string> | null = null;
/** Each planned result's id, whether it has a row or not. */
async function idsByOrdinal(api: GatewayProcess, runId: string): Promise<Map<number, string>> {
  if (known !== null) return known;
  const ids = new Map<number, string>();
  let after: string | null = null;
  do {
    const { testRun }: ResultPage = await api.client.request<ResultPage>(
      `query ($id: ID!, $after: String) { testRun(ref: { id: $id }) { results(first: 200, after: $after) { nodes { id position } pageInfo { hasNextPage endCursor } } } }`,
      { id: runId, after },
    );
    for (const { id, position } of testRun.results.nodes) ids.set(position, id);
    after = testRun.results.pageInfo.hasNextPage ? testRun.results.pageInfo.endCursor : null;
  } while (after !== null);
  known = ids;
  return ids;
}

it(`kills of workers at any point lose nothing and double nothing (KILL_SEED=${SEED} KILLS=${KILLS})`, async () => {
  keepOnFailure(database);
  const random = randomFrom(SEED);
  const api = await deployment.startApi();
  const workers: [WorkerProcess, WorkerProcess] = [deployment.startWorker(), deployment.startWorker()];
  await bothAlive();
  const runId = await startRun(api);
  await waitFor(() => metric.asked.length > 20, { withinMs: 30_000, what: "the first judgements" });

  /** How often each result may have been called before its answer was stored: once, and once for each kill at which it was not. */
  const mayBeRepeated = new Map<string, number>();
  let killsWhileJudging = 0;
  const recoveries: number[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    let victim: 0 | 1 = random() < 0.5 ? 0 : 1;
    // Every other kill hits who has just stored an answer and begun to have it judged, the rest anyone anywhere.
    if (kill % 2 === 0) victim = (await holdsPort(workers[0].child.pid ?? 0, await nextJudgement())) ? 0 : 1;
    await delay(random() * (kill % 2 === 0 ? JUDGE_MS / 2 : 400));
    const before = new Set(requested());
    const killedAt = Date.now();
    await workers[victim].stop("SIGKILL");
    await delay(20); // what the dead one sent last is read by now
    for (const id of requested()) before.add(id);
    const stored = await storedIds(api, runId);
    for (const id of before) if (!stored.has(id)) mayBeRepeated.set(id, (mayBeRepeated.get(id) ?? 0) + 1);
    await expectConsistent(database.pool, runId);

    await delay(30); // the sockets of the dead are closed by now
    const cut = metric.asked.filter((entry) => entry.cutAt !== null && entry.cutAt >= killedAt);
    if (cut.length > 0) killsWhileJudging += 1;
    // What was being judged has its answer, and is judged again by whoever is alive, within five seconds.
    for (const { resultId } of cut) {
      expect(stored.has(resultId)).toBe(true);
      const again = await waitFor(() => metric.asked.find((entry) => entry.resultId === resultId && entry.at > killedAt), { withinMs: 20_000, what: `result ${resultId} to be judged again` });
      recoveries.push(again.at - killedAt);
    }
    workers[victim] = deployment.startWorker();
    await bothAlive(); // else the next kill might leave nobody
  }
  expect(killsWhileJudging).toBeGreaterThan(0);
  recoveries.sort((one, other) => one - other);
  // The middle one: on a machine that is busy with other tests one may take longer.
  expect(recoveries[recoveries.length >> 1]).toBeLessThanOrEqual(RECOVERY_MS);

  await untilComplete(database.pool, runId);
  await expectComplete(database.pool, runId, 1);
  const calls = Map.groupBy(requested(), (id) => id);
  expect(calls.size).toBe(TESTS);
  const tooOften = [...calls].filter(([id, times]) => times.length > 1 + (mayBeRepeated.get(id) ?? 0)).map(([id, times]) => ({ id, calls: times.length, allowed: 1 + (mayBeRepeated.get(id) ?? 0) }));
  expect(tooOften).toEqual([]);
  expect(endpoint.inFlight.most).toBeLessThanOrEqual(LIMIT);
  // A call is in flight until its answer is stored, and of those there are never more than the endpoint's limit.
  const repeated = [...calls.values()].reduce((sum, times) => sum + times.length - 1, 0);
  expect(repeated).toBeLessThanOrEqual(KILLS * LIMIT);
  process.stderr.write(`${KILLS} kills, ${killsWhileJudging} of them between an answer and its verdict; ${repeated} calls repeated; judged again within ${recoveries[recoveries.length >> 1]} ms, ${recoveries.at(-1)} ms at the most\n`);
}, 60_000 + KILLS * 10_000);
