import { parse } from "csv-parse/sync";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { GatewayServer } from "../../src/http/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenMetric, givenRun, givenTestSet, type Owner, ownerOf } from "../support/seed.js";
import { ADMIN_TOKEN, startTestServer } from "../support/server.js";
import { strictJUnit } from "./strict-junit.js";

let app: TestApp;
let server: GatewayServer;
let owner: Owner;
beforeAll(async () => {
  app = await createTestApp();
  server = await startTestServer(app);
  owner = await ownerOf(app.database.db, app.admin);
});
afterAll(async () => {
  await server.close(1_000);
  await app.close();
});

async function textOf(runId: string, ending: string): Promise<string> {
  const response = await fetch(new URL(`/runs/${runId}/results.${ending}`, server.url), { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
  return response.text();
}

async function csvOf(runId: string): Promise<Record<string, string>[]> {
  return parse(await textOf(runId, "csv"), { columns: true });
}

async function jsonlOf(runId: string): Promise<Record<string, any>[]> {
  return (await textOf(runId, "jsonl")).trimEnd().split("\n").map((line) => JSON.parse(line) as Record<string, any>);
}

describe("a download", () => {
  test("has times to the millisecond in UTC, with the zeros at their end", async () => {
    const times = ["2026-03-29T01:30:00.000Z", "2026-10-25T00:59:59.250Z", "1999-12-31T23:59:59.999Z", "2026-11-20T10:00:00.100Z"];
    const run = await givenRun(app.database.db, owner, {
      testSet: await givenTestSet(app.database.db, owner, { tests: 5 }),
      results: [...times.map((time, index) => ({ ordinal: index + 1, status: "PASSED" as const, startedAt: new Date(time), finishedAt: new Date(time) })), { ordinal: 5, status: "ERROR" }],
    });
    expect((await csvOf(run.id)).map((row) => [row["started_at"], row["finished_at"]])).toEqual([...times.map((time) => [time, time]), ["", ""]]);
    expect((await jsonlOf(run.id)).map(({ startedAt, finishedAt }) => [startedAt, finishedAt])).toEqual([...times.map((time) => [time, time]), [null, null]]);
  });

  test("counts attempts in CSV and has them whole in JSONL, with what metrics cost", async () => {
    const attempt = { number: 1, turn: null, startedAt: "2026-11-20T10:00:00.000Z", latencyMs: 12.5, httpStatus: 503, error: { type: "HTTP", message: "busy", httpStatus: 503, retryable: true }, retryAfterMs: 10 };
    const attempts = [attempt, { ...attempt, number: 2, httpStatus: 200, error: null, retryAfterMs: null }];
    const run = await givenRun(app.database.db, owner, {
      testSet: await givenTestSet(app.database.db, owner, { tests: 1 }), metrics: [await givenMetric(app.database.db, owner)],
      results: [{ ordinal: 1, status: "PASSED", attempts: JSON.stringify(attempts), outputFields: { context: '["c"]', metadata: '{"m": 1}', toolCalls: '[{"name": "t"}]' }, metricResults: [{ score: 0.1, threshold: 0.05, metadata: '{"k": "v"}', durationMs: 1.5, inputTokens: 3, outputTokens: 4, cost: 1e-7 }] }],
    }); // prettier-ignore
    expect((await csvOf(run.id)).map((row) => row["attempts"])).toEqual(["2"]);
    const [line] = await jsonlOf(run.id);
    expect(line).toMatchObject({ attempts, output: { context: ["c"], metadata: { m: 1 }, toolCalls: [{ name: "t" }] } });
    expect(line?.["metricResults"]).toMatchObject([{ score: 0.1, threshold: 0.05, metadata: { k: "v" }, durationMs: 1.5, inputTokens: 3, outputTokens: 4, cost: 1e-7 }]);
  });

  test("of a re-score has the answers of the run that it judged, result by result", async () => {
    const { db } = app.database;
    const testSet = await givenTestSet(db, owner, { tests: 2 });
    const source = await givenRun(db, owner, { testSet, results: [{ ordinal: 1, status: "PASSED", output: "of the source" }, { ordinal: 2, status: "PASSED", output: "replaced" }] });
    const judged = await givenRun(db, owner, { testSet, kind: "RESCORE", sourceRunId: source.id, results: [{ ordinal: 1, status: "FAILED", outputRunId: source.id }, { ordinal: 2, status: "FAILED", output: "its own" }] });
    expect((await csvOf(judged.id)).map((row) => row["output"])).toEqual(["of the source", "its own"]);
    expect((await jsonlOf(judged.id)).map(({ output }) => output.output)).toEqual(["of the source", "its own"]);
  });

  test("of more results than are read or written at once has each of them once, in order", async () => {
    const testSet = await givenTestSet(app.database.db, owner, { tests: 420 });
    const run = await givenRun(app.database.db, owner, { testSet, trials: 3, status: "CANCELLED", results: Array.from({ length: 1_260 }, (_, index) => index + 1).filter((ordinal) => ordinal % 7 !== 0).map((ordinal) => ({ ordinal, status: "PASSED" as const, output: `answer ${ordinal}` })) });
    const places = Array.from({ length: 1_260 }, (_, index) => ({ position: Math.floor(index / 3) + 1, trial: (index % 3) + 1, output: (index + 1) % 7 === 0 ? null : `answer ${index + 1}` }));
    expect((await csvOf(run.id)).map(({ position, trial, output }) => ({ position: Number(position), trial: Number(trial), output: output === "" ? null : output }))).toEqual(places);
    expect((await jsonlOf(run.id)).map(({ position, trial, output }) => ({ position, trial, output: output?.output ?? null }))).toEqual(places);
    expect(strictJUnit(await textOf(run.id, "junit.xml")).map(({ name }) => name)).toEqual(places.map(({ position, trial }) => `test ${position} [trial ${trial}]`));
  });
});
