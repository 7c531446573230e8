import { ConfigError, readConfig } from "../config/config.js";
import { createLogger } from "../log.js";
import { migrateDatabase } from "./storage.js";

/** Migrates DATABASE_URL and says what ran. The embedded database needs no such step: every start migrates it. */
export async function runMigrate(): Promise<void> {
  const config = readConfig();
  if (config.databaseUrl === null) throw new ConfigError(["DATABASE_URL is needed to migrate; the embedded database is migrated at every start."]);
  const log = createLogger({ level: config.logLevel, service: "migrate", pretty: process.stderr.isTTY });
  const applied = await migrateDatabase(config.databaseUrl, log);
  process.stdout.write(applied.length === 0 ? "The database is up to date.\n" : `Applied ${applied.join(", ")}.\n`);
}
