import { stat, utimes } from "node:fs/promises";
import { isOfOurWorld, isSameProcessAlive, type ProcessIdentity } from "./process-identity.js";

/**
 * A process of another container or machine that shares the data directory cannot be asked after by its pid; it is alive
 * while it touches its file. Shorter than this, a busy event loop would look dead; longer, a gateway in a container that
 * was killed and restarted would wait too long for its own predecessor.
 */
export const presenceTimeoutMs = 4_000;
const beatMs = 1_000;

/** Whether the process that left the file at `path` still runs. */
export async function isPresent(owner: ProcessIdentity, path: string): Promise<boolean> {
  if (isOfOurWorld(owner)) return isSameProcessAlive(owner);
  const touchedAt = await stat(path).then((stats) => stats.mtimeMs, () => 0);
  return Date.now() - touchedAt < presenceTimeoutMs;
}

/** Touches the file until the returned function is called. Does not keep the process alive. */
export function startBeating(path: string): () => void {
  const timer = setInterval(() => {
    const now = new Date();
    // Gone with its directory, or on a failing disk: then nobody else reads it either.
    utimes(path, now, now).catch(() => undefined);
  }, beatMs);
  timer.unref();
  return () => { clearInterval(timer); };
}
