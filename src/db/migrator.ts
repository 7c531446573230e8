import { type Migration, Migrator } from "kysely/migration";
import type { Db } from "./database.js";
import { systemScope } from "./tenant-guard.js";

/**
 * Brings the schema up to date and answers the names of the migrations that ran. Safe to call from many processes at
 * once: Kysely holds an advisory lock. Throws the first failure; what ran before it stays.
 */
export async function migrateToLatest(db: Db, migrations: Readonly<Record<string, Migration>>): Promise<readonly string[]> {
  const migrator = new Migrator({ db: systemScope(db), provider: { getMigrations: () => Promise.resolve({ ...migrations }) } });
  const { error, results } = await migrator.migrateToLatest();
  if (error !== undefined) throw new Error(`The migration ${results?.find((result) => result.status === "Error")?.migrationName ?? ""} failed.`, { cause: error });
  return (results ?? []).map((result) => result.migrationName);
}

/** The names of the migrations that have not run yet; all of them on an empty database. */
export async function pendingMigrations(db: Db, migrations: Readonly<Record<string, Migration>>): Promise<readonly string[]> {
  const migrator = new Migrator({ db: systemScope(db), provider: { getMigrations: () => Promise.resolve({ ...migrations }) } });
  const all = await migrator.getMigrations();
  return all.filter((migration) => migration.executedAt === undefined).map((migration) => migration.name);
}
