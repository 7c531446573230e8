import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IdKind, newId } from "../../src/ids.js";
import { GraphileJobQueue } from "../../src/queue/index.js";
import { LaneService, recordOutcomes, RunControlService, type TestRunStatus } from "../../src/runs/index.js";
import type { LaneClaim } from "../../src/runs/lane.service.js";
import type { Viewer } from "../../src/viewer.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { givenEndpoint, givenOwner, givenRun, givenTestSet, type Owner, type RunSeed, type SeededRun } from "../support/seed.js";
import { bus, NOW, outcomesOf, storedOf } from "./recording.js";

const queue = new GraphileJobQueue();
let database: TestDatabase;
let owner: Owner;
let viewer: Viewer;
let lanes: LaneService;
let control: RunControlService;
let design: Required<Pick<RunSeed, "testSet" | "endpoint">>;
beforeAll(async () => {
  database = await createTestDatabase();
  owner = await givenOwner(database.db);
  viewer = { ...owner, userId: newId(IdKind.USER), tokenId: null, role: "EDITOR", expiresAt: null };
  lanes = new LaneService({ db: database.db, bus, queue, now: () => NOW });
  control = new RunControlService({ db: database.db, bus, queue, lanes });
  design = { testSet: await givenTestSet(database.db, owner, { tests: 200 }), endpoint: await givenEndpoint(database.db, owner) };
});
afterAll(() => database.drop());

const newRun = (seed: RunSeed = {}): Promise<SeededRun> => givenRun(database.db, owner, { ...design, status: "RUNNING", startedAt: NOW, ...seed });
const stored = (run: SeededRun) => storedOf(database.db, owner, run.id);

/** A job of the lane that a worker has in hand, as the queue sees it. */
async function startJob(run: SeededRun, lane = 0): Promise<string> {
  const { rows } = await database.pool.query<{ id: string }>(
    `insert into graphile_worker._private_jobs (task_id, payload, locked_at, locked_by, attempts)
     select id, $1, now(), 'pool-test', 1 from graphile_worker._private_tasks where identifier = 'run_lane_test' returning id::text`,
    [JSON.stringify({ runId: run.id, lane })],
  );
  return rows[0]?.id ?? "";
}
beforeAll(() => database.pool.query("insert into graphile_worker._private_tasks (identifier) values ('run_lane_test')"));
const crash = (jobId: string): Promise<unknown> => database.pool.query("update graphile_worker._private_jobs set locked_at = null, locked_by = null where id = $1", [jobId]);
/** The lanes that jobs wait for. */
async function waiting(run: SeededRun): Promise<{ lane: number; runAt: Date }[]> {
  const { rows } = await database.pool.query<{ lane: number; runAt: Date }>(
    `select (payload->>'lane')::int as lane, run_at as "runAt" from graphile_worker._private_jobs where payload->>'runId' = $1 and locked_at is null and key is not null order by 1`,
    [run.id],
  );
  return rows;
}
const claim = (run: SeededRun, jobId: string, lane = 0): Promise<LaneClaim> => lanes.claim(owner, { runId: run.id, lane, jobId });
const setStatus = (run: SeededRun, status: TestRunStatus): Promise<unknown> => database.pool.query("update test_runs set status = $2 where id = $1", [run.id, status]);

