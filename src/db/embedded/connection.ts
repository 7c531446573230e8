import pg from "pg";
import { databaseName } from "./cluster.js";
import { EmbeddedDatabaseError, errorCode } from "./embedded-error.js";

const connectTimeoutMs = 5_000;

export interface Address {
  readonly port: number;
  readonly password: string;
}

/** Without TLS, and said so: PGSSLMODE in the environment would ask for it. */
export function databaseUrl({ port, password }: Address): string {
  return `postgresql://${databaseName}:${password}@127.0.0.1:${port}/${databaseName}?sslmode=disable`;
}

/**
 * Whether the server takes connections to the gateway's database, which is made when it is missing (the first start,
 * or one that was killed before it came this far). False: not now. Throws when it never will with this password.
 */
export async function canConnect(address: Address): Promise<boolean> {
  const code = await tryStatement(address, databaseName, "select 1");
  switch (code) {
    case null:
    case "53300": // Every connection is in use: it answers.
      return true;
    case "3D000": {
      const created = await tryStatement(address, "postgres", `create database ${databaseName}`);
      return created === null || created === "42P04";
    }
    case "28P01":
      throw new EmbeddedDatabaseError(`The database server on port ${address.port} does not accept the password kept in DATA_DIR/postgres/password. Restore that file from a backup of the same time as the database.`);
    default:
      return false;
  }
}

/** The code of the failure, null on success. */
async function tryStatement({ port, password }: Address, database: string, statement: string): Promise<string | null> {
  const client = new pg.Client({
    host: "127.0.0.1", port, user: databaseName, password, database, ssl: false,
    connectionTimeoutMillis: connectTimeoutMs, query_timeout: 30_000,
  });
  // A connection lost between statements is reported here; the statement's own failure tells us enough.
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query(statement);
    return null;
  } catch (error) {
    return errorCode(error) ?? "unknown";
  } finally {
    await client.end().catch(() => undefined);
  }
}
