import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createDatabaseClient, SessionConnection } from "../../src/db/index.js";
import { createLogger } from "../../src/log.js";
import { ClaimLostError, GraphileJobQueue, type JobHandler, QueueWorker, type RunningJob } from "../../src/queue/index.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { startDatabaseProxy } from "../support/database-proxy.js";
import { eventually } from "../support/wait-for.js";

const queue = new GraphileJobQueue();
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const closing: (() => Promise<unknown>)[] = [];
beforeEach(() => database.pool.query("truncate graphile_worker._private_jobs"));
const closeAll = async (): Promise<void> => {
  for (const close of closing.splice(0).reverse()) await close();
};
afterEach(closeAll);

/** A worker with a pool and a session of its own, as another process would have. */
async function startWorker(handler: JobHandler, options: { url?: string; name?: string } = {}): Promise<QueueWorker> {
  const { url = database.url, name = "worker" } = options;
  const client = createDatabaseClient({ url, maxConnections: 4, applicationName: `${name}-pool`, statementTimeoutMs: 0, sharedTables: [] });
  const session = new SessionConnection({ url, applicationName: `${name}-session` });
  const worker = new QueueWorker({ pool: client.pool, session, concurrentJobs: 2, log: createLogger({ level: process.env["LOG_LEVEL"] ?? "silent", service: "test" }), handlers: { greet: handler } });
  await session.open();
  await worker.start();
  closing.push(async () => {
    await worker.stop(0).catch(() => undefined); // some tests stop it themselves
    await session.close();
    await client.close();
  });
  return worker;
}

const add = (key: string, payload: Record<string, unknown> = {}): Promise<void> => queue.enqueue(database.db, [{ name: "greet", key, payload }]);
async function countJobs(): Promise<number> {
  const { rows } = await database.pool.query<{ n: number }>("select count(*)::int as n from graphile_worker._private_jobs");
  return rows[0]?.n ?? 0;
}
/** Holds a job until the test lets go or the job is aborted. */
function holding() {
  const jobs: RunningJob[] = [];
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const handler: JobHandler = async (_payload, job) => {
    jobs.push(job);
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    job.signal.addEventListener("abort", () => reject(job.signal.reason as Error));
    await Promise.race([released, aborted]);
  };
  return { jobs, handler, release: () => release() };
}