describe("claiming a lane", () => {
  it("starts a queued run once, and goes on where the lane stands", async () => {
    const run = await newRun({ status: "QUEUED", startedAt: null, lanes: 2 });
    expect(await claim(run, await startJob(run, 1), 1)).toMatchObject({ kind: "claimed", nextOrdinal: 65, run: { status: "RUNNING", startedAt: NOW } });
    const { run: started } = await stored(run);
    expect(await claim(run, await startJob(run, 0), 0)).toMatchObject({ kind: "claimed", nextOrdinal: 1 });
    expect((await stored(run)).run).toMatchObject({ startedAt: NOW, version: started.version });
  });

  it("is refused as busy while the job that has it runs, and no longer when that job is gone", async () => {
    const run = await newRun();
    const [older, newer] = [await startJob(run), await startJob(run)];
    expect(await claim(run, older)).toMatchObject({ kind: "claimed" });
    expect(await claim(run, newer)).toEqual({ kind: "busy" });
    expect((await stored(run)).lanes[0]?.jobId).toBe(older);
    await crash(older);
    expect(await claim(run, newer)).toMatchObject({ kind: "claimed" });
    expect((await stored(run)).lanes[0]?.jobId).toBe(newer);
  });

  it("is taken up again by the same job after a crash", async () => {
    const run = await newRun();
    const job = await startJob(run);
    expect(await claim(run, job)).toMatchObject({ kind: "claimed", nextOrdinal: 1 });
    await crash(job);
    expect(await claim(run, job)).toMatchObject({ kind: "claimed", nextOrdinal: 1 });
  });

  it("goes to exactly one of several jobs that come at once", async () => {
    for (let each = 0; each < 5; each += 1) {
      const run = await newRun();
      const jobs = await Promise.all([1, 2, 3, 4].map(() => startJob(run)));
      const claims = await Promise.all(jobs.map((job) => claim(run, job)));
      expect(claims.map((one) => one.kind).sort()).toEqual(["busy", "busy", "busy", "claimed"]);
    }
  });

  it("gives nothing for a run that is gone, of another organization, or a lane that is done or not there", async () => {
    const run = await newRun();
    const job = await startJob(run);
    const nothing = { kind: "nothing" };
    expect(await lanes.claim(owner, { runId: newId(IdKind.TEST_RUN), lane: 0, jobId: job })).toEqual(nothing);
    expect(await lanes.claim(await givenOwner(database.db), { runId: run.id, lane: 0, jobId: job })).toEqual(nothing);
    expect(await claim(run, job, 7)).toEqual(nothing);
    await lanes.release(owner, { runId: run.id, lane: 0, jobId: job }, { nextOrdinal: 1, done: true });
    expect(await claim(run, job)).toMatchObject({ kind: "claimed" });
    await lanes.release(owner, { runId: run.id, lane: 0, jobId: job }, { nextOrdinal: 201, done: true });
    expect(await claim(run, job)).toEqual(nothing);
  });

  it("gives nothing while the run is paused, and leaves the lane to whom it is lent", async () => {
    const run = await newRun({ lanes: 2 });
    const [working, crashed, newer] = [await startJob(run, 0), await startJob(run, 1), await startJob(run, 0)];
    await claim(run, working, 0);
    await claim(run, crashed, 1);
    await setStatus(run, "PAUSED");
    await crash(crashed);
    for (const [job, lane] of [[newer, 0], [crashed, 1]] as const) expect(await claim(run, job, lane)).toEqual({ kind: "nothing" });
    expect((await stored(run)).lanes.map((lane) => [lane.jobId, lane.done])).toEqual([[working, false], [null, false]]);
  });

  it("ends the lane of a run that has ended or is being cancelled", async () => {
    for (const status of ["COMPLETED", "PARTIAL", "FAILED", "CANCELLED"] as const) {
      const run = await newRun({ status });
      expect(await claim(run, await startJob(run))).toEqual({ kind: "nothing" });
      expect(await stored(run)).toMatchObject({ run: { status }, lanes: [{ done: true, jobId: null }] });
    }
    const run = await newRun({ status: "CANCELLING" });
    expect(await claim(run, await startJob(run))).toEqual({ kind: "nothing" });
    expect(await stored(run)).toMatchObject({ run: { status: "CANCELLED", cancelled: 200, finishedAt: NOW }, lanes: [{ done: true }] });
  });
});

