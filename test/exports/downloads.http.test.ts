import { parse } from "csv-parse/sync";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { GatewayServer } from "../../src/http/index.js";
import { IdKind, newId, resultId } from "../../src/ids.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenBehavior, givenEndpoint, givenMetric, givenRun, givenTestSet, type Owner, ownerOf, type SeededRun } from "../support/seed.js";
import { ADMIN_TOKEN, startTestServer } from "../support/server.js";
import { strictJUnit } from "./strict-junit.js";

const AUTHORIZED = { authorization: `Bearer ${ADMIN_TOKEN}` };
const LINKS = `query ($id: ID!) { testRun(ref: { id: $id }) { downloads { csv jsonl junit } } }`;

let app: TestApp;
let server: GatewayServer;
let owner: Owner;
let run: SeededRun;
let metricIds: { passes: string; tone: string };
beforeAll(async () => {
  app = await createTestApp();
  server = await startTestServer(app);
  owner = await ownerOf(app.database.db, app.admin);
  run = await givenFourResults();
});
afterAll(async () => {
  await server.close(1_000);
  await app.close();
});

/** Five tests: passed, failed with nasty texts, an error, cancelled without a row twice. */
async function givenFourResults(): Promise<SeededRun> {
  const { db } = app.database;
  const behavior = await givenBehavior(db, owner, "Knows, facts");
  const testSet = await givenTestSet(db, owner, {
    name: "Capitals", tests: [{ content: "Capital of France?", behaviorId: behavior, tags: ["a", "b"], metadata: { level: 1 } }, { content: "=1+1" }, { content: "Third" }, { content: "Fourth" }, { content: "Fifth" }],
  }); // prettier-ignore
  const passes = await givenMetric(db, owner, { name: "=passes", scoreType: "BINARY" });
  const tone = await givenMetric(db, owner, { name: "tone", scoreType: "CATEGORICAL" });
  metricIds = { passes: passes.id, tone: tone.id };
  return givenRun(db, owner, {
    name: 'Run "1"/é: <final>', testSet, endpoint: await givenEndpoint(db, owner, "The bot"), metrics: [passes, tone], status: "CANCELLED",
    startedAt: new Date("2026-11-20T10:00:00.250Z"), finishedAt: new Date("2026-11-20T10:00:02.750Z"),
    results: [
      { ordinal: 1, status: "PASSED", output: "Paris, \"of\" course", latencyMs: 120.5, outputFields: { raw: '{"answer": "Paris", "n": 1}', inputTokens: 3 }, metricResults: [{ score: 1, reason: "it says so" }, { category: "-kind" }] },
      { ordinal: 2, status: "FAILED", output: "@SUM(A1)\u0001 <b>&\r\n", latencyMs: -1, metricResults: [{ status: "FAILED", score: -0.5, reason: "\tno" }, { status: "ERROR", errorCode: "HTTP", errorMessage: "the judge is away" }] },
      { ordinal: 3, status: "ERROR", output: null, errorType: "TIMEOUT", metricResults: [] },
    ],
  }); // prettier-ignore
}

function get(path: string, headers: Record<string, string> = AUTHORIZED): Promise<Response> {
  return fetch(new URL(path, server.url), { headers });
}

async function csvOf(path: string): Promise<Record<string, string>[]> {
  return parse(await (await get(path)).text(), { columns: true });
}

