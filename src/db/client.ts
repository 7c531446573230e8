import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { camelCasePlugin } from "./camel-case.js";
import type { Database, Db } from "./database.js";
import { TenantGuard } from "./tenant-guard.js";

// Counts and sequence numbers stay far below 2^53; as strings they would compare wrongly.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

/** A pool of connections with the query builder over it. */
export interface DatabaseClient {
  readonly db: Db;
  readonly pool: pg.Pool;
  close(): Promise<void>;
}

/** What a client needs to know. */
export interface DatabaseClientOptions {
  readonly url: string;
  /** Connections at the most. */
  readonly maxConnections: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  /** A statement that runs longer is cancelled; 0 for no limit. */
  readonly statementTimeoutMs: number;
  /** Tables without a tenant, by their camel-case names; every other table's queries must name the organization. */
  readonly sharedTables: readonly string[];
  /** Called once a statement, for tests that count them. */
  readonly onQuery?: (sql: string, parameters: readonly unknown[]) => void;
  /** Called when an idle connection breaks; the pool replaces it by itself. */
  readonly onConnectionError?: (error: Error) => void;
}

/** Opens a pool lazily: the first query connects. Both TIMESTAMPTZ and JSONB arrive parsed, BIGINT as a number. */
export function createDatabaseClient(options: DatabaseClientOptions): DatabaseClient {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.maxConnections,
    application_name: options.applicationName,
    statement_timeout: options.statementTimeoutMs,
    // Compiling a statement takes longer than running it: the planner overrates lists of big runs, whose LIMIT ends them early.
    options: "-c jit=off",
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  pool.on("error", (error) => options.onConnectionError?.(error));
  // A connection that breaks while it is checked out tells whoever waits on it; without a listener it would end the process.
  pool.on("connect", (client) => client.on("error", (error) => options.onConnectionError?.(error)));
  const db = new Kysely<Database>({
    dialect: new PostgresDialect({ pool }),
    // The guard comes first: it sees the names as the code writes them.
    plugins: [new TenantGuard(options.sharedTables), camelCasePlugin],
    ...(options.onQuery === undefined
      ? {}
      : { log: (event) => options.onQuery?.(event.query.sql, event.query.parameters) }),
  });
  return {
    db,
    pool,
    close: async () => {
      await db.destroy();
      // Kysely ends the pool only if it ran a query itself.
      if (!pool.ended) await pool.end();
    },
  };
}
