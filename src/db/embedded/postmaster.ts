import { readFile, realpath, rm } from "node:fs/promises";
import { basename, isAbsolute, join } from "node:path";
import { errorCode } from "./embedded-error.js";
import { isPidAlive, readCommandLine } from "./process-identity.js";
import type { ServerHome } from "./server-home.js";

/** What a cluster's postmaster.pid and the process it names say about the server. */
export type ServerState =
  | { readonly kind: "running"; readonly port: number; readonly pid: number }
  /** Starting, recovering, stopping, or its file is half written. */
  | { readonly kind: "changing"; readonly pid: number | null }
  | { readonly kind: "stopped" };

export async function inspectServer(home: ServerHome): Promise<ServerState> {
  const lines = await readPidFile(home);
  if (lines === null) return { kind: "stopped" };
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return { kind: "changing", pid: null };
  if (!isPidAlive(pid) || !await isOurPostmaster(pid, home)) return { kind: "stopped" };
  const port = Number(lines[3]);
  return lines[7]?.trim() === "ready" && port > 0 ? { kind: "running", port, pid } : { kind: "changing", pid };
}

/**
 * Removes the postmaster.pid of a server that is gone. PostgreSQL does so itself unless the pid lives: as a zombie, or
 * as another process of the same user. Callers hold the start lock and have seen "stopped". A server of whose
 * processes one is left still cannot be joined by a second: they hold its shared memory, which PostgreSQL checks.
 */
export async function removeStalePidFile(home: ServerHome): Promise<void> {
  await rm(pidFile(home), { force: true });
}

function pidFile(home: ServerHome): string {
  return join(home.cluster, "postmaster.pid");
}

async function readPidFile(home: ServerHome): Promise<readonly string[] | null> {
  try {
    return (await readFile(pidFile(home), "utf8")).split("\n");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  }
}

/**
 * Whether this living process is the server of our cluster and not one that got its pid later. In doubt it is ours:
 * then nothing is started, and connecting to it tells.
 */
async function isOurPostmaster(pid: number, home: ServerHome): Promise<boolean> {
  const command = readCommandLine(pid);
  if (command === null) return true;
  if (basename(command[0] ?? "") !== "postgres") return false;
  const flag = command.indexOf("-D");
  const servedDirectory = flag < 0 ? undefined : command[flag + 1];
  if (servedDirectory === undefined || !isAbsolute(servedDirectory)) return true;
  const real = await realpath(servedDirectory).catch((error: unknown) => errorCode(error) ?? "");
  if (real === await realpath(home.cluster)) return true;
  // Its directory is gone: ours was moved while the server ran. It exists: ours is a copy of it, or it is a stranger.
  return real === "ENOENT";
}
