import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { migrations } from "../../migrations/index.js";
import { SHARED_TABLES } from "../../src/app/shared-tables.js";
import { createDatabaseClient, migrateToLatest } from "../../src/db/index.js";
import { migrateQueue } from "../../src/queue/index.js";

declare module "vitest" {
  interface ProvidedContext {
    /** A server that may create databases; "template" there is migrated. */
    databaseUrl: string;
    templateDatabase: string;
  }
}

// Named for the process: several test runs may share a server.
const TEMPLATE = `assay_test_template_${process.pid}`;

interface Server {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** TEST_DATABASE_URL, else (TEST_DATABASE=containers) PostgreSQL in a container, else the embedded server in a temporary folder. */
async function startServer(): Promise<Server> {
  const given = process.env["TEST_DATABASE_URL"];
  if (given !== undefined && given !== "") return { url: given, stop: () => Promise.resolve() };
  if (process.env["TEST_DATABASE"] === "containers") return (await import("./containers.js")).startContainerDatabase();
  const { openEmbeddedDatabase } = await import("../../src/db/embedded/index.js");
  const dataDir = await mkdtemp(join(tmpdir(), "assay-test-"));
  // As root the server runs as another user, which must get in: else its files would lie elsewhere and stay.
  await chmod(dataDir, 0o711);
  const embedded = await openEmbeddedDatabase({ dataDir });
  return {
    url: embedded.url,
    stop: async () => {
      await embedded.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Starts the server once for all test files and migrates the template that each file clones. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startServer();
  const admin = createDatabaseClient({ url: server.url, maxConnections: 1, applicationName: "assay-test", statementTimeoutMs: 0, sharedTables: SHARED_TABLES });
  await admin.pool.query(`drop database if exists ${TEMPLATE} with (force)`);
  await admin.pool.query(`create database ${TEMPLATE}`);
  await admin.close();
  const url = new URL(server.url);
  url.pathname = `/${TEMPLATE}`;
  const template = createDatabaseClient({ url: url.href, maxConnections: 2, applicationName: "assay-test", statementTimeoutMs: 0, sharedTables: SHARED_TABLES });
  await migrateToLatest(template.db, migrations);
  await migrateQueue(template.pool);
  await template.close();
  project.provide("databaseUrl", server.url);
  project.provide("templateDatabase", TEMPLATE);
  return async () => {
    const cleaner = createDatabaseClient({ url: server.url, maxConnections: 1, applicationName: "assay-test", statementTimeoutMs: 0, sharedTables: SHARED_TABLES });
    await cleaner.pool.query(`drop database if exists ${TEMPLATE} with (force)`);
    await cleaner.close();
    await server.stop();
  };
}
