import type { Db } from "../db/index.js";

/** Reads with one view of the data, so that a result that is stored between two statements is neither lost nor doubled. */
export function inSnapshot<T>(db: Db, read: (snapshot: Db) => Promise<T>): Promise<T> {
  if (db.isTransaction) return read(db);
  return db.transaction().setIsolationLevel("repeatable read").setAccessMode("read only").execute(read);
}
