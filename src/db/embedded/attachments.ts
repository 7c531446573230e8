import { randomUUID } from "node:crypto";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { formatIdentity, isSameProcessAlive, ownIdentity, parseIdentity } from "./process-identity.js";

/**
 * Who uses the server: one empty file per open handle, the process in its name. Names instead of contents, because a
 * name is there at once or not at all. Callers hold the start lock, so that nobody attaches while the last one stops
 * the server.
 */
export async function attach(directory: string): Promise<string> {
  const name = `${formatIdentity(ownIdentity())}.${randomUUID()}`;
  await writeFile(join(directory, name), "", { mode: 0o600, flag: "wx" });
  return name;
}

export async function detach(directory: string, name: string): Promise<void> {
  await rm(join(directory, name), { force: true });
}

/** Handles of living processes; forgets those of dead ones. */
export async function countAttached(directory: string): Promise<number> {
  let count = 0;
  for (const name of await readdir(directory)) {
    const owner = parseIdentity(name);
    if (owner !== null && isSameProcessAlive(owner)) count += 1;
    else await rm(join(directory, name), { force: true });
  }
  return count;
}
