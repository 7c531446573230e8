import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { migrations } from "../../migrations/index.js";
import { SHARED_TABLES } from "../../src/app/shared-tables.js";
import { createDatabaseClient, migrateToLatest, pendingMigrations, systemScope } from "../../src/db/index.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { givenOwner } from "../support/seed-design.js";
import { eventually } from "../support/wait-for.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const options = (more: object = {}) => ({ url: database.url, maxConnections: 2, applicationName: "test-client", statementTimeoutMs: 0, sharedTables: SHARED_TABLES, ...more });

describe("a database client", () => {
  it("reads whole numbers, times and JSON as JavaScript has them, and rewrites no key inside JSON", async () => {
    const { rows } = await sql<Record<string, unknown>>`select 9007199254740991::bigint as big_number, count(*) as row_count, '2026-01-02T03:04:05.678Z'::timestamptz as made_at, '{"max_tokens": {"inner_key": [1]}}'::jsonb as some_json`.execute(systemScope(database.db));
    expect(rows).toEqual([{ bigNumber: 9007199254740991, rowCount: 1, madeAt: new Date("2026-01-02T03:04:05.678Z"), someJson: { max_tokens: { inner_key: [1] } } }]);
  });

  it("connects when it is first asked, and ends also when it never was", async () => {
    const unused = createDatabaseClient(options({ url: "postgres://u:p@127.0.0.1:9/none" }));
    await unused.close();
    const once = createDatabaseClient(options());
    await once.pool.query("select 1");
    await once.close();
  });

  it("cuts off a statement at its limit", async () => {
    const hasty = createDatabaseClient(options({ statementTimeoutMs: 50 }));
    await expect(hasty.pool.query("select pg_sleep(5)")).rejects.toMatchObject({ code: "57014" });
    await hasty.close();
  });

  it("reports a connection that broke while nobody used it, and answers by another", async () => {
    const errors: Error[] = [];
    const client = createDatabaseClient(options({ applicationName: "test-breaking", onConnectionError: (error: Error) => errors.push(error) }));
    await client.pool.query("select 1");
    await database.pool.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'test-breaking' and datname = current_database()");
    await eventually(() => expect(errors.length).toBeGreaterThan(0));
    expect((await client.pool.query<{ one: number }>("select 1 as one")).rows).toEqual([{ one: 1 }]);
    await client.close();
  });

  it("tells each statement that it sends", async () => {
    database.statements.length = 0;
    await database.db.selectFrom("organizations").select("id").execute();
    expect(database.statements).toEqual(['select "id" from "organizations"']);
  });
});

describe("systemScope", () => {
  it("of a transaction stays inside it", async () => {
    const owner = await givenOwner(database.db);
    const projects = (): Promise<unknown[]> => systemScope(database.db).selectFrom("projects").select("id").where("name", "=", "inside").execute();
    await expect(
      database.db.transaction().execute(async (trx) => {
        await systemScope(trx).updateTable("projects").set({ name: "inside" }).where("id", "=", owner.projectId).execute();
        expect(await systemScope(trx).selectFrom("projects").select("id").where("name", "=", "inside").execute()).toHaveLength(1);
        expect(await projects()).toHaveLength(0);
        throw new Error("no");
      }),
    ).rejects.toThrow("no");
    expect(await projects()).toHaveLength(0);
  });
});

describe("migrations", () => {
  it("run once, however many processes begin at once, and tell what is left to run", async () => {
    await database.pool.query("drop schema if exists public cascade; create schema public");
    expect(await pendingMigrations(database.db, migrations)).toEqual(Object.keys(migrations));
    const clients = [1, 2, 3].map(() => createDatabaseClient(options()));
    const applied = await Promise.all(clients.map((client) => migrateToLatest(client.db, migrations)));
    expect(applied.flat()).toEqual(Object.keys(migrations));
    expect(await pendingMigrations(database.db, migrations)).toEqual([]);
    await Promise.all(clients.map((client) => client.close()));
  });

  it("that fail say which one, and leave those before it", async () => {
    const failing = { ...migrations, "9998_add_fine": { up: async (db: any) => void (await sql`create table fine (id int)`.execute(db)) }, "9999_add_broken": { up: async (db: any) => void (await sql`create table broken (id nonsense)`.execute(db)) } };
    await expect(migrateToLatest(database.db, failing)).rejects.toThrow(/9999_add_broken/);
    const left = await pendingMigrations(database.db, failing);
    expect(left).toContain("9999_add_broken");
  });
});
