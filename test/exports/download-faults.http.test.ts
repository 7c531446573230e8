import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { GatewayServer } from "../../src/http/index.js";
import { createPurgeHandler } from "../../src/runs/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { givenRun, givenTestSet, type Owner, ownerOf, type SeededRun } from "../support/seed.js";
import { ADMIN_TOKEN, startTestServer } from "../support/server.js";

const RESULTS = 48;
const MEGABYTE = "x".repeat(1024 * 1024);

let app: TestApp;
let server: GatewayServer;
let owner: Owner;
let run: SeededRun;
beforeAll(async () => {
  app = await createTestApp();
  server = await startTestServer(app);
  owner = await ownerOf(app.database.db, app.admin);
  // Far more than sockets buffer, and more than is read at once.
  run = await givenRun(app.database.db, owner, { testSet: await givenTestSet(app.database.db, owner, { tests: RESULTS }), results: [] });
  const results = Array.from({ length: RESULTS }, (_, index) => index + 1);
  const { tests } = run.testSet;
  for (const ordinal of results) {
    const test = tests[ordinal - 1];
    if (test === undefined) throw new Error("no test");
    const key = { organizationId: owner.organizationId, runId: run.id, ordinal };
    await app.database.db.insertInto("testOutputs").values({ ...key, output: MEGABYTE, inputTokens: null, outputTokens: null, sessionId: null, stopReason: null }).execute();
    await app.database.db.insertInto("testResults").values({ ...key, status: "PASSED", automatedStatus: "PASSED", testId: test.id, testRevisionId: test.revisionId, outputRunId: run.id, errorType: null, attempts: "[]", latencyMs: 1, startedAt: null, finishedAt: null, seq: ordinal }).execute();
  }
  await app.database.db.updateTable("testRuns").set({ seq: RESULTS, passed: RESULTS }).where("organizationId", "=", owner.organizationId).where("id", "=", run.id).execute();
}, 120_000);
afterAll(async () => {
  await server.close(1_000);
  await app.close();
});

/** A download of which nothing is read yet. */
async function begin(ending: string): Promise<IncomingMessage> {
  const asked = get(new URL(`/runs/${run.id}/results.${ending}`, server.url), { headers: { authorization: `Bearer ${ADMIN_TOKEN}` }, agent: false });
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  return response;
}

/** Waits until the download reads no further, as its reader does not: for a while no statement ends, and none is in work. */
async function untilItWaits(): Promise<number> {
  const { pool, statements } = app.database;
  let [seen, quiet] = [-1, 0];
  await expect
    .poll(() => {
      const isQuiet = statements.length === seen && pool.idleCount === pool.totalCount;
      quiet = isQuiet ? quiet + 1 : 0;
      seen = statements.length;
      return quiet;
    }, { interval: 100 })
    .toBeGreaterThanOrEqual(3);
  return seen;
}

async function bytesOf(response: IncomingMessage | Socket): Promise<number> {
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) bytes += chunk.length;
  return bytes;
}

/** What a worker does once the run is deleted. */
async function purgeRun(): Promise<void> {
  const { signal } = new AbortController();
  await createPurgeHandler({ db: app.database.db })({ organizationId: owner.organizationId, runId: run.id }, { id: "1", signal, stopping: signal });
}

describe("a download", () => {
  test("reads no more than three others beside it: connections are left to everyone else", async () => {
    const locker = await app.database.pool.connect();
    const waiting = async (): Promise<number> => (await app.database.pool.query<{ count: number }>(`select count(*) as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)).rows[0]?.count ?? 0;
    await locker.query("begin");
    await locker.query("lock table test_results in access exclusive mode");
    const responses = await Promise.all(Array.from({ length: 12 }, () => begin("csv")));
    await expect.poll(waiting).toBe(4);
    expect(await app.data("{ testSets { totalCount } }")).toEqual({ testSets: { totalCount: 1 } });
    expect(await waiting()).toBe(4);
    await locker.query("commit");
    locker.release();
    // Those that wait for their turn give it up with their readers.
    const [last, ...others] = responses.reverse();
    for (const response of others) response.destroy();
    expect(last && (await bytesOf(last))).toBeGreaterThan(RESULTS * MEGABYTE.length);
  });

  test("waits for a slow reader without a connection or a snapshot of the database, and then goes on", async () => {
    const before = app.database.statements.length;
    const response = await begin("csv");
    const paused = await untilItWaits();
    const { rows } = await app.database.pool.query<{ count: number }>(`select count(*) as count from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`);
    expect(rows[0]?.count).toBe(0);
    expect(await bytesOf(response)).toBeGreaterThan(RESULTS * MEGABYTE.length);
    const after = app.database.statements.length;
    expect(paused - before).toBeLessThan((after - before) * 0.8); // most of it was read while it was sent
  }, 120_000);

  test("stops reading when its reader goes away", async () => {
    const response = await begin("jsonl");
    await untilItWaits();
    response.destroy();
    const stopped = await untilItWaits();
    const whole = await begin("jsonl").then(bytesOf);
    expect(whole).toBeGreaterThan(RESULTS * MEGABYTE.length);
    expect(app.database.statements.length - stopped).toBeGreaterThan(100); // a whole one takes far more statements than were left
  }, 120_000);

  test("that fails midway breaks the connection and never looks whole", async () => {
    const response = await begin("csv");
    await untilItWaits();
    await app.database.pool.query("alter table metric_results rename to metric_results_away");
    try {
      expect(await bytesOf(response).then(() => "whole", () => "broken")).toBe("broken");
    } finally {
      await app.database.pool.query("alter table metric_results_away rename to metric_results");
    }
    expect(await begin("csv").then(bytesOf)).toBeGreaterThan(RESULTS * MEGABYTE.length);
  }, 120_000);

  test("that fails midway resets the connection of a reader of HTTP/1.0, to whom its end is the file's", async () => {
    const { hostname, port } = new URL(server.url);
    const socket = connect({ host: hostname, port: Number(port) });
    socket.write(`GET /runs/${run.id}/results.csv HTTP/1.0\r\nauthorization: Bearer ${ADMIN_TOKEN}\r\n\r\n`);
    await once(socket, "readable");
    await untilItWaits();
    await app.database.pool.query("alter table metric_results rename to metric_results_away");
    try {
      expect(await bytesOf(socket).then(() => "whole", (error: NodeJS.ErrnoException) => error.code)).toBe("ECONNRESET");
    } finally {
      await app.database.pool.query("alter table metric_results_away rename to metric_results");
    }
  }, 120_000);

  test("whose run is deleted midway breaks the connection and never looks whole", async () => {
    const responses = [await begin("jsonl"), await begin("csv")];
    await untilItWaits();
    await app.data(`mutation ($id: ID!) { deleteTestRun(id: $id) }`, { id: run.id });
    await purgeRun();
    for (const response of responses) expect(await bytesOf(response).then(() => "whole", () => "broken")).toBe("broken");
  }, 120_000);
});
