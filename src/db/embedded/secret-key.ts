import { randomBytes, randomUUID } from "node:crypto";
import { link, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeDataDir } from "./data-dir.js";
import { EmbeddedDatabaseError, errorCode, explainingFileErrors } from "./embedded-error.js";

const keyBytes = 32;

/**
 * The secret key of a data directory: 32 random bytes as base64 in `secret.key`, readable by the starter alone. Makes
 * the directory and the key when they are missing; of several processes that do so at once, one key wins and all
 * answer it. Throws EmbeddedDatabaseError when the directory cannot be used or the file holds something else. Safe to repeat.
 */
export function loadOrCreateSecretKey(dataDir: string): Promise<string> {
  return explainingFileErrors(dataDir, async () => {
    const directory = await makeDataDir(dataDir);
    const path = join(directory, "secret.key");
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
