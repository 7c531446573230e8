import { type ChildProcess, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Worker } from "../../src/execution/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { execute, givenEndpointAt, untilFinished } from "../support/execution.js";
import { type FakeEndpoint, type FakeReply, startFakeEndpoint } from "../support/fake-endpoint.js";
import { waitFor } from "../support/wait-for.js";
import { startTestWorker } from "../support/worker.js";

let app: TestApp;
let bot: FakeEndpoint;
let worker: Worker;
beforeAll(async () => {
  app = await createTestApp();
  bot = await startFakeEndpoint((request) => ({ json: { output: request.json.input } })); // says what it is told
  worker = await startTestWorker(app);
});
afterAll(async () => {
  await worker.stop(1_000);
  await app.close();
  await bot.close();
});

const RESULTS = `query ($id: ID!) { testRun(ref: { id: $id }) { status usage { judgeCalls } results(first: 50) { nodes { id status scores test { id }
  metricResults { name status score category threshold reason metadata inputTokens error { code message } } } } } }`;

async function createMetric(input: Record<string, unknown>): Promise<string> {
  const { createMetric: metric } = await app.data("mutation ($input: CreateMetricInput!) { createMetric(input: $input) { id } }", { input: { kind: "REMOTE", ...input } });
  return metric.id as string;
}

async function run(metrics: readonly string[], tests: readonly Record<string, unknown>[], more: Record<string, unknown> = {}): Promise<{ id: string; nodes: any[] }> {
  const { createTestSet } = await app.data("mutation ($input: CreateTestSetInput!) { createTestSet(input: $input) { id } }", { input: { name: `set of ${metrics.join()} ${tests.length}`, metrics: metrics.map((id) => ({ id })), tests } });
  const id = await execute(app, createTestSet, await givenEndpointAt(app, bot.url), more);
  await untilFinished(app, id, 60_000);
  const { nodes } = (await app.data(RESULTS, { id }))["testRun"].results;
  return { id, nodes };
}