describe("CSV", () => {
  test("has a line for each planned result, those without a row included, with every metric's status, score and reason", async () => {
    const response = await get(`/runs/${run.id}/results.csv`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/csv; charset=utf-8; header=present");
    const rows: Record<string, string>[] = parse(await response.text(), { columns: true });
    expect(rows.map((row) => [row["position"], row["trial"], row["status"], row["automated_status"], row["latency_ms"], row["error_type"]])).toEqual([
      ["1", "1", "PASSED", "PASSED", "120.5", ""],
      ["2", "1", "FAILED", "FAILED", "-1", ""],
      ["3", "1", "ERROR", "ERROR", "", "TIMEOUT"],
      ["4", "1", "CANCELLED", "CANCELLED", "", ""],
      ["5", "1", "CANCELLED", "CANCELLED", "", ""],
    ]);
    expect(rows[0]).toMatchObject({
      prompt: "Capital of France?", output: 'Paris, "of" course', behavior: "Knows, facts", tags: "a, b", metadata: '{"level":1}', test_set: "Capitals", result_id: resultId(run.id, 1), input_tokens: "3",
      "'=passes status": "PASSED", "'=passes score": "1", "'=passes reason": "it says so", "tone status": "PASSED", "tone score": "'-kind",
    }); // prettier-ignore
    expect(rows[1]).toMatchObject({ "'=passes score": "-0.5", "tone status": "ERROR", "tone score": "", "tone reason": "the judge is away" });
  });

  test("guards every text that a spreadsheet would evaluate, and leaves numbers numbers", async () => {
    const text = await (await get(`/runs/${run.id}/results.csv`)).text();
    const lines: string[][] = parse(text);
    const cells = lines.flat();
    const formulas = cells.filter((cell) => /^[=+\-@\t\r\n＝＋－＠]/.test(cell));
    expect(formulas).toEqual(["-1", "-0.5"]); // latency and score
    expect(cells).toContain("'=1+1");
    expect(cells).toContain("'@SUM(A1)\u0001 <b>&\r\n");
    expect(cells).toContain("'\tno");
  });

  test("has conversations as JSON and the newest review of the result beside all of them", async () => {
    const turns = [{ number: 1, message: "Hi", response: "Hello", sessionId: null, context: [], toolCalls: null, latencyMs: 5, error: null }];
    const conversation = await givenRun(app.database.db, owner, {
      reviewed: 1, testSet: await givenTestSet(app.database.db, owner, { tests: [{ goal: "Get a refund" }] }),
      results: [{ ordinal: 1, status: "PASSED", automatedStatus: "FAILED", output: "", outputFields: { turns: JSON.stringify(turns), stopReason: "GOAL_ACHIEVED" } }],
    }); // prettier-ignore
    const review = { organizationId: owner.organizationId, runId: conversation.id, ordinal: 1, target: "RESULT", authorId: app.admin.userId, createdAt: new Date(), updatedAt: new Date() } as const;
    for (const [verdict, comment] of [["FAIL", "no"], ["PASS", "=yes"]] as const) {
      await app.database.pool.query(`insert into reviews (organization_id, id, run_id, ordinal, target, verdict, comment, author_id, created_at, updated_at) values ($1,$2,$3,1,'RESULT',$4,$5,$6,clock_timestamp(),now())`, [
        review.organizationId, newId(IdKind.REVIEW), review.runId, verdict, comment, review.authorId,
      ]); // prettier-ignore
    }
    const [row] = await csvOf(`/runs/${conversation.id}/results.csv`);
    expect(row).toMatchObject({ status: "PASSED", automated_status: "FAILED", goal: "Get a refund", stop_reason: "GOAL_ACHIEVED", review_verdict: "PASS", review_comment: "'=yes", output: "" });
    expect(JSON.parse(row?.["transcript"] ?? "")).toEqual(turns);
    expect(JSON.parse(row?.["reviews"] ?? "")).toMatchObject([{ target: "RESULT", verdict: "FAIL", comment: "no" }, { verdict: "PASS" }]);
    const cases = strictJUnit(await (await get(`/runs/${conversation.id}/results.junit.xml`)).text());
    expect(cases.map(({ verdict }) => verdict)).toEqual(["passed"]);
  });
});

describe("JSONL", () => {
  test("has an object for each planned result with everything that is stored", async () => {
    const response = await get(`/runs/${run.id}/results.jsonl`);
    expect(response.headers.get("content-type")).toBe("application/jsonl; charset=utf-8");
    const lines = (await response.text()).trimEnd().split("\n").map((line) => JSON.parse(line) as Record<string, any>);
    expect(lines.map(({ position, status }) => [position, status])).toEqual([[1, "PASSED"], [2, "FAILED"], [3, "ERROR"], [4, "CANCELLED"], [5, "CANCELLED"]]);
    expect(lines[0]).toMatchObject({
      id: resultId(run.id, 1), runId: run.id, behavior: "Knows, facts", tags: ["a", "b"], metadata: { level: 1 }, prompt: { content: "Capital of France?", expectedResponse: null, context: [] },
      output: { output: 'Paris, "of" course', inputTokens: 3, raw: { answer: "Paris", n: 1 }, turns: [] }, scores: { "=passes": 1, tone: "-kind" },
      metricResults: [{ metricId: metricIds.passes, metricVersion: 1, name: "=passes", status: "PASSED", score: 1, reason: "it says so", error: null }, { metricId: metricIds.tone, category: "-kind" }],
    }); // prettier-ignore
    expect(lines[1]).toMatchObject({ output: { output: "@SUM(A1)\u0001 <b>&\r\n", raw: null }, scores: { "=passes": -0.5, tone: null }, metricResults: [{}, { error: { code: "HTTP", message: "the judge is away" } }] });
    expect(lines[2]).toMatchObject({ output: null, error: { type: "TIMEOUT" }, reviews: [], attempts: [] });
  });
});

describe("JUnit XML", () => {
  test("is valid against the strict schema and keeps failures, errors and what was skipped apart", async () => {
    const response = await get(`/runs/${run.id}/results.junit.xml`);
    expect(response.headers.get("content-type")).toBe("application/xml; charset=utf-8");
    const text = await response.text();
    const cases = strictJUnit(text);
    expect(cases.map(({ name, classname, verdict, time }) => [name, classname, verdict, time])).toEqual([
      ["test 1", "Capitals", "passed", "0.120"],
      ["test 2", "Capitals", "failure", "-0.001"],
      ["test 3", "Capitals", "error", "0.000"],
      ["test 4", "Capitals", "skipped", "0.000"],
      ["test 5", "Capitals", "skipped", "0.000"],
    ]);
    expect(text).toContain(`tests="5" failures="1" errors="1" skipped="2" time="2.500"`);
    expect(text).toContain(`timestamp="2026-11-20T10:00:00" hostname="localhost"`);
    expect(cases[1]?.message).toBe("=passes FAILED (-0.5): &#9;no");
    expect(cases[1]?.text).toContain("output: @SUM(A1)\uFFFD &lt;b&gt;&amp;&#13;\n");
    expect(cases[2]).toMatchObject({ type: "TIMEOUT", message: "It went wrong." });
  });

  test("has a case for each trial, named alike in every run", async () => {
    const testSet = await givenTestSet(app.database.db, owner, { tests: 2 });
    const twice = await givenRun(app.database.db, owner, { testSet, trials: 2, results: [1, 2, 3, 4].map((ordinal) => ({ ordinal, status: "PASSED" as const })) });
    const cases = strictJUnit(await (await get(`/runs/${twice.id}/results.junit.xml`)).text());
    expect(cases.map(({ name }) => name)).toEqual(["test 1 [trial 1]", "test 1 [trial 2]", "test 2 [trial 1]", "test 2 [trial 2]"]);
    const part = await givenRun(app.database.db, owner, { testSet, positions: [2], results: [{ ordinal: 1, status: "PASSED" }] });
    expect(strictJUnit(await (await get(`/runs/${part.id}/results.junit.xml`)).text()).map(({ name }) => name)).toEqual(["test 2"]);
  });
});

describe("downloads", () => {
  test("are named after the run, safely", async () => {
    const response = await get(`/runs/${run.id}/results.csv`);
    expect(response.headers.get("content-disposition")).toBe(`attachment; filename="Run-1-final.csv"; filename*=UTF-8''Run%201%20%C3%A9%20final.csv`);
  });

  test("of a run under way show its state at the beginning, what has no row yet included", async () => {
    const testSet = await givenTestSet(app.database.db, owner, { tests: 3 });
    const active = await givenRun(app.database.db, owner, { testSet, status: "RUNNING", running: [2], results: [{ ordinal: 1, status: "PASSED" }] });
    expect((await csvOf(`/runs/${active.id}/results.csv`)).map((row) => row["status"])).toEqual(["PASSED", "RUNNING", "PENDING"]);
    await app.database.db.updateTable("testRuns").set({ seq: 0, passed: 0 }).where("organizationId", "=", owner.organizationId).where("id", "=", active.id).execute();
    const [first] = await csvOf(`/runs/${active.id}/results.csv`); // as if the verdict had come a moment after the beginning
    expect(first).toMatchObject({ status: "RUNNING", finished_at: "" });
  });

  test("need a token, and are not found by another organization or under another id", async () => {
    const refused = await get(`/runs/${run.id}/results.csv`, {});
    expect([refused.status, await refused.json()]).toMatchObject([401, { errors: [{ extensions: { code: "UNAUTHENTICATED", reason: "TOKEN_MISSING" } }] }]);
    for (const id of [newId(IdKind.TEST_RUN), "nonsense"]) {
      const missing = await get(`/runs/${id}/results.jsonl`);
      expect([missing.status, await missing.json()]).toMatchObject([404, { errors: [{ extensions: { code: "NOT_FOUND" } }] }]);
    }
    const secret = await app.services.accounts.createOrganization({ name: "Elsewhere", email: "elsewhere@example.com" });
    expect((await get(`/runs/${run.id}/results.csv`, { authorization: `Bearer ${secret}` })).status).toBe(404);
  });

  test("by signed link need no token, and work for their file alone", async () => {
    const { csv, jsonl, junit } = (await app.data(LINKS, { id: run.id }))["testRun"].downloads as Record<"csv" | "jsonl" | "junit", string>;
    for (const [path, ending] of [[csv, "csv"], [jsonl, "jsonl"], [junit, "junit.xml"]] as const) {
      expect(path).toMatch(new RegExp(`^/runs/${run.id}/results\\.${ending.replace(".", "\\.")}\\?`));
      expect((await get(path, {})).status).toBe(200);
    }
    const other = await givenRun(app.database.db, owner);
    const forged = [csv.replace("results.csv", "results.jsonl"), csv.replace(run.id, other.id), csv.replace(/expires=\d+/, "expires=9999999999"), csv.replace(/signature=.*/, "signature=AAAA"), csv.replace(owner.organizationId, newId(IdKind.ORGANIZATION))];
    for (const path of forged) {
      const response = await get(path, {});
      expect([response.status, await response.json()]).toMatchObject([403, { errors: [{ extensions: { code: "FORBIDDEN", reason: "LINK_INVALID" } }] }]);
    }
  });

  test("answer HEAD with the same headers and no body", async () => {
    const response = await fetch(new URL(`/runs/${run.id}/results.csv`, server.url), { method: "HEAD", headers: AUTHORIZED });
    expect([response.status, response.headers.get("content-disposition") === null, await response.text()]).toEqual([200, false, ""]);
  });
});