describe("a queue worker", () => {
  it("does each job once, with its payload, and forgets it", async () => {
    const done: unknown[] = [];
    await startWorker((payload, job) => {
      done.push([payload, job.signal.aborted, job.stopping.aborted]);
      return Promise.resolve();
    });
    for (let number = 0; number < 20; number += 1) await add(`key ${number}`, { number });
    await eventually(async () => expect(await countJobs()).toBe(0));
    expect(done).toHaveLength(20);
    expect(done).toContainEqual([{ number: 7 }, false, false]);
  });

  it("tries a job again after it threw", async () => {
    const tries: string[] = [];
    await startWorker((_payload, job) => {
      tries.push(job.id);
      return tries.length < 3 ? Promise.reject(new Error("not yet")) : Promise.resolve();
    });
    await add("key");
    await eventually(async () => {
      // The queue waits longer after each failure: seconds, which are nothing to test.
      await database.pool.query("update graphile_worker._private_jobs set run_at = now() where locked_at is null");
      expect(await countJobs()).toBe(0);
    });
    expect(tries).toHaveLength(3);
    expect(new Set(tries).size).toBe(1);
  });

  /** Kills a process that has two jobs in hand, beside a worker that lives; answers after how many ms that one has begun both. */
  async function takeOver(): Promise<number> {
    const child: ChildProcess = spawn(process.execPath, ["--import", "tsx", "test/queue/job-worker.ts", database.url], { stdio: ["ignore", "pipe", "inherit"] });
    closing.push(() => Promise.resolve(child.kill("SIGKILL")));
    let said = "";
    child.stdout?.on("data", (chunk: Buffer) => (said += chunk.toString()));
    await eventually(() => expect(said).toContain("ready"));
    await add("first");
    await add("second");
    await eventually(() => expect(said.match(/started/g)).toHaveLength(2));
    const taken: string[] = [];
    await startWorker((_payload, job) => {
      taken.push(job.id);
      return Promise.resolve();
    });
    // It lives: nothing is taken from it while others look.
    await delay(1_600);
    expect(taken).toEqual([]);
    const killedAt = performance.now();
    child.kill("SIGKILL");
    await eventually(() => expect(taken).toHaveLength(2));
    const tookMs = performance.now() - killedAt;
    expect([...taken].sort()).toEqual([...said.matchAll(/started (\d+)/g)].map((match) => match[1]).sort());
    await eventually(async () => expect(await countJobs()).toBe(0));
    await closeAll();
    return tookMs;
  }

  it("takes up the jobs of a killed process within five seconds", async () => {
    let tookMs = Number.POSITIVE_INFINITY;
    // It takes one or two: on a machine that is busy with other tests one take-over may be late.
    for (let each = 0; each < 3 && tookMs >= 5_000; each += 1) tookMs = Math.min(tookMs, await takeOver());
    expect(tookMs).toBeLessThan(5_000);
  }, 120_000);

  it("keeps its job for as long as it lives, however often others look for dead workers", async () => {
    const held = holding();
    const stolen = holding();
    await startWorker(held.handler, { name: "owner" });
    await add("key");
    await eventually(() => expect(held.jobs).toHaveLength(1));
    await startWorker(stolen.handler, { name: "thief" });
    await delay(3_000);
    expect(stolen.jobs).toEqual([]);
    expect(held.jobs[0]?.signal.aborted).toBe(false);
    held.release();
    await eventually(async () => expect(await countJobs()).toBe(0));
    expect(stolen.jobs).toEqual([]);
  });

  it("that stops tells its jobs so, lets them end within the grace, and takes no more", async () => {
    const held = holding();
    const worker = await startWorker(held.handler);
    await add("first");
    await eventually(() => expect(held.jobs).toHaveLength(1));
    let isStopped = false;
    const stopped = worker.stop(60_000).then(() => (isStopped = true));
    expect(held.jobs[0]?.stopping.aborted).toBe(true);
    await add("second");
    await delay(1_200);
    expect({ isStopped, aborted: held.jobs[0]?.signal.aborted, jobs: held.jobs.length }).toEqual({ isStopped: false, aborted: false, jobs: 1 });
    held.release();
    await stopped;
    await eventually(async () => expect(await countJobs()).toBe(1));
    expect(held.jobs).toHaveLength(1);
  });

  it("that must end aborts what has not ended by then, which others take up", async () => {
    const held = holding();
    const worker = await startWorker(held.handler, { name: "ending" });
    await add("key");
    await eventually(() => expect(held.jobs).toHaveLength(1));
    const begun = Date.now();
    await worker.stop(200);
    expect(Date.now() - begun).toBeLessThan(15_000); // the job itself would never end
    expect(held.jobs[0]?.signal.aborted).toBe(true);
    const taken = holding();
    await startWorker(taken.handler, { name: "heir" });
    await eventually(() => expect(taken.jobs.map((job) => job.id)).toEqual([held.jobs[0]?.id]));
    taken.release();
  });
});

describe("a queue worker whose connection broke while it took a job", () => {
  it("takes the job again, as it never heard of it", async () => {
    const held = holding();
    await startWorker(held.handler);
    await add("known");
    await eventually(() => expect(held.jobs).toHaveLength(1));
    await queue.enqueue(database.db, [{ name: "greet", key: "unknown", payload: {}, runAt: new Date(Date.now() + 60_000) }]);
    await database.pool.query("update graphile_worker._private_jobs set run_at = now(), locked_at = now(), locked_by = (select locked_by from graphile_worker._private_jobs where id = $1), attempts = 1 where key = 'unknown'", [held.jobs[0]?.id]);
    await eventually(() => expect(held.jobs).toHaveLength(2));
    expect(new Set(held.jobs.map((job) => job.id)).size).toBe(2);
    held.release();
    await eventually(async () => expect(await countJobs()).toBe(0));
  });
});

