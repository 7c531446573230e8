import { mkdir } from "node:fs/promises";
import { migrations } from "../../migrations/index.js";
import type { Config } from "../config/config.js";
import { createDatabaseClient, type DatabaseClient, migrateToLatest, pendingMigrations } from "../db/index.js";
import { type EmbeddedDatabase, loadOrCreateSecretKey, openEmbeddedDatabase, readSecretKeys } from "../db/embedded/index.js";
import type { Logger } from "../log.js";
import { migrateQueue } from "../queue/index.js";
import { SHARED_TABLES } from "./shared-tables.js";

/** A statement of a request or a batch of results that takes longer is cut off: something is wrong with it. */
const STATEMENT_TIMEOUT_MS = 30_000;
const MAX_CONNECTIONS = 20;
/** How often a process looks whether the embedded server is there, and restarts it if not. */
const WATCH_MS = 1_000;

/** The database of a process, with the key that seals credentials in it. */
export interface Storage {
  readonly client: DatabaseClient;
  readonly url: string;
  readonly isEmbedded: boolean;
  readonly secretKey: Buffer;
  /** Older keys that still open what they sealed. */
  readonly previousSecretKeys: readonly Buffer[];
  /** The keys as they are now, the present one first; null where they come from the environment and stay. */
  readonly readSecretKeys: (() => readonly Buffer[]) | null;
  close(): Promise<void>;
}

/** The database is there but its schema is not up to date. */
export class NotMigratedError extends Error {
  constructor(pending: readonly string[]) {
    super(`The database lacks ${pending.length} migrations (from ${pending[0] ?? ""} on). Run: npm run migrate`);
    this.name = "NotMigratedError";
  }
}

/** Opens DATABASE_URL, which must be migrated, or the embedded database, which is migrated here. */
export async function openStorage(config: Config, service: string, log: Logger): Promise<Storage> {
  return config.databaseUrl === null ? openEmbedded(config, service, log) : openExternal(config, config.databaseUrl, service, log);
}

async function openExternal(config: Config, url: string, service: string, log: Logger): Promise<Storage> {
  const client = connect(url, service, log);
  try {
    const pending = await pendingMigrations(client.db, migrations);
    if (pending.length > 0) throw new NotMigratedError(pending);
  } catch (error) {
    await client.close();
    throw error;
  }
  if (config.secretKey === null) throw new Error("SECRET_KEY is needed with DATABASE_URL."); // readConfig has refused this
  return { client, url, isEmbedded: false, secretKey: config.secretKey, previousSecretKeys: config.previousSecretKeys, readSecretKeys: null, close: () => client.close() };
}

async function openEmbedded(config: Config, service: string, log: Logger): Promise<Storage> {
  await mkdir(config.dataDir, { recursive: true });
  const embedded = await openEmbeddedDatabase({ dataDir: config.dataDir, log: (message) => log.info(message) });
  const { url } = embedded;
  try {
    await migrateDatabase(url, log);
    const keys = await embeddedKeys(config);
    const client = connect(url, service, log);
    const watch = watchEmbedded(embedded, log);
    return {
      client,
      url,
      isEmbedded: true,
      ...keys,
      close: async () => {
        watch.stop();
        await client.close();
        await embedded.close();
      },
    };
  } catch (error) {
    await embedded.close();
    throw error;
  }
}

/** Those of the environment, else the files of the data directory, which `rotate-secret-key` may change at any time. */
async function embeddedKeys(config: Config): Promise<Pick<Storage, "secretKey" | "previousSecretKeys" | "readSecretKeys">> {
  if (config.secretKey !== null) return { secretKey: config.secretKey, previousSecretKeys: config.previousSecretKeys, readSecretKeys: null };
  const decode = (key: string): Buffer => Buffer.from(key, "base64");
  const secretKey = decode(await loadOrCreateSecretKey(config.dataDir));
  const read = (): readonly Buffer[] => readSecretKeys(config.dataDir).map(decode);
  return { secretKey, previousSecretKeys: [...read(), ...config.previousSecretKeys], readSecretKeys: () => [...read(), ...config.previousSecretKeys] };
}

function connect(url: string, service: string, log: Logger): DatabaseClient {
  return createDatabaseClient({
    url,
    maxConnections: MAX_CONNECTIONS,
    applicationName: `assay-${service}`,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    sharedTables: SHARED_TABLES,
    onConnectionError: (error) => log.warn({ err: error }, "a database connection broke"),
  });
}

function watchEmbedded(embedded: EmbeddedDatabase, log: Logger): { stop: () => void } {
  const timer = setInterval(() => {
    embedded.ensureRunning().catch((error: unknown) => log.error({ err: error }, "the embedded database is gone and could not be restarted"));
  }, WATCH_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

/** Brings a database's schema and queue up to date; answers the migrations that ran. Safe to call at once from many processes. */
export async function migrateDatabase(url: string, log: Logger): Promise<readonly string[]> {
  const client = createDatabaseClient({ url, maxConnections: 2, applicationName: "assay-migrate", statementTimeoutMs: 0, sharedTables: SHARED_TABLES });
  try {
    const applied = await migrateToLatest(client.db, migrations);
    await migrateQueue(client.pool);
    if (applied.length > 0) log.info({ migrations: applied }, "migrated the database");
    return applied;
  } finally {
    await client.close();
  }
}
