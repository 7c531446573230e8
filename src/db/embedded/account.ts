import { readFile } from "node:fs/promises";
import type { Account } from "./child-process.js";
import { EmbeddedDatabaseError } from "./embedded-error.js";

/** `postgres` first: files of `nobody` are open to whatever else runs as nobody. */
const candidates = ["postgres", "nobody"];

/**
 * An existing unprivileged user to run PostgreSQL as when we are root. It must be in /etc/passwd: initdb refuses an
 * id without a name.
 */
export async function findUnprivilegedAccount(): Promise<Account> {
  const users = (await readFile("/etc/passwd", "utf8").catch(() => "")).split("\n").map((line) => line.split(":"));
  for (const name of candidates) {
    const user = users.find((fields) => fields[0] === name);
    const uid = Number(user?.[2]);
    const gid = Number(user?.[3]);
    if (Number.isInteger(uid) && Number.isInteger(gid) && uid > 0) return { uid, gid, name };
  }
  throw new EmbeddedDatabaseError(
    `PostgreSQL does not run as root, and this machine has none of the users ${candidates.join(", ")} to run it as. ` +
    "Start the gateway as an ordinary user, or set DATABASE_URL.");
}
