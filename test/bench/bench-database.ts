import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pool } from "pg";
import pg from "pg";
import { migrations } from "../../migrations/index.js";
import { SHARED_TABLES } from "../../src/app/shared-tables.js";
import { openEmbeddedDatabase } from "../../src/db/embedded/index.js";
import { createDatabaseClient, type Db, migrateToLatest } from "../../src/db/index.js";

export interface BenchDatabase {
  readonly db: Db;
  readonly pool: Pool;
  readonly url: string;
}

/** A migrated database of its own on TEST_DATABASE_URL, else on an embedded server of its own; dropped in the end. */
export async function withBenchDatabase(act: (database: BenchDatabase) => Promise<void>): Promise<void> {
  const server = await openServer();
  const name = `assay_bench_${process.pid}`;
  const admin = new pg.Client({ connectionString: server.url });
  await admin.connect();
  await admin.query(`create database ${name}`);
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  const client = createDatabaseClient({ url: url.href, maxConnections: 10, applicationName: "assay-bench", statementTimeoutMs: 0, sharedTables: SHARED_TABLES });
  try {
    await migrateToLatest(client.db, migrations);
    await act({ db: client.db, pool: client.pool, url: url.href });
  } finally {
    await client.close();
    await admin.query(`drop database ${name} with (force)`);
    await admin.end();
    await server.close();
  }
}

async function openServer(): Promise<{ url: string; close: () => Promise<void> }> {
  const given = process.env["TEST_DATABASE_URL"];
  if (given !== undefined && given !== "") return { url: given, close: () => Promise.resolve() };
  const dataDir = await mkdtemp(join(tmpdir(), "assay-bench-"));
  await chmod(dataDir, 0o711); // as root the server runs as another user
  const embedded = await openEmbeddedDatabase({ dataDir });
  return {
    url: embedded.url,
    close: async () => {
      await embedded.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
