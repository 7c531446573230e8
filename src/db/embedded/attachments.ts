import { randomUUID } from "node:crypto";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isPresent, startBeating } from "./presence.js";
import { formatIdentity, isOfOurWorld, ownIdentity, parseIdentity } from "./process-identity.js";

/** One use of the server by one process. */
export interface Attachment {
  detach(): Promise<void>;
}

/**
 * Who uses the server: one empty file per open handle, the process in its name. Names instead of contents, because a
 * name is there at once or not at all. Callers of everything here hold the start lock, so that nobody attaches while
 * the last one stops the server.
 */
export async function attach(directory: string): Promise<Attachment> {
  const path = join(directory, `${formatIdentity(ownIdentity())}.${randomUUID()}`);
  await writeFile(path, "", { mode: 0o600, flag: "wx" });
  const stopBeating = startBeating(path);
  return {
    async detach() {
      stopBeating();
      await rm(path, { force: true });
    },
  };
}

/** Handles of living processes, of which some may be in other containers; forgets those of dead ones. */
export async function countAttached(directory: string): Promise<{ all: number; elsewhere: number }> {
  const count = { all: 0, elsewhere: 0 };
  for (const name of await readdir(directory)) {
    const owner = parseIdentity(name);
    if (owner === null || !await isPresent(owner, join(directory, name))) {
      await rm(join(directory, name), { force: true });
      continue;
    }
    count.all += 1;
    if (!isOfOurWorld(owner)) count.elsewhere += 1;
  }
  return count;
}
