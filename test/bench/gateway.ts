// Times a run through a whole gateway process on its embedded database: npm run bench -- gateway.
import { fork } from "node:child_process";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, request } from "undici";
import type { GatewayClient } from "../../src/demo/gateway-client.js";
import { startGatewayProcess } from "../support/gateway-process.js";
import { report } from "./figures.js";

/** Tests of the set; the figures are ratios beside a limit measured in the same run, so any size will do. */
const TESTS = Number(process.env["BENCH_TESTS"] ?? "20000");
const CONCURRENCY = 100;
const DELAY_MS = 10;
const IMPORT_ROWS = 40_000;

/** Calls a second that this machine can make to the endpoint at all, with nothing behind them. */
async function bareCalls(url: string): Promise<number> {
  const dispatcher = new Agent({ connections: CONCURRENCY });
  const started = performance.now();
  let left = Math.min(TESTS, 10_000);
  const total = left;
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      while (left-- > 0) await (await request(url, { method: "POST", dispatcher, headers: { "content-type": "application/json" }, body: '{"input":"question"}' })).body.text();
    }),
  );
  await dispatcher.close();
  return total / ((performance.now() - started) / 1_000);
}

async function importTests(client: GatewayClient): Promise<void> {
  const started = performance.now();
  for (let from = 0; from < TESTS; from += IMPORT_ROWS) {
    const rows = Array.from({ length: Math.min(IMPORT_ROWS, TESTS - from) }, (_, index) => JSON.stringify({ prompt: `question ${from + index} of the set` }));
    await client.request(`mutation ($input: ImportTestsInput!) { importTests(input: $input) { created } }`, { input: { testSet: { name: "bench" }, format: "JSONL", content: rows.join("\n") } });
  }
  report({ name: "import of tests", value: Math.round(TESTS / ((performance.now() - started) / 1_000)), unit: "tests/s", limit: null });
}

async function residentMb(pid: number): Promise<number> {
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0") / 1_024);
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await act();
  return Math.round((performance.now() - started) * 10) / 10;
}

async function main(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), "assay-bench-"));
  await chmod(dataDir, 0o711); // as root the embedded server runs as another user
  const endpoint = fork("test/bench/endpoint.ts", [String(DELAY_MS)]);
  const port = await new Promise<number>((resolve) => endpoint.once("message", (message) => resolve(Number(message))));
  const url = `http://127.0.0.1:${port}/`;
  const gateway = await startGatewayProcess({ dataDir, env: { WORKER_CONCURRENCY: String(CONCURRENCY) } });
  const { client } = gateway;
  try {
    await client.request(`mutation { createMetric(input: { name: "echoes", kind: BUILT_IN, builtIn: "starts_with", parameters: { value: "echo" } }) { id } }`);
    await client.request(`mutation { createTestSet(input: { name: "bench", metrics: [{ name: "echoes" }] }) { id } }`);
    await client.request(`mutation ($url: String!, $limit: Int!) { createEndpoint(input: { name: "bench", url: $url, limits: { maxConcurrency: $limit } }) { id } }`, { url, limit: CONCURRENCY });
    await importTests(client);
    const bare = await bareCalls(url);
    let id = "";
    const answerMs = await timed(async () => {
      id = (await client.request<{ executeTestSet: { id: string } }>(`mutation { executeTestSet(input: { testSet: { name: "bench" }, endpoint: { name: "bench" } }) { id } }`)).executeTestSet.id;
    });
    report({ name: `executeTestSet of ${TESTS} tests answers`, value: answerMs, unit: "ms", limit: 300, limitName: "promise" });
    const memory: number[] = [];
    const started = performance.now();
    for await (const _event of client.subscribe(`subscription ($id: ID!) { runStatus(runId: $id) { status } }`, { id })) memory.push(await residentMb(gateway.pid));
    const rate = TESTS / ((performance.now() - started) / 1_000);
    report({ name: "tests executed, scored and stored", value: Math.round(rate), unit: "tests/s", limit: Math.round(bare), limitName: "bare calls/s" });
    report({ name: "memory at the end of the run", value: memory.at(-1) ?? 0, unit: "MB", limit: memory[Math.floor(memory.length / 2)] ?? 0, limitName: "MB in its middle" });
    const page = (filter: string): Promise<unknown> => client.request(`query ($id: ID!) { testRun(ref: { id: $id }) { results(last: 50${filter}) { nodes { id status scores output { preview } } } } }`, { id });
    await page("");
    report({ name: "last page of 50 results", value: await timed(() => page("")), unit: "ms", limit: await timed(() => client.request("{ viewer { role } }")), limitName: "ms for the smallest query" });
  } finally {
    await gateway.stop();
    endpoint.kill();
    await rm(dataDir, { recursive: true, force: true });
  }
}

await main();
