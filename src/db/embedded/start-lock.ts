import { randomUUID } from "node:crypto";
import { link, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { EmbeddedDatabaseError, errorCode } from "./embedded-error.js";
import { isPresent, startBeating } from "./presence.js";
import { formatIdentity, ownIdentity, parseIdentity } from "./process-identity.js";

/**
 * Dead generations kept below the one that is held. One is enough for the proof; the others cover a directory
 * listing that runs while generations change.
 */
const keptTombs = 4;

/**
 * Does `work` while this process alone holds the lock kept in `directory`.
 *
 * Node has no flock, and "remove the stale lock, then make mine" lets a slow process remove a lock that was made
 * after it looked. So a stale lock is never removed: the lock is the file with the highest number N, its owner
 * written inside. Whoever finds owner N dead links N+1, which only one process can do. The live owner releases by
 * removing its own file; a dead owner's file stays until a higher one exists, so that a process that looked long
 * ago and links a low number sees a higher one afterwards and withdraws.
 */
export async function withStartLock<T>(directory: string, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  const held = await acquire(directory, timeoutMs);
  const stopBeating = startBeating(held);
  try {
    return await work();
  } finally {
    stopBeating();
    await rm(held, { force: true });
  }
}

async function acquire(directory: string, timeoutMs: number): Promise<string> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const highest = await findHighest(directory);
    const owner = highest === 0 ? null : await readOwner(directory, highest);
    if (owner === "gone") continue;
    if (owner === null || !await isPresent(owner, join(directory, String(highest)))) {
      const held = await claimGeneration(directory, highest + 1);
      if (held !== null) return held;
      continue;
    }
    if (Date.now() > deadline) {
      throw new EmbeddedDatabaseError(
        `Process ${owner.pid} has been starting or stopping the database for over ${timeoutMs / 1000} s (${directory}). ` +
        "Wait for it, or end that process and start again.");
    }
    await delay(15 + Math.random() * 20);
  }
}

/** Tries to become the owner as this number; null when another process was there first. Exported for its test. */
export async function claimGeneration(directory: string, generation: number): Promise<string | null> {
  const path = join(directory, String(generation));
  const draft = join(directory, `draft-${randomUUID()}`);
  try {
    await writeFile(draft, formatIdentity(ownIdentity()), { mode: 0o644, flush: true });
    await link(draft, path);
  } catch (error) {
    if (errorCode(error) === "EEXIST") return null;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
  if (await findHighest(directory) !== generation) {
    await rm(path, { force: true });
    return null;
  }
  await removeLitter(directory, generation);
  return path;
}

async function findHighest(directory: string): Promise<number> {
  const names = await readdir(directory);
  return names.reduce((highest, name) => /^\d+$/.test(name) ? Math.max(highest, Number(name)) : highest, 0);
}

async function readOwner(directory: string, generation: number) {
  try {
    return parseIdentity(await readFile(join(directory, String(generation)), "utf8"));
  } catch (error) {
    // Released between listing and reading.
    if (errorCode(error) === "ENOENT") return "gone";
    throw error;
  }
}

/** Old tombs, and drafts of processes that were killed at that moment. */
async function removeLitter(directory: string, generation: number): Promise<void> {
  for (const name of await readdir(directory)) {
    const isOldTomb = /^\d+$/.test(name) && Number(name) < generation - keptTombs;
    if (isOldTomb || (name.startsWith("draft-") && await isLeftBehind(join(directory, name)))) {
      await rm(join(directory, name), { force: true });
    }
  }
}

async function isLeftBehind(draft: string): Promise<boolean> {
  const text = await readFile(draft, "utf8").catch(() => "");
  const writer = parseIdentity(text);
  // Unreadable or empty: it may be in the making. The litter of a power failure, one small file, may stay.
  return writer !== null && !await isPresent(writer, draft);
}
