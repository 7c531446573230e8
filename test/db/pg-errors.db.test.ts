import { createServer } from "node:net";
import { sql } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isForeignKeyViolation, isRetryable, systemScope, uniqueViolation } from "../../src/db/index.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await database.pool.query("create table parents (id int, constraint parents_key primary key (id)); create table children (parent_id int references parents (id)); insert into parents values (1)");
});
afterAll(() => database.drop());

async function errorOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => expect.unreachable("it succeeded"),
    (error: unknown) => error,
  );
}
const failing = (text: string): Promise<unknown> => errorOf(sql.raw(text).execute(systemScope(database.db)));

describe("PostgreSQL's errors", () => {
  it("name the violated unique constraint", async () => {
    const duplicate = await failing("insert into parents values (1)");
    expect(uniqueViolation(duplicate)).toBe("parents_key");
    expect(isRetryable(duplicate)).toBe(false);
    expect(isForeignKeyViolation(duplicate)).toBe(false);
  });

  it("tell a missing parent", async () => {
    const orphan = await failing("insert into children values (2)");
    expect(isForeignKeyViolation(orphan)).toBe(true);
    expect(uniqueViolation(orphan)).toBeNull();
  });

  it("are not retryable when the statement or its content is wrong", async () => {
    for (const text of ["select nothing", "select 1/0", String.raw`select '\x00'::bytea::text::int`, "select e'\\u0000'", "select 'x'::uuid"]) expect(isRetryable(await failing(text)), text).toBe(false);
    expect(isRetryable(new Error("The cursor is of another list."))).toBe(false);
    expect(isRetryable("Connection terminated")).toBe(false);
    expect(isRetryable(null)).toBe(false);
  });

  it("are retryable when the session was ended from outside, however pg words it", async () => {
    const client = new pg.Client({ connectionString: database.url });
    client.on("error", () => undefined);
    await client.connect();
    const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
    const running = errorOf(client.query("select pg_sleep(20)"));
    await database.pool.query("select pg_terminate_backend($1)", [rows[0]?.pid]);
    expect(isRetryable(await running)).toBe(true);
    expect(isRetryable(await errorOf(client.query("select 1")))).toBe(true);
    const ended = new pg.Client({ connectionString: database.url });
    await ended.connect();
    await ended.end();
    expect(isRetryable(await errorOf(ended.query("select 1")))).toBe(true);
  });

  it("are retryable when nobody listens or answers at the address", async () => {
    const closed = new pg.Client({ connectionString: "postgres://u:p@localhost:9/none" });
    expect(isRetryable(await errorOf(closed.connect()))).toBe(true);
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as { port: number };
    const client = new pg.Client({ connectionString: `postgres://u:p@127.0.0.1:${port}/none`, connectionTimeoutMillis: 100 });
    client.on("error", () => undefined);
    expect(isRetryable(await errorOf(client.connect()))).toBe(true);
    const pool = new pg.Pool({ connectionString: `postgres://u:p@127.0.0.1:${port}/none`, connectionTimeoutMillis: 100 });
    expect(isRetryable(await errorOf(pool.query("select 1")))).toBe(true);
    silent.close();
  });

  it("are retryable after a deadlock, a lock that is not to be had and a statement cut off by its timeout", async () => {
    const [first, second] = await Promise.all([database.pool.connect(), database.pool.connect()]);
    try {
      await first.query("begin; lock table parents");
      await second.query("begin; lock table children");
      expect(isRetryable(await errorOf(second.query("lock table parents nowait")))).toBe(true);
      await second.query("rollback; begin; lock table children");
      await second.query("set local statement_timeout = 100");
      expect(isRetryable(await errorOf(second.query("lock table parents")))).toBe(true);
      await second.query("rollback; begin; lock table children");
      const both = await Promise.allSettled([first.query("lock table children"), second.query("lock table parents")]);
      const [victim] = both.filter((result) => result.status === "rejected");
      expect(isRetryable(victim?.reason)).toBe(true);
    } finally {
      await Promise.all([first.query("rollback"), second.query("rollback")]);
      first.release();
      second.release();
    }
  });
});
