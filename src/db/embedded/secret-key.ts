import { randomBytes, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeDataDir } from "./data-dir.js";
import { EmbeddedDatabaseError, errorCode, explainingFileErrors } from "./embedded-error.js";

const keyBytes = 32;
const presentFile = "secret.key";
/** The key of before, for as long as something may still be sealed under it. */
const previousFile = "secret.key.previous";

/**
 * The secret key of a data directory: 32 random bytes as base64 in `secret.key`, readable by the starter alone. Makes
 * the directory and the key when they are missing; of several processes that do so at once, one key wins and all
 * answer it. Throws EmbeddedDatabaseError when the directory cannot be used or the file holds something else. Safe to repeat.
 */
export function loadOrCreateSecretKey(dataDir: string): Promise<string> {
  return explainingFileErrors(dataDir, async () => {
    const directory = await makeDataDir(dataDir);
    const path = join(directory, presentFile);
    return await readKey(path) ?? await createKey(directory, path);
  });
}

async function readKey(path: string): Promise<string | null> {
  let text: string;
  try {
    text = (await readFile(path, "utf8")).trim();
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  }
  if (Buffer.from(text, "base64").toString("base64") !== text || Buffer.byteLength(text, "base64") !== keyBytes) {
    throw new EmbeddedDatabaseError(
      `${path} does not hold a key of ${keyBytes} bytes in base64. Restore it from a backup; ` +
      "if it is removed, a new key is made and everything stored under the old one becomes unreadable.");
  }
  return text;
}

/**
 * The keys of a data directory as they are at this moment: the present one, then the one of before where a rotation is
 * under way. Waits for the disk: for the rare moments at which a secret is sealed, or was sealed by another process.
 */
export function readSecretKeys(dataDir: string): readonly string[] {
  const read = (name: string): string[] => {
    try {
      return [readFileSync(join(dataDir, name), "utf8").trim()];
    } catch (error) {
      if (errorCode(error) === "ENOENT") return [];
      throw error;
    }
  };
  // The previous one last and read last: a rotation writes it before it makes another one the present key.
  return [...new Set([...read(presentFile), ...read(previousFile)])];
}

/**
 * Makes a new key the present one and keeps the one of before beside it until `endKeyRotation`. Cut off at any point it
 * leaves both readable, and goes on when it is called again: what is under way is not begun anew.
 */
export function beginKeyRotation(dataDir: string): Promise<void> {
  return explainingFileErrors(dataDir, async () => {
    const present = await loadOrCreateSecretKey(dataDir);
    const previous = await readKey(join(dataDir, previousFile));
    if (previous !== null && previous !== present) return;
    if (previous === null) await replaceFile(dataDir, previousFile, present);
    await replaceFile(dataDir, presentFile, randomBytes(keyBytes).toString("base64"));
  });
}

/** Forgets the key of before: nothing is sealed under it any more. Safe to repeat. */
export async function endKeyRotation(dataDir: string): Promise<void> {
  await rm(join(dataDir, previousFile), { force: true });
}

/** Written aside and renamed: a process that reads at this moment sees the old text or the new one. */
async function replaceFile(directory: string, name: string, text: string): Promise<void> {
  const draft = join(directory, `${name}.${randomUUID()}`);
  try {
    await writeFile(draft, `${text}\n`, { mode: 0o600, flag: "wx", flush: true });
    await rename(draft, join(directory, name));
  } finally {
    await rm(draft, { force: true });
  }
}

/** Written aside and linked: a process that reads at this moment sees no key or a whole one. */
async function createKey(directory: string, path: string): Promise<string> {
  const draft = join(directory, `secret.key.${randomUUID()}`);
  try {
    await writeFile(draft, `${randomBytes(keyBytes).toString("base64")}\n`, { mode: 0o600, flag: "wx", flush: true });
    await link(draft, path).catch((error: unknown) => {
      if (errorCode(error) !== "EEXIST") throw error;
    });
  } finally {
    await rm(draft, { force: true });
  }
  const key = await readKey(path);
  if (key === null) throw new EmbeddedDatabaseError(`${path} was removed while the gateway made it. Start again.`);
  return key;
}
