import { runMigrations } from "graphile-worker";
import type { Pool } from "pg";

/** Brings the queue's own tables (schema graphile_worker) up to date. Safe to call from many processes at once. */
export async function migrateQueue(pool: Pool): Promise<void> {
  await runMigrations({ pgPool: pool });
}
