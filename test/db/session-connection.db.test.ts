import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { SessionConnection } from "../../src/db/index.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { eventually } from "../support/wait-for.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

let session: SessionConnection;
beforeEach(() => {
  session = new SessionConnection({ url: database.url, applicationName: "test-session" });
});
afterEach(() => session.close());

async function pids(): Promise<number[]> {
  const { rows } = await database.pool.query<{ pid: number }>("select pid from pg_stat_activity where application_name = 'test-session' and datname = current_database()");
  return rows.map((row) => row.pid);
}
async function terminate(): Promise<void> {
  for (const pid of await pids()) await database.pool.query("select pg_terminate_backend($1)", [pid]);
}

describe("a session", () => {
  it("is one connection that stays: what it locks is locked until it closes", async () => {
    await Promise.all([session.open(), session.open()]);
    await session.open();
    expect(session.isConnected).toBe(true);
    expect(await pids()).toHaveLength(1);
    await session.query("select pg_advisory_lock($1, $2)", [1, 2]);
    const isFree = async (): Promise<boolean> => {
      const { rows } = await database.pool.query<{ free: boolean }>("select pg_try_advisory_xact_lock(1, 2) as free");
      return rows[0]?.free ?? false;
    };
    expect(await isFree()).toBe(false);
    await session.close();
    expect(session.isConnected).toBe(false);
    await eventually(async () => expect(await isFree()).toBe(true));
    await expect(session.query("select 1")).rejects.toThrow(/not open/);
  });

  it("that breaks tells once, comes back by itself, and is set up anew before anyone uses it", async () => {
    const happened: string[] = [];
    session.onConnected(async (client) => {
      await client.query("set application_name = 'test-session'");
      happened.push("set up");
    });
    const stop = session.onLost(() => happened.push(`lost ${session.isConnected}`));
    await session.open();
    const [first] = await pids();
    await terminate();
    await eventually(() => expect(session.isConnected).toBe(true));
    await eventually(() => expect(happened).toEqual(["set up", "lost false", "set up"]));
    await eventually(() => expect(session.isConnected).toBe(true));
    expect(await pids()).not.toContain(first);
    stop();
    await terminate();
    await eventually(() => expect(happened).toEqual(["set up", "lost false", "set up", "set up"]));
  });

  it("fails the statement that was on its way, and answers again afterwards", async () => {
    await session.open();
    // Awaited from the start: the statement may fail before the answer to whoever ends the connection arrives.
    const failed = expect(session.query("select pg_sleep(20)")).rejects.toThrow();
    await terminate();
    await failed;
    await eventually(async () => expect(await session.query("select 1 as one")).toEqual([{ one: 1 }]));
  });

  it("goes on trying while it cannot be set up, and leaves no connection behind", async () => {
    let tries = 0;
    session.onConnected(() => {
      tries += 1;
      return tries === 1 || tries > 3 ? Promise.resolve() : Promise.reject(new Error("not yet"));
    });
    await session.open();
    await terminate();
    await eventually(() => expect(tries).toBe(4));
    await eventually(async () => expect(await pids()).toHaveLength(1));
    expect(session.isConnected).toBe(true);
  });

  it("does not come back once it is closed", async () => {
    await session.open();
    await terminate();
    await session.close();
    const marker = new pg.Client({ connectionString: database.url });
    await marker.connect();
    // Longer than it waits before it connects again.
    await marker.query("select pg_sleep(0.5)");
    await marker.end();
    expect(await pids()).toEqual([]);
    expect(session.isConnected).toBe(false);
  });
});
