import { once } from "node:events";
import { lstat, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { runExecute } from "../../src/app/execute-run.js";
import type { Worker } from "../../src/execution/index.js";
import type { GatewayServer } from "../../src/http/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenEndpointAt, givenTests, readRun, untilFinished } from "../support/execution.js";
import { type FakeEndpoint, startFakeEndpoint } from "../support/fake-endpoint.js";
import { spawnProcess } from "../support/gateway-process.js";
import { ADMIN_TOKEN, startTestServer } from "../support/server.js";
import { waitFor } from "../support/wait-for.js";
import { startTestWorker } from "../support/worker.js";

let app: TestApp;
let server: GatewayServer;
let bot: FakeEndpoint;
let worker: Worker;
let folder: string;
beforeAll(async () => {
  app = await createTestApp();
  server = await startTestServer(app);
  bot = await startFakeEndpoint();
  worker = await startTestWorker(app);
  folder = await mkdtemp(join(tmpdir(), "assay-execute-test-"));
});
afterEach(() => {
  bot.clear();
  bot.answer((request) => ({ json: { output: `echo: ${request.json.input as string}` } }));
});
afterAll(async () => {
  await server.close(0);
  await worker.stop(1_000);
  await app.close();
  await bot.close();
  await rm(folder, { recursive: true });
});

interface Execution {
  readonly written: { out: string; err: string };
  readonly interrupt: AbortController;
  readonly code: Promise<number>;
}

function executing(args: readonly string[], { url = server.url, ...terminal }: { isTerminal?: boolean; columns?: number; url?: string } = {}): Execution {
  const written = { out: "", err: "" };
  const interrupt = new AbortController();
  const output = { out: (text: string) => void (written.out += text), err: (text: string) => void (written.err += text), isTerminal: false, ...terminal };
  return { written, interrupt, code: runExecute(args, { ASSAY_URL: url, ASSAY_TOKEN: ADMIN_TOKEN }, output, interrupt.signal) };
}

/** A set and an endpoint as options. */
async function given(tests = 6): Promise<string[]> {
  return ["--test-set", (await givenTests(app, { tests })).name, "--endpoint", (await givenEndpointAt(app, bot.url)).name];
}

function runIdOf({ written }: Execution): string {
  return /\(([0-9a-f-]{36})\)\n/.exec(written.err)?.[1] ?? "";
}

const answerHalf = (): void => bot.answer((request) => ({ json: { output: Number(/\d+/.exec(request.json.input as string)?.[0]) % 2 === 0 ? "echo" : "no" } }));

/** Holds all answers back until then. */
function answerWhenReleased(): { release: () => void } {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  bot.answer(async (request) => {
    await released;
    return { json: { output: `echo: ${request.json.input as string}` } };
  });
  return { release };
}

/** A way to a port that can be blocked: connections break, and new ones are refused. */
async function startWay(port: number): Promise<{ url: string; refused: () => number; block: () => void; unblock: () => void; close: () => void }> {
  const sockets = new Set<Socket>();
  let [isBlocked, refused] = [false, 0];
  const way = createServer((client) => {
    if (isBlocked) {
      refused += 1;
      return void client.destroy();
    }
    const upstream = connect(port, "127.0.0.1");
    for (const [socket, other] of [[client, upstream], [upstream, client]] as const) {
      sockets.add(socket);
      socket.on("error", () => undefined); // a broken connection is what this is for
      socket.on("close", () => other.destroy());
    }
    client.pipe(upstream).pipe(client);
  }); // prettier-ignore
  const breakAll = (): void => sockets.forEach((socket) => socket.destroy());
  await new Promise<void>((resolve) => way.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(way.address() as AddressInfo).port}`,
    refused: () => refused,
    block: () => {
      isBlocked = true;
      breakAll();
    },
    unblock: () => void (isBlocked = false),
    close: () => {
      way.close();
      breakAll();
    },
  };
}

describe("npm run execute", () => {
  it("starts a run, shows its progress on plain lines and tells what came of it", async () => {
    const execution = executing([...(await given()), "--name", "From a shell", "--tag", "ci", "--tag", "main", "--trials", "2"]);
    expect(await execution.code).toBe(0);
    expect(execution.written.out).toBe("From a shell: COMPLETED, 12 passed, 0 failed, 0 errors; pass rate 100.0 %, coverage 100.0 %\n");
    expect(execution.written.err).toMatch(/^From a shell \([0-9a-f-]{36}\)\n(.*\n)*█{24} 100 % {2}12\/12 {2}12 passed, 0 failed, 0 errors, 0 in work {2}COMPLETED\n$/);
    expect(await app.data("query ($id: ID!) { testRun(ref: { id: $id }) { tags trials } }", { id: runIdOf(execution) })).toEqual({ testRun: { tags: ["ci", "main"], trials: 2 } });
  });

  it("writes over one line on a terminal", async () => {
    const execution = executing(await given(), { isTerminal: true });
    expect(await execution.code).toBe(0);
    const bars = execution.written.err.split("\r\u001B[2K").slice(1);
    expect(bars.length).toBeGreaterThan(0);
    expect(bars.at(-1)).toMatch(/^█{24} 100 % .* COMPLETED\n$/);
  });

  it.each([
    [80, /^█{8,22} 100 % {2}6\/6 {2}6 passed, 0 failed, 0 errors, 0 in work {2}COMPLETED\n$/],
    [40, /^ 100 % {2}6\/6 {2}6 passed, 0 failed, 0 erro\n$/],
  ])("keeps to one line of a terminal of %i columns", async (columns, last) => {
    const execution = executing(await given(), { isTerminal: true, columns });
    expect(await execution.code).toBe(0);
    const lines = execution.written.err.split("\r\u001B[2K").slice(1);
    expect(lines.filter((line) => line.trimEnd().length >= columns)).toEqual([]);
    expect(lines.at(-1)).toMatch(last);
  });

  it("goes on when the gateway is back that nobody reached for a while", async () => {
    const { release } = answerWhenReleased();
    const way = await startWay(Number(new URL(server.url).port));
    const execution = executing(await given(2), { url: way.url });
    await waitFor(() => execution.written.err.includes("0/2"), { what: "the first line of progress" });
    way.block();
    await waitFor(() => way.refused() > 0, { what: "an attempt to reach the gateway" });
    way.unblock();
    release();
    expect([await execution.code, execution.written.out]).toEqual([0, expect.stringContaining("COMPLETED, 2 passed")]);
    way.close();
  });

  it("holds the run against limits", async () => {
    answerHalf();
    const args = await given();
    const met = executing([...args, "--gate", "--min-pass-rate", "0.5"]);
    expect(await met.code).toBe(0);
    expect(met.written.out).toMatch(/pass rate 50\.0 %, coverage 100\.0 %\n✓ minPassRate {2}50 % \(at least 50 %\)\nGate met by .*\.\n$/);
    const missed = executing([...args, "--min-pass-rate", "0.6", "--baseline", runIdOf(met), "--max-regressions", "0"]);
    expect(await missed.code).toBe(1);
    expect(missed.written.out).toMatch(/✗ minPassRate .*\n✓ maxRegressions .*\nGate not met by /);
  });

  it("takes the baseline that was there before, also by the name that the run itself gets", async () => {
    const args = [...(await given(2)), "--name", "Every night"];
    expect(await executing(args).code).toBe(0);
    answerHalf();
    const second = executing([...args, "--baseline", "every night", "--max-regressions", "0"]);
    expect(await second.code).toBe(1);
    expect(second.written.out).toContain("✗ maxRegressions  1 regressed (at most 0 regressed)");
  });

  it("without limits ends with 1 where tests got no verdict, and with limits that need one with 2", async () => {
    bot.answer({ status: 400, json: {} });
    const args = await given(2);
    const failed = executing(args);
    expect(await failed.code).toBe(1);
    expect(failed.written.out).toContain("FAILED, 0 passed, 0 failed, 2 errors; pass rate unknown, coverage 0.0 %");
    expect(await executing([...args, "--min-pass-rate", "0"]).code).toBe(2);
  });

  it("saves the results as JUnit XML, whether the gate is met or not", async () => {
    answerHalf();
    const file = join(folder, "results.xml");
    const execution = executing([...(await given()), "--junit", file, "--min-pass-rate", "1"]);
    expect(await execution.code).toBe(1);
    const xml = await readFile(file, "utf8");
    expect(xml.match(/<testcase /g)).toHaveLength(6);
    expect(xml.match(/<failure/g)).toHaveLength(3);
    expect(execution.written.err).toContain(`Results: ${file}\n`);
    expect(await readdir(folder)).toEqual(["results.xml"]);
  });

  it("writes to what is no plain file rather than in its place", async () => {
    const [file, link] = [join(folder, "linked.xml"), join(folder, "link.xml")];
    await symlink(file, link);
    expect(await executing([...(await given(1)), "--junit", link]).code).toBe(0);
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect(await readFile(file, "utf8")).toMatch(/<\/testsuites>\s*$/);
  });

  it("ends with 2 where the file cannot be written, and names the run", async () => {
    const execution = executing([...(await given(1)), "--junit", join(folder, "nowhere", "results.xml")]);
    expect(await execution.code).toBe(2);
    expect(execution.written.err).toMatch(new RegExp(`The run ${runIdOf(execution)} was started, but: .*results.xml could not be written .*ENOENT`));
  });

  it("on Ctrl+C leaves the run going and says how to come back to it", async () => {
    const { release } = answerWhenReleased();
    const execution = executing(await given(3));
    await waitFor(() => execution.written.err.includes("0/3"), { what: "the first line of progress" });
    execution.interrupt.abort();
    expect(await execution.code).toBe(130);
    expect(execution.written.err).toContain(`The run ${runIdOf(execution)} goes on.`);
    expect((await readRun(app, runIdOf(execution))).finishedAt).toBeNull();
    release();
    expect((await untilFinished(app, runIdOf(execution))).status).toBe("COMPLETED");
  });

  it("on Ctrl+C cancels the run where that was asked for", async () => {
    bot.answer({ hang: "at once" });
    const execution = executing([...(await given(3)), "--cancel-on-interrupt"]);
    await waitFor(() => execution.written.err.includes("0/3"), { what: "the first line of progress" });
    execution.interrupt.abort();
    expect(await execution.code).toBe(130);
    expect(execution.written.err).toContain("is being cancelled");
    expect((await untilFinished(app, runIdOf(execution))).status).toBe("CANCELLED");
  });

  it("as a process takes a Ctrl+C that comes twice at once, from the terminal and from npm, as one", async () => {
    bot.answer({ hang: "at once" });
    const { child, output } = spawnProcess(process.execPath, ["--import", "tsx", "src/bin/execute.ts", ...(await given(2))], { ASSAY_URL: server.url, ASSAY_TOKEN: ADMIN_TOKEN });
    const exited = once(child, "close"); // all that it wrote has been read by then
    await waitFor(() => output.stderr.includes("0/2"), { withinMs: 30_000, what: "the first line of progress" });
    child.kill("SIGINT");
    child.kill("SIGINT");
    expect(await exited).toEqual([130, null]);
    const [, id = ""] = /The run (\S+) goes on/.exec(output.stderr) ?? [];
    await app.data("mutation ($id: ID!) { cancelTestRun(id: $id) { id } }", { id });
    expect((await untilFinished(app, id)).status).toBe("CANCELLED");
  });

  it("with an idempotency key is the same run again", async () => {
    const args = [...(await given(2)), "--idempotency-key", "commit-4711"];
    const [first, second] = [executing(args), executing(args)];
    expect([await first.code, await second.code]).toEqual([0, 0]);
    expect(runIdOf(second)).toBe(runIdOf(first));
  });

  it.each([
    ["without a set", ["--endpoint", "x"], "--test-set and --endpoint are needed"],
    ["with a set that is not there", ["--test-set", "nobody", "--endpoint", "x"], "NOT_FOUND"],
    ["with a gate without limits", ["--test-set", "x", "--endpoint", "x", "--gate"], "--gate needs at least one limit"],
    ["with a limit that is none", ["--test-set", "x", "--endpoint", "x", "--min-pass-rate", "90"], "A rate is a fraction from 0 to 1; it is 90"],
    ["with half a regression", ["--test-set", "x", "--endpoint", "x", "--baseline", "y", "--max-regressions", "0.5"], "--max-regressions takes a whole number"],
    ["with half a trial", ["--test-set", "x", "--endpoint", "x", "--trials", "1.5"], "--trials takes a whole number"],
    ["with a limit that needs a baseline", ["--test-set", "x", "--endpoint", "x", "--max-regressions", "0"], "need a baseline"],
    ["with a baseline that nothing is held against", ["--test-set", "x", "--endpoint", "x", "--baseline", "y"], "--baseline needs at least one limit"],
    ["with a baseline that is not there", ["--test-set", "x", "--endpoint", "x", "--baseline", "nobody", "--max-regressions", "0"], "There is no test run \"nobody\" to be the baseline"],
    ["with parameters that are no JSON", ["--test-set", "x", "--endpoint", "x", "--parameters", "{"], "--parameters takes a JSON object"],
    ["with a mode that there is not", ["--test-set", "x", "--endpoint", "x", "--mode", "FAST"], "FAST"],
    ["with a wrong token", ["--test-set", "x", "--endpoint", "x", "--token", "wrong"], "TOKEN_INVALID"],
  ])("%s ends with 2 and starts nothing", async (_, args, message) => {
    const before = (await app.data("{ testRuns { totalCount } }"))["testRuns"].totalCount as number;
    const execution = executing(args);
    expect(await execution.code).toBe(2);
    expect(execution.written.err).toContain(message);
    expect((await app.data("{ testRuns { totalCount } }"))["testRuns"].totalCount).toBe(before);
  });
});
