// A run of a million tests: MILLION_TESTS=1000000 node --import ./src/bin/build-if-stale.mjs --import tsx test/bench/million-run.ts
// API and worker are processes of their own over one database (TEST_DATABASE_URL, else the embedded one of a temporary
// folder), so that the memory of each can be seen. Prints JSON lines; not part of CI.
import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import pg from "pg";
import { Agent, request } from "undici";
import { migrateDatabase } from "../../src/app/storage.js";
import { openEmbeddedDatabase } from "../../src/db/embedded/index.js";
import type { GatewayClient } from "../../src/demo/gateway-client.js";
import { createLogger } from "../../src/log.js";
import { Deployment } from "../support/processes.js";

const TESTS = Number(process.env["MILLION_TESTS"] ?? "1000000");
/** So many verdicts are waited for before the run is cancelled; all of them unless told otherwise. */
const UNTIL = Number(process.env["MILLION_UNTIL"] ?? String(TESTS));
/** The default of WORKER_CONCURRENCY. */
const CONCURRENCY = 64;
const SAMPLE_MS = 5_000;

const report = (figure: Record<string, unknown>): void => void process.stdout.write(`${JSON.stringify(figure)}\n`);
const since = (started: number): number => Math.round(performance.now() - started);

async function residentMb(pid: number | undefined): Promise<number> {
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0") / 1_024);
}

/** The tests as a file of JSON lines, made as it is read. */
async function* rows(): AsyncGenerator<string> {
  for (let from = 0; from < TESTS; from += 1_000) yield Array.from({ length: Math.min(1_000, TESTS - from) }, (_, index) => `{"prompt":"question ${from + index} of the set"}\n`).join("");
}

async function timed<V>(act: () => Promise<V>): Promise<[number, V]> {
  const started = performance.now();
  const value = await act();
  return [Math.round((performance.now() - started) * 10) / 10, value];
}

/** The middle of so many timings: one alone is noise. */
async function middle(act: () => Promise<unknown>, times = 9): Promise<number> {
  const all: number[] = [];
  for (let each = 0; each < times; each += 1) all.push((await timed(act))[0]);
  return all.sort((one, other) => one - other)[times >> 1] ?? 0;
}

/** A database of its own, and how to drop it. */
async function openDatabase(): Promise<{ url: string; drop: () => Promise<void> }> {
  const given = process.env["TEST_DATABASE_URL"];
  if (given === undefined || given === "") {
    const dataDir = await mkdtemp(join(tmpdir(), "assay-million-"));
    await chmod(dataDir, 0o711); // as root the embedded server runs as another user
    const embedded = await openEmbeddedDatabase({ dataDir });
    return { url: embedded.url, drop: () => embedded.close().then(() => rm(dataDir, { recursive: true, force: true })) };
  }
  const name = `assay_million_${randomBytes(4).toString("hex")}`;
  const administer = async (statement: string): Promise<void> => {
    const client = new pg.Client({ connectionString: given });
    await client.connect();
    await client.query(statement);
    await client.end();
  };
  await administer(`create database ${name}`);
  const url = new URL(given);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => administer(`drop database ${name} with (force)`) };
}

interface Progress {
  readonly status: string;
  readonly startedAt: string | null;
  readonly progress: { readonly finished: number };
}

async function measureReads(client: GatewayClient, what: string, id: string): Promise<void> {
  const page = (order: string): Promise<unknown> => client.request(`query ($id: ID!) { testRun(ref: { id: $id }) { results(${order}) { nodes { id status scores output { preview } } } } }`, { id });
  report({ what: `${what}: first page, last page, counters, in ms`, first: await middle(() => page("first: 50")), last: await middle(() => page("last: 50")), counters: await middle(() => client.request(`query ($id: ID!) { testRun(ref: { id: $id }) { status passRate coverage progress { total finished passed failed errored running pending } } }`, { id })) });
}

async function main(): Promise<void> {
  const database = await openDatabase();
  await migrateDatabase(database.url, createLogger({ level: "warn", service: "bench" }));
  const endpoint = fork("test/bench/endpoint.ts", ["5"]);
  const endpointUrl = `http://127.0.0.1:${await new Promise<number>((resolve) => endpoint.once("message", (message) => resolve(Number(message))))}/`;
  const deployment = new Deployment(database.url, { WORKER_CONCURRENCY: String(CONCURRENCY) });
  try {
    const api = await deployment.startApi();
    const worker = deployment.startWorker();
    await measure(api.client, { apiUrl: api.url, token: api.token, endpointUrl, api: api.pid, worker: worker.child });
  } finally {
    await deployment.stop();
    endpoint.kill();
    await database.drop();
  }
}

