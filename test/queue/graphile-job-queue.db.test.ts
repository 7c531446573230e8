import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { GraphileJobQueue, type NewJob } from "../../src/queue/index.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";

const queue = new GraphileJobQueue();
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(() => database.pool.query("truncate graphile_worker._private_jobs"));

interface StoredJob {
  readonly id: string;
  readonly task: string;
  readonly key: string | null;
  readonly payload: unknown;
  readonly isAvailable: boolean;
  readonly runAt: Date;
}
async function jobs(): Promise<StoredJob[]> {
  const { rows } = await database.pool.query<StoredJob>(`
    select jobs.id::text, tasks.identifier as task, key, payload, is_available as "isAvailable", run_at as "runAt"
    from graphile_worker._private_jobs jobs join graphile_worker._private_tasks tasks on tasks.id = jobs.task_id order by jobs.id`);
  return rows;
}
const job = (number: number, more: Partial<NewJob> = {}): NewJob => ({ name: "greet", payload: { number }, key: "one", ...more });
/** As a worker would. */
const startWork = (id: string): Promise<unknown> => database.pool.query("update graphile_worker._private_jobs set locked_at = now(), locked_by = 'pool-test', attempts = 1 where id = $1", [id]);
const crash = (): Promise<unknown> => database.pool.query("select graphile_worker.force_unlock_workers(array['pool-test'])");

describe("enqueue", () => {
  it("adds any number of jobs in one statement, and none in none", async () => {
    database.statements.length = 0;
    await queue.enqueue(database.db, []);
    expect(database.statements).toHaveLength(0);
    await queue.enqueue(database.db, Array.from({ length: 50 }, (_, number) => job(number, { key: `key ${number}`, payload: { number, text: 'q"\\\'}{ é' } })));
    expect(database.statements).toHaveLength(1);
    const stored = await jobs();
    expect(stored).toHaveLength(50);
    expect(stored[7]).toMatchObject({ task: "greet", key: "key 7", payload: { number: 7, text: 'q"\\\'}{ é' }, isAvailable: true });
  });

  it("takes part in the transaction: the jobs exist when it commits, and only then", async () => {
    await expect(
      database.db.transaction().execute(async (trx) => {
        await queue.enqueue(trx, [job(1)]);
        throw new Error("no");
      }),
    ).rejects.toThrow("no");
    expect(await jobs()).toEqual([]);
    await database.db.transaction().execute(async (trx) => {
      await queue.enqueue(trx, [job(1)]);
      expect(await jobs()).toEqual([]);
    });
    expect(await jobs()).toHaveLength(1);
  });

  it("replaces the job that waits under the key, its time included", async () => {
    const later = new Date(Date.now() + 3_600_000);
    await queue.enqueue(database.db, [job(1, { runAt: later })]);
    await queue.enqueue(database.db, [job(2)]);
    const [only, ...others] = await jobs();
    expect(others).toEqual([]);
    expect(only?.payload).toEqual({ number: 2 });
    expect(only?.runAt.getTime()).toBeLessThan(later.getTime() - 1_000_000);
    await queue.enqueue(database.db, [job(3, { runAt: later })]);
    expect(await jobs()).toMatchObject([{ payload: { number: 3 }, runAt: later }]);
  });

  it("lets one job wait beside the one that runs, which is then not run again", async () => {
    await queue.enqueue(database.db, [job(1)]);
    const [running] = await jobs();
    await startWork(running?.id ?? "");
    await queue.enqueue(database.db, [job(2)]);
    await queue.enqueue(database.db, [job(3)]);
    expect(await jobs()).toMatchObject([{ id: running?.id, payload: { number: 1 } }, { payload: { number: 3 }, isAvailable: true }]);
    await crash();
    expect((await jobs()).filter((each) => each.isAvailable)).toMatchObject([{ payload: { number: 3 } }]);
  });

  it("makes a crashed job available again when none waits under its key", async () => {
    await queue.enqueue(database.db, [job(1)]);
    const [running] = await jobs();
    await startWork(running?.id ?? "");
    expect((await jobs())[0]?.isAvailable).toBe(false);
    await crash();
    expect(await jobs()).toMatchObject([{ id: running?.id, isAvailable: true, payload: { number: 1 } }]);
  });
});

describe("isRunning", () => {
  it("is true from the start of the work until it ends", async () => {
    await queue.enqueue(database.db, [job(1)]);
    const [stored] = await jobs();
    const id = stored?.id ?? "";
    expect(await queue.isRunning(database.db, id)).toBe(false);
    await startWork(id);
    expect(await queue.isRunning(database.db, id)).toBe(true);
    await crash();
    expect(await queue.isRunning(database.db, id)).toBe(false);
    await database.pool.query("delete from graphile_worker._private_jobs");
    expect(await queue.isRunning(database.db, id)).toBe(false);
  });
});

describe("a job whose workers are killed", () => {
  it("is still there after more kills than the queue's library gives attempts", async () => {
    await queue.enqueue(database.db, [job(1)]);
    await database.pool.query("update graphile_worker._private_jobs set attempts = 200");
    expect(await jobs()).toMatchObject([{ isAvailable: true }]);
  });
});

describe("hasWaiting", () => {
  it("is true while a job could start now: not one that runs, nor one for later, nor one that failed for good", async () => {
    expect(await queue.hasWaiting(database.db)).toBe(false);
    await queue.enqueue(database.db, [job(1, { runAt: new Date(Date.now() + 60_000) })]);
    expect(await queue.hasWaiting(database.db)).toBe(false);
    await queue.enqueue(database.db, [job(1)]);
    expect(await queue.hasWaiting(database.db)).toBe(true);
    const [stored] = await jobs();
    await startWork(stored?.id ?? "");
    expect(await queue.hasWaiting(database.db)).toBe(false);
    await crash();
    expect(await queue.hasWaiting(database.db)).toBe(true);
    await database.pool.query("update graphile_worker._private_jobs set attempts = max_attempts");
    expect(await queue.hasWaiting(database.db)).toBe(false);
  });
});