describe("a queue worker whose database goes away", () => {
  it("aborts its jobs as soon as its session is gone: others may have them", async () => {
    const held = holding();
    await startWorker(held.handler, { name: "losing" });
    await add("key");
    await eventually(() => expect(held.jobs).toHaveLength(1));
    await database.pool.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'losing-session' and datname = current_database()");
    await eventually(() => expect(held.jobs[0]?.signal.aborted).toBe(true));
    expect(held.jobs[0]?.signal.reason).toBeInstanceOf(ClaimLostError);
    // And works on, itself or another: the claim is free again.
    await eventually(() => expect(held.jobs).toHaveLength(2));
    expect(held.jobs[1]).toMatchObject({ id: held.jobs[0]?.id, signal: { aborted: false } });
    held.release();
    await eventually(async () => expect(await countJobs()).toBe(0));
  });

  it("tries a job again as soon, however often it was cut off", async () => {
    const begun: number[] = [];
    await startWorker(
      () => {
        begun.push(Date.now());
        return begun.length < 5 ? Promise.reject(Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" })) : Promise.resolve();
      },
      { name: "unlucky" },
    );
    await add("key");
    await eventually(async () => expect(await countJobs()).toBe(0));
    expect(begun).toHaveLength(5);
  });

  it("begins no job while its session is gone, and does it when the session is back", async () => {
    const proxy = await startDatabaseProxy(database.url);
    closing.push(() => proxy.close());
    const client = createDatabaseClient({ url: database.url, maxConnections: 4, applicationName: "half-pool", statementTimeoutMs: 0, sharedTables: [] });
    const session = new SessionConnection({ url: proxy.url, applicationName: "half-session" });
    const begun: boolean[] = [];
    const handler: JobHandler = (_payload, job) => {
      begun.push(job.signal.aborted);
      return Promise.resolve();
    };
    const worker = new QueueWorker({ pool: client.pool, session, concurrentJobs: 2, log: createLogger({ level: "silent", service: "test" }), handlers: { greet: handler } });
    await session.open();
    await worker.start();
    closing.push(async () => {
      await worker.stop(0);
      await session.close();
      await client.close();
    });
    await proxy.cut();
    await eventually(() => expect(session.isConnected).toBe(false));
    await add("key");
    await delay(1_000);
    expect(begun).toEqual([]);
    await proxy.restore();
    await eventually(async () => expect(await countJobs()).toBe(0));
    expect(begun).toEqual([false]);
  });

  it("survives it: a job that ended meanwhile is forgotten when the database is back, and others are done", async () => {
    const proxy = await startDatabaseProxy(database.url);
    closing.push(() => proxy.close());
    const ended: string[] = [];
    const { promise: isCut, resolve: cutIsDone } = Promise.withResolvers<void>();
    await startWorker(
      async (_payload, job) => {
        if (ended.length === 0) await isCut;
        ended.push(job.id);
      },
      { url: proxy.url, name: "cut" },
    );
    await add("first");
    await eventually(async () => {
      const { rows } = await database.pool.query("select 1 from graphile_worker._private_jobs where locked_at is not null");
      expect(rows).toHaveLength(1);
    });
    await proxy.cut();
    cutIsDone();
    await eventually(() => expect(ended).toHaveLength(1));
    await delay(800);
    await proxy.restore();
    await add("second");
    await eventually(async () => expect(await countJobs()).toBe(0));
    expect(new Set(ended).size).toBe(2);
  });

  it("can end while it is away", async () => {
    const proxy = await startDatabaseProxy(database.url);
    closing.push(() => proxy.close());
    const held = holding();
    const worker = await startWorker(held.handler, { url: proxy.url, name: "away" });
    await add("key");
    await eventually(() => expect(held.jobs).toHaveLength(1));
    await proxy.cut();
    const begun = Date.now();
    await worker.stop(300);
    expect(Date.now() - begun).toBeLessThan(15_000); // the database never comes back
    expect(held.jobs[0]?.signal.aborted).toBe(true);
  });
});