/** What became of each test's only metric, by its prompt. */
function outcomes(tests: readonly { prompt: { content: string } }[], nodes: readonly any[]): Record<string, string> {
  const said = nodes.map(({ metricResults: [each] }) => (each.error === null ? each.status : `${each.status} ${each.error.code}`));
  return Object.fromEntries(tests.map(({ prompt }, index) => [prompt.content, said[index]]));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("the receiver of the README", () => {
  let receiver: ChildProcess;
  let directory: string;
  let url: string;
  beforeAll(async () => {
    const code = /```js\n(import \{ createHmac[\s\S]*?)```/.exec(await readFile("README.md", "utf8"))?.[1] ?? "";
    directory = await mkdtemp(join(tmpdir(), "assay-receiver-"));
    await writeFile(join(directory, "brief.mjs"), code);
    await waitFor(startReceiver, { what: "the receiver" });
  });
  /** Starts one, and answers whether it is there: another process may have taken the port that was free. */
  async function startReceiver(): Promise<boolean> {
    const port = await freePort();
    url = `http://127.0.0.1:${port}/brief`;
    receiver = spawn(process.execPath, [join(directory, "brief.mjs")], { env: { ...process.env, SECRET: "a long random text", PORT: String(port) }, stdio: "inherit" });
    const answers = async (): Promise<boolean> => (await fetch(url, { method: "POST", body: "{}" }).catch(() => null))?.status === 401;
    return waitFor(async () => (receiver.exitCode === null ? ((await answers()) ? { isThere: true } : null) : { isThere: false })).then(({ isThere }) => isThere);
  }

  afterAll(async () => {
    receiver.kill();
    await rm(directory, { recursive: true });
  });

  it("scores what the gateway signed, and refuses all else", async () => {
    const metric = { url, scoreType: "NUMERIC", threshold: 0.8, parameters: { words: 3 }, limits: { maxAttempts: 1 } };
    const ours = await createMetric({ ...metric, name: "brief", secret: "a long random text" });
    const { nodes } = await run([ours], [{ prompt: { content: "só três palavras" } }, { prompt: { content: "one two three four" } }]);
    expect(nodes[0]).toMatchObject({ status: "PASSED", scores: { brief: 1 }, metricResults: [{ status: "PASSED", score: 1, category: null, threshold: 0.8, reason: "It has 3 words.", inputTokens: null }] });
    expect(nodes[1]).toMatchObject({ status: "FAILED", scores: { brief: 0.75 } });
    for (const secret of [null, "another text"]) {
      const theirs = await createMetric({ ...metric, name: `brief by ${secret}`, secret });
      expect((await run([theirs], [{ prompt: { content: "a" } }])).nodes[0].metricResults[0]).toMatchObject({ status: "ERROR", error: { code: "HTTP", message: expect.stringContaining("401") } });
    }
    for (const signature of ["", "t=1", "t=x,v1=zz", `t=1,v1=${createHmac("sha256", "a long random text").update("1.{}").digest("hex")}`]) {
      expect((await fetch(url, { method: "POST", body: "{}", headers: { "assay-signature": signature } })).status).toBe(401);
    }
  });
});

describe("a REMOTE metric", () => {
  it("is posted the test, the answer and the ids, with one key over all attempts and a signature of its own for each", async () => {
    const service = await startFakeEndpoint({ json: { passed: true, reason: "fine", metadata: { model: "m" } } });
    service.answerNext({ status: 503 });
    const id = await createMetric({ name: "posted", url: `${service.url}/score?a=1`, secret: "s3cret", scoreType: "BINARY", parameters: { style: "dry" } });
    const { id: runId, nodes } = await run([id], [{ key: "k", prompt: { content: "42", expectedResponse: '{"a":1}', context: ["c"], languageCode: "en" }, metadata: { level: 1 } }]);
    expect(nodes[0].metricResults[0]).toMatchObject({ status: "PASSED", score: 1, category: "pass", reason: "fine", metadata: { model: "m" } });
    expect(service.requests).toHaveLength(2);
    const [first, second] = service.requests;
    expect(first).toMatchObject({ method: "POST", path: "/score", headers: { "content-type": "application/json", "idempotency-key": second?.headers["idempotency-key"] } });
    expect(first?.json).toMatchObject({ prompt: "42", expectedResponse: '{"a":1}', output: "42", context: ["c"], metadata: { level: 1 }, parameters: { style: "dry" }, runId, resultId: nodes[0].id, trial: 1, test: { id: nodes[0].test.id, key: "k", type: "SINGLE_TURN", languageCode: "en" } });
    for (const { headers, body } of service.requests) {
      const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(headers["assay-signature"] ?? "") ?? [];
      expect(v1).toBe(createHmac("sha256", "s3cret").update(`${t}.${body}`).digest("hex"));
      expect(body).not.toContain("s3cret");
    }
    await service.close();
  });

  it("has an error with its own code for each kind of fault, never a fail", async () => {
    const replies: Record<string, FakeReply> = {
      limited: { status: 429, headers: { "retry-after": "0" } },
      broken: { status: 500, text: "boom" },
      refused: { status: 403, text: "no" },
      redirected: { status: 302, headers: { location: "/elsewhere" } },
      cut: { cut: "at once" },
      "cut in body": { json: { score: 1, reason: "x".repeat(1000) }, cut: "in body" },
      slow: { hang: "at once" },
      "slow body": { json: { score: 1 }, hang: "in body" },
      huge: { bytes: 11 * 2 ** 20 },
      "no json": { text: "<html>" },
      "no score": { json: { reason: "who knows" } },
      "too high": { json: { score: 7 } },
      "wrong type": { json: { score: "high" } },
      fine: { json: { score: 1 } },
    };
    const service = await startFakeEndpoint((request) => replies[request.json.prompt] ?? {});
    const faulty = { url: service.url, scoreType: "NUMERIC", threshold: 0.5 };
    const [patient, hasty] = [await createMetric({ ...faulty, name: "faulty", limits: { timeoutMs: 30_000, maxAttempts: 2 } }), await createMetric({ ...faulty, name: "slow", limits: { timeoutMs: 700, maxAttempts: 2 } })];
    const [fast, slow] = [false, true].map((isSlow) => Object.keys(replies).filter((content) => content.startsWith("slow") === isSlow).map((content) => ({ prompt: { content } }))) as [{ prompt: { content: string } }[], { prompt: { content: string } }[]];
    const nodes = (await run([patient], fast)).nodes;
    expect({ ...outcomes(fast, nodes), ...outcomes(slow, (await run([hasty], slow)).nodes) }).toEqual({
      limited: "ERROR RATE_LIMIT",
      broken: "ERROR HTTP",
      refused: "ERROR HTTP",
      redirected: "ERROR HTTP",
      cut: "ERROR NETWORK",
      "cut in body": "ERROR NETWORK",
      slow: "ERROR TIMEOUT",
      "slow body": "ERROR TIMEOUT",
      huge: "ERROR MALFORMED_ANSWER",
      "no json": "ERROR MALFORMED_ANSWER",
      "no score": "INCONCLUSIVE NO_VERDICT",
      "too high": "INCONCLUSIVE OUT_OF_RANGE",
      "wrong type": "ERROR MALFORMED_ANSWER",
      fine: "PASSED",
    });
    expect(nodes.filter((node) => node.status === "FAILED")).toEqual([]);
    const attempts = (prompt: string): number => service.requests.filter((request) => request.json.prompt === prompt).length;
    expect([attempts("broken"), attempts("refused"), attempts("no json")]).toEqual([2, 1, 1]);
    await service.close();
  });

  it("keeps to its maxConcurrency over the results of a run", async () => {
    const service = await startFakeEndpoint({ json: { category: "kind" }, delayMs: 20 });
    const id = await createMetric({ name: "narrow", url: service.url, scoreType: "CATEGORICAL", categories: ["kind", "rude"], passingCategories: ["kind"], limits: { maxConcurrency: 2 } });
    const { nodes } = await run([id], Array.from({ length: 12 }, (_, index) => ({ prompt: { content: `q${index}` } })));
    expect(nodes.every((node) => node.status === "PASSED" && node.scores.narrow === "kind")).toBe(true);
    expect(service.inFlight.most).toBe(2);
    await service.close();
  });
});