describe("releasing a lane", () => {
  it("leaves it to a new job from where the old one came to", async () => {
    const run = await newRun({ lanes: 2, running: [1, 2] });
    const job = await startJob(run);
    await claim(run, job);
    const runAt = new Date(Date.now() + 60_000);
    await lanes.release(owner, { runId: run.id, lane: 0, jobId: job }, { nextOrdinal: 30, done: false, runAt });
    expect((await stored(run)).lanes[0]).toMatchObject({ jobId: null, nextOrdinal: 30, running: [], done: false });
    expect(await waiting(run)).toEqual([{ lane: 0, runAt }]);
    expect(await claim(run, await startJob(run))).toMatchObject({ kind: "claimed", nextOrdinal: 30 });
  });

  it("adds no job when the lane is done, or the run is paused", async () => {
    const run = await newRun({ lanes: 2 });
    const [done, paused] = [await startJob(run, 0), await startJob(run, 1)];
    await claim(run, done, 0);
    await claim(run, paused, 1);
    await lanes.release(owner, { runId: run.id, lane: 0, jobId: done }, { nextOrdinal: 201, done: true });
    await setStatus(run, "PAUSED");
    await lanes.release(owner, { runId: run.id, lane: 1, jobId: paused }, { nextOrdinal: 70, done: false });
    expect((await stored(run)).lanes).toMatchObject([{ done: true, jobId: null }, { done: false, jobId: null, nextOrdinal: 70 }]);
    expect(await waiting(run)).toEqual([]);
    expect((await stored(run)).run.status).toBe("PAUSED");
  });

  it("changes nothing when another job has taken the lane over", async () => {
    const run = await newRun();
    const [older, newer] = [await startJob(run), await startJob(run)];
    await claim(run, older);
    await crash(older);
    await claim(run, newer);
    await lanes.release(owner, { runId: run.id, lane: 0, jobId: older }, { nextOrdinal: 99, done: true });
    expect((await stored(run)).lanes).toMatchObject([{ jobId: newer, nextOrdinal: 1, done: false }]);
    expect(await waiting(run)).toEqual([]);
  });

  it("in a run that is being cancelled ends the lane, and with the last one the run, once", async () => {
    const run = await newRun({ lanes: 3, results: [{ ordinal: 1, status: "PASSED" }, { ordinal: 2, status: "ERROR", output: null, errorType: "TIMEOUT" }, { ordinal: 3, status: "RUNNING" }] });
    const jobs = await Promise.all([0, 1, 2].map((lane) => startJob(run, lane)));
    for (const [lane, job] of jobs.entries()) await claim(run, job, lane);
    expect(await control.cancel(viewer, run.id)).toMatchObject({ status: "CANCELLING" });
    const release = (lane: number): Promise<void> => lanes.release(owner, { runId: run.id, lane, jobId: jobs[lane] ?? "" }, { nextOrdinal: 50, done: false });
    await release(0);
    expect((await stored(run)).run).toMatchObject({ status: "CANCELLING", finishedAt: null });
    const { version } = (await stored(run)).run;
    await Promise.all([release(1), release(2)]);
    const after = await stored(run);
    expect(after.run).toMatchObject({ status: "CANCELLED", finishedAt: NOW, passed: 1, errored: 1, cancelled: 198, version: version + 1 });
    expect(after.results.map((result) => result.status)).toEqual(["PASSED", "ERROR", "CANCELLED"]);
    expect(after.lanes.every((lane) => lane.done && lane.jobId === null)).toBe(true);
  });
});

describe("cancelling", () => {
  it("ends a run that nobody works on at once", async () => {
    for (const status of ["QUEUED", "RUNNING", "PAUSED"] as const) {
      const run = await newRun({ status, lanes: 4, results: [{ ordinal: 1, status: "FAILED" }] });
      expect(await control.cancel(viewer, run.id)).toMatchObject({ status: "CANCELLED", failed: 1, cancelled: 199, finishedAt: NOW });
      expect(await control.cancel(viewer, run.id)).toMatchObject({ status: "CANCELLED", cancelled: 199 });
    }
  });

  it("comes to its end also when the worker crashed, by its own job or, where that is gone, by another", async () => {
    const run = await newRun({ lanes: 2 });
    const [back, gone] = [await startJob(run, 0), await startJob(run, 1)];
    await claim(run, back, 0);
    await claim(run, gone, 1);
    expect(await control.cancel(viewer, run.id)).toMatchObject({ status: "CANCELLING" });
    expect((await waiting(run)).map((job) => job.lane)).toEqual([0, 1]);
    await crash(back);
    expect(await claim(run, back, 0)).toEqual({ kind: "nothing" });
    await database.pool.query("delete from graphile_worker._private_jobs where id = $1", [gone]);
    expect((await stored(run)).run.status).toBe("CANCELLING");
    expect(await claim(run, await startJob(run, 1), 1)).toEqual({ kind: "nothing" });
    expect((await stored(run)).run).toMatchObject({ status: "CANCELLED", cancelled: 200 });
  });

  it("and the last results coming at once leave a run whose counts add up", async () => {
    for (let each = 0; each < 8; each += 1) {
      const run = await newRun({ positions: [1, 2, 3] });
      const job = await startJob(run);
      await claim(run, job);
      const make = outcomesOf(run);
      const finish = recordOutcomes({ db: database.db, bus, now: () => NOW }, owner, { runId: run.id, outcomes: [1, 2, 3].map((ordinal) => ({ ...make.failed(ordinal, "x") })), running: new Map() });
      const [cancelled] = await Promise.allSettled([control.cancel(viewer, run.id), finish]);
      await lanes.release(owner, { runId: run.id, lane: 0, jobId: job }, { nextOrdinal: 4, done: true });
      const { run: row, results } = await stored(run);
      expect(["CANCELLED", "FAILED"]).toContain(row.status);
      if (row.status === "FAILED") expect(cancelled).toMatchObject({ status: "rejected", reason: { reason: "RUN_FINISHED" } });
      expect(row.passed + row.failed + row.errored + row.cancelled).toBe(3);
      expect(results.filter((result) => result.status === "ERROR")).toHaveLength(row.errored);
    }
  });
});
