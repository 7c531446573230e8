import { randomBytes } from "node:crypto";
import pg from "pg";
import { inject, onTestFailed } from "vitest";
import { SHARED_TABLES } from "../../src/app/shared-tables.js";
import { createDatabaseClient, type DatabaseClient } from "../../src/db/index.js";

/** A database of one's own, cloned from the migrated template, with a log of its statements. */
export interface TestDatabase extends DatabaseClient {
  readonly url: string;
  /** The statements since the last call of `clear`. */
  readonly statements: string[];
  /** Ends the connections and drops the database (it is kept when `keep` was called, as a failed test does). */
  drop(): Promise<void>;
  keep(): void;
}

async function administer(run: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: inject("databaseUrl") });
  await client.connect();
  try {
    await run(client);
  } finally {
    await client.end();
  }
}

/** Clones the template: 20 to 70 ms. Call it in `beforeAll` and `drop` it in `afterAll`. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `assay_test_${randomBytes(6).toString("hex")}`;
  // Clones of one template exclude each other: an advisory lock makes concurrent files wait instead of fail.
  await administer(async (client) => {
    await client.query("select pg_advisory_lock(7003)");
    await client.query(`create database ${name} template ${inject("templateDatabase")}`);
  });
  const url = new URL(inject("databaseUrl"));
  url.pathname = `/${name}`;
  const statements: string[] = [];
  const client = createDatabaseClient({
    url: url.href,
    maxConnections: 10,
    applicationName: "assay-test",
    statementTimeoutMs: 60_000,
    sharedTables: SHARED_TABLES,
    onQuery: (sql) => statements.push(sql),
  });
  let kept = false;
  return {
    ...client,
    url: url.href,
    statements,
    keep: () => {
      kept = true;
    },
    drop: async () => {
      await client.close();
      if (kept) process.stderr.write(`kept database ${name} of a failed test\n`);
      else await administer((admin) => admin.query(`drop database ${name} with (force)`));
    },
  };
}

/** In a test: keeps the database for a look when the test fails. */
export function keepOnFailure(database: TestDatabase): void {
  onTestFailed(() => {
    database.keep();
  });
}
