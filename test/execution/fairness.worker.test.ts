import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Worker } from "../../src/execution/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { execute, givenEndpointAt, givenTests, readRun, untilFinished } from "../support/execution.js";
import { type FakeEndpoint, type FakeReply, type RecordedRequest, startFakeEndpoint } from "../support/fake-endpoint.js";
import { waitFor } from "../support/wait-for.js";
import { startTestWorker } from "../support/worker.js";

const BIG = 900;
const SMALL = 20;

let app: TestApp;
let bot: FakeEndpoint;
let big: { id: string };
let small: { id: string };
const workers: Worker[] = [];
const runs: string[] = [];
beforeAll(async () => {
  app = await createTestApp();
  bot = await startFakeEndpoint();
  big = await givenTests(app, { tests: BIG });
  small = await givenTests(app, { tests: SMALL });
});
afterEach(async () => {
  for (const id of runs.splice(0)) await app.run("mutation ($id: ID!) { cancelTestRun(id: $id) { id } }", { id });
  await Promise.all(workers.splice(0).map((worker) => worker.stop(100)));
  bot.clear();
});
afterAll(async () => {
  await app.close();
  await bot.close();
});

const start = async (testSet: { id: string }, endpoint: { id: string }): Promise<string> => {
  const id = await execute(app, testSet, endpoint);
  runs.push(id);
  return id;
};
const answerSlowly = (ms: number) => (request: RecordedRequest): FakeReply => ({ json: { output: `echo: ${request.json.input as string}` }, delayMs: ms });

/** When the run's calls began, in order. */
async function callsOf(run: string): Promise<number[]> {
  expect((await untilFinished(app, run)).progress).toMatchObject({ passed: SMALL });
  const { rows } = await app.database.pool.query<{ at: Date }>("select started_at as at from test_results where run_id = $1 order by started_at", [run]);
  return rows.map(({ at }) => at.getTime());
}
const callsBetween = (from: number, until: number): number => bot.requests.filter(({ receivedAt }) => receivedAt >= from && receivedAt <= until).length;

describe("a small run beside a big one", () => {
  // Alone its 20 calls take two rounds of ten. Within twice that, four rounds, there is room for 20 others; in the
  // order of their coming the 48 that the big run has waiting would be first. Between processes permits change hands
  // by looks at the database, which a busy machine delays.
  it.each([
    [1, 20],
    [2, 60],
  ])("against the same endpoint gets most of the turns, with %i worker processes", async (count, others) => {
    for (let each = 0; each < count; each += 1) workers.push(await startTestWorker(app));
    bot.answer(answerSlowly(100));
    const endpoint = await givenEndpointAt(app, bot.url, { maxConcurrency: 10 });
    const bigRun = await start(big, endpoint);
    // Past its first calls, which come sooner than a big run's.
    await waitFor(() => bot.requests.length > 250);
    const calls = await callsOf(await start(small, endpoint));
    expect(callsBetween(calls[0]!, calls.at(-1)!) - SMALL).toBeLessThanOrEqual(others);
    expect(bot.inFlight.most).toBe(10);
    expect((await readRun(app, bigRun)).finishedAt).toBeNull();
  }, 120_000);

  it("against another endpoint finds a place, though none of the big run's calls ends", async () => {
    workers.push(await startTestWorker(app, { concurrency: 12 }));
    bot.answer((request) => (request.path === "/stuck" ? { hang: "at once" } : answerSlowly(1)(request)));
    await start(big, await givenEndpointAt(app, `${bot.url}/stuck`, { maxConcurrency: 50 }));
    await waitFor(() => bot.inFlight.now >= 10);
    const run = await start(small, await givenEndpointAt(app, bot.url));
    expect((await untilFinished(app, run)).progress).toMatchObject({ passed: SMALL });
  });

  it("gets a worker, though the lanes of big ones have taken every slot", async () => {
    workers.push(await startTestWorker(app, { concurrency: 64 }));
    bot.answer(answerSlowly(60));
    for (let each = 0; each < 5; each += 1) await start(big, await givenEndpointAt(app, bot.url, { maxConcurrency: 8 }));
    const slots = "select count(*)::int as busy from graphile_worker._private_jobs where locked_at is not null";
    await waitFor(async () => (await app.database.pool.query<{ busy: number }>(slots)).rows[0]!.busy === 32);
    const from = Date.now();
    const calls = await callsOf(await start(small, await givenEndpointAt(app, bot.url)));
    // The big ones have 4,500 calls to make, and some lanes of theirs wait for a slot, too.
    expect(callsBetween(from, calls[0]!)).toBeLessThanOrEqual(2_000);
  }, 120_000);
});
