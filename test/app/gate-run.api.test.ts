import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runGate } from "../../src/app/gate-run.js";
import type { GatewayServer } from "../../src/http/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { spawnProcess } from "../support/gateway-process.js";
import { givenMetric, givenRun, givenTestSet, type Owner, ownerOf, type ResultSeed, type RunSeed, type SeededRun, type SeededTestSet } from "../support/seed.js";
import { ADMIN_TOKEN, startTestServer } from "../support/server.js";

let app: TestApp;
let server: GatewayServer;
let owner: Owner;
let testSet: SeededTestSet;
beforeAll(async () => {
  app = await createTestApp();
  server = await startTestServer(app);
  owner = await ownerOf(app.database.db, app.admin);
  testSet = await givenTestSet(app.database.db, owner, { tests: 4 });
});
afterAll(async () => {
  await server.close(0);
  await app.close();
});

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function gate(args: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
  const written = { out: "", err: "" };
  const output = { out: (text: string) => void (written.out += text), err: (text: string) => void (written.err += text), isTerminal: false };
  return { code: await runGate(args, { ASSAY_URL: server.url, ASSAY_TOKEN: ADMIN_TOKEN, ...environment }, output), ...written };
}

function run(letters: string, args: RunSeed = {}): Promise<SeededRun> {
  const status = { P: "PASSED", F: "FAILED", E: "ERROR" } as const;
  return givenRun(app.database.db, owner, { testSet, results: [...letters].map((letter, index): ResultSeed => ({ ordinal: index + 1, status: status[letter as "P" | "F" | "E"], latencyMs: 100 })), ...args });
}

describe("npm run gate", () => {
  it("ends with 0 where the run meets every limit, and shows each", async () => {
    const [before, now] = [await run("PPPF", { name: "Before" }), await run("PPFP", { name: "Now" })];
    const limits = ["--min-pass-rate", "0.7", "--min-coverage=1", "--max-error-rate", "0", "--max-p95-latency-ms", "100", "--baseline", before.id, "--max-regressions", "1", "--fail-on-significant-regression"];
    expect(await gate(["--run", now.id, ...limits])).toEqual({
      code: 0,
      out: [
        "✓ minPassRate                  75 % (at least 70 %)",
        "✓ minCoverage                  100 % (at least 100 %)",
        "✓ maxErrorRate                 0 % (at most 0 %)",
        "✓ maxP95LatencyMs              100 ms (at most 100 ms)",
        "✓ maxRegressions               1 regressed (at most 1 regressed)",
        "✓ failOnSignificantRegression  1 regressed, 1 improved, p = 1 (no significant regression (p at most 0.05))",
        "Gate met by Now.",
        "",
      ].join("\n"),
      err: "",
    });
    expect(await gate(["--run", "now", "--baseline", "BEFORE", "--max-regressions", "1"])).toMatchObject({ code: 0 });
  });

  it("ends with 1 where it does not", async () => {
    const { id } = await run("PPFF", { name: "Missed" });
    expect(await gate(["--run", id, "--min-pass-rate", "0.9", "--max-error-rate", "0.5"])).toEqual({ code: 1, out: "✗ minPassRate   50 % (at least 90 %)\n✓ maxErrorRate  0 % (at most 50 %)\nGate not met by Missed.\n", err: "" });
  });

  it("takes limits of single metrics, whose names may hold equals signs", async () => {
    const metric = await givenMetric(app.database.db, owner, { name: "a=b" });
    const { id } = await run("PP", { metrics: [metric], positions: [1, 2], results: [1, 2].map((ordinal) => ({ ordinal, status: "PASSED", metricResults: [{ status: ordinal === 1 ? "PASSED" : "FAILED" }] })) });
    expect(await gate(["--run", id, "--metric-min-pass-rate", "a=b=0.5"])).toMatchObject({ code: 0, out: expect.stringContaining("✓ metricMinPassRates.a=b  50 % (at least 50 %)") as string });
    expect(await gate(["--run", id, "--metric-min-pass-rate", "a=b=0.5", "--metric-min-pass-rate", "other=0"])).toMatchObject({ code: 2, out: expect.stringMatching(/\? metricMinPassRates\.other .*no metric of this name[^]*Gate not decided/) as string });
  });

  it("as a process ends with its own code when nobody reads what it writes", async () => {
    const { id } = await run("PPPP");
    const { child } = spawnProcess(process.execPath, ["--import", "tsx", "src/bin/gate.ts", "--run", id, "--min-pass-rate", "1"], { ASSAY_URL: server.url, ASSAY_TOKEN: ADMIN_TOKEN });
    child.stdout?.destroy();
    expect(await once(child, "close")).toEqual([0, null]);
  });

  it("prints a paragraph of Markdown on request", async () => {
    const { id } = await run("PPPP");
    expect((await gate(["--run", id, "--min-pass-rate", "1", "--markdown"])).out).toMatch(/^✅ \*\*Gate met\*\* by [^\n]*: 4 of 4 results passed[^\n]*\n$/);
  });

  it("ends with 2 where nothing can be decided, and says why", async () => {
    const [errors, running] = [await run("EEEE", { status: "FAILED" }), await run("P", { status: "RUNNING" })];
    expect(await gate(["--run", errors.id, "--min-pass-rate", "0"])).toMatchObject({
      code: 2,
      out: expect.stringContaining("? minPassRate  nothing to decide by (at least 0 %)\nGate not decided") as string,
      err: "Not decided: minPassRate (nothing to decide by). Leave these limits out, or hold a run against them that has what they need.\n",
    });
    expect(await gate(["--run", running.id, "--min-pass-rate", "0"])).toMatchObject({ code: 2, out: "", err: expect.stringContaining("RUN_NOT_FINISHED") as string });
  });

  it.each([
    ["a run that is not there", ["--run", "nobody", "--min-pass-rate", "0.5"], {}, "There is no test run \"nobody\""],
    ["a baseline that is not there", ["--run", "Now", "--max-regressions", "0", "--baseline", "nobody"], {}, "to be the baseline"],
    ["no baseline", ["--run", "Now", "--max-regressions", "0"], {}, "policy.baselineId"],
    ["a rate that is none", ["--run", "Now", "--min-pass-rate", "90"], {}, "fraction from 0 to 1"],
    ["a number that is none", ["--run", "Now", "--min-pass-rate", "high"], {}, "--min-pass-rate takes a number"],
    ["half a metric", ["--run", "Now", "--metric-min-pass-rate", "tone"], {}, "NAME=RATE"],
    ["no limit", ["--run", "Now"], {}, "At least one limit"],
    ["no run", ["--min-pass-rate", "0.5"], {}, "--run is needed"],
    ["an option that there is not", ["--run", "Now", "--min-pas-rate", "0.5"], {}, "--min-pas-rate"],
    ["no token", ["--run", "Now", "--min-pass-rate", "0.5"], { ASSAY_TOKEN: "" }, "token is needed"],
    ["a wrong token", ["--run", "Now", "--min-pass-rate", "0.5", "--token", "wrong"], {}, "TOKEN_INVALID"],
    ["nobody at the address", ["--run", "Now", "--min-pass-rate", "0.5", "--url", "http://127.0.0.1:9"], {}, "No gateway answers at http://127.0.0.1:9"],
  ])("ends with 2 for %s", async (_, args, environment, message) => {
    expect(await gate(args, environment)).toMatchObject({ code: 2, out: "", err: expect.stringContaining(message) as string });
  }); // prettier-ignore
});