/** Streams the tests in. The answer comes when all are stored, which may take longer than a client waits by default. */
async function importTests(at: { apiUrl: string; token: string }): Promise<void> {
  const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0 });
  const { statusCode, body } = await request(at.apiUrl.replace("/graphql", "/test-sets/import?testSet=million&format=JSONL"), { dispatcher, method: "POST", headers: { authorization: `Bearer ${at.token}` }, body: Readable.from(rows()) });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(text);
  await dispatcher.close();
}

async function measure(client: GatewayClient, at: { apiUrl: string; token: string; endpointUrl: string; api: number; worker: ChildProcess }): Promise<void> {
  await client.request(`mutation { createMetric(input: { name: "echoes", kind: BUILT_IN, builtIn: "starts_with", parameters: { value: "echo" } }) { id } }`);
  await client.request(`mutation { createTestSet(input: { name: "million", metrics: [{ name: "echoes" }] }) { id } }`);
  await client.request(`mutation { createTestSet(input: { name: "small", metrics: [{ name: "echoes" }], tests: [${Array.from({ length: 20 }, (_, index) => `{ prompt: { content: "q${index}" } }`).join(",")}] }) { id } }`);
  await client.request(`mutation ($url: String!, $limit: Int!) { createEndpoint(input: { name: "bench", url: $url, limits: { maxConcurrency: $limit } }) { id } }`, { url: at.endpointUrl, limit: CONCURRENCY });
  const [importMs] = await timed(() => importTests(at));
  report({ what: "import", tests: TESTS, seconds: Math.round(importMs / 1_000), testsPerSecond: Math.round(TESTS / (importMs / 1_000)) });

  const execute = (name: string): Promise<string> => client.request<{ executeTestSet: { id: string } }>(`mutation ($name: String!) { executeTestSet(input: { testSet: { name: $name }, endpoint: { name: "bench" } }) { id } }`, { name }).then((data) => data.executeTestSet.id);
  const state = (id: string): Promise<Progress> => client.request<{ testRun: Progress }>(`query ($id: ID!) { testRun(ref: { id: $id }) { status startedAt progress { finished } } }`, { id }).then((data) => data.testRun);
  const untilFinished = async (id: string, count: number): Promise<void> => {
    while ((await state(id)).progress.finished < count) await new Promise((resolve) => setTimeout(resolve, 50));
  };
  const alone = await timed(async () => untilFinished(await execute("small"), 20));

  const started = performance.now();
  const [answerMs, id] = await timed(() => execute("million"));
  while ((await state(id)).startedAt === null) await new Promise((resolve) => setTimeout(resolve, 20));
  report({ what: "executeTestSet", answerMs, startedMs: since(started) });
  await measureReads(client, "just started", id);
  const beside = await timed(async () => untilFinished(await execute("small"), 20));
  report({ what: "a run of 20 tests, in ms", alone: alone[0], besideTheMillion: beside[0] });

  let { finished } = (await state(id)).progress;
  for (let last = finished, at0 = performance.now(); finished < UNTIL; ) {
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    ({ finished } = (await state(id)).progress);
    report({ what: "memory", finished, apiMb: await residentMb(at.api), workerMb: await residentMb(at.worker.pid), testsPerSecond: Math.round(((finished - last) * 1_000) / (performance.now() - at0)) });
    [last, at0] = [finished, performance.now()];
  }
  report({ what: "verdicts", finished, seconds: Math.round(since(started) / 1_000), testsPerSecond: Math.round((finished * 1_000) / since(started)) });
  await measureReads(client, "after these", id);
  if (UNTIL >= TESTS) return;
  const cancelled = await timed(async () => {
    await client.request("mutation ($id: ID!) { cancelTestRun(id: $id) { status } }", { id });
    while ((await state(id)).status !== "CANCELLED") await new Promise((resolve) => setTimeout(resolve, 20));
  });
  report({ what: "cancel, until CANCELLED", ms: cancelled[0] });
}

await main();
