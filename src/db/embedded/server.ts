import { constants } from "node:fs";
import { open, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Binaries } from "./binaries.js";
import { runChild } from "./child-process.js";
import { EmbeddedDatabaseError } from "./embedded-error.js";
import { endOrphans } from "./orphans.js";
import { inspectServer, removeStalePidFile } from "./postmaster.js";
import type { ServerHome } from "./server-home.js";
import { findFreePort } from "./server-port.js";
import { readLastPort, writeSettings } from "./server-settings.js";

/** Long enough to replay max_wal_size of changes on a slow disk; shorter would call a recovering server broken. */
export const startTimeoutMs = 300_000;
const stopTimeoutMs = 60_000;
const attempts = 5;
const largestLogBytes = 10 * 1024 * 1024;

/**
 * Starts the stopped server. Returns when it takes connections, or when another process turns out to be starting it;
 * inspectServer tells. Callers hold the start lock.
 */
export async function startServer(home: ServerHome, binaries: Binaries): Promise<void> {
  const logFile = join(home.logs, "postgres.log");
  await rotateLog(logFile);
  let failure = "";
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const logStart = await sizeOf(logFile);
    await removeStalePidFile(home);
    await writeSettings(home, await findFreePort(await readLastPort(home)));
    const result = await runChild(binaries.pgCtl,
      ["start", "-D", home.cluster, "-l", logFile, "-w", "-t", String(startTimeoutMs / 1000), "-s"],
      { timeoutMs: startTimeoutMs + 10_000, account: home.account, env: binaries.env });
    if (result.status === 0) return;
    failure = `${result.output.trim()}\n${await readLogTail(logFile, logStart)}`;
    // A start that a killed process left under way got there first.
    if ((await inspectServer(home)).kind !== "stopped") return;
    if (/shared memory block .* is still in use/.test(failure)) await endOrphans(home);
    // Without a word of its own it was killed while it started; that is no reason to give up.
    else if (/FATAL|PANIC/.test(failure) && !/Address already in use/.test(failure)) break;
    else await delay(100);
  }
  throw startFailed(home, logFile, failure);
}

/** Stops the server, ending its connections; immediately when it does not stop in time. Safe to repeat. */
export async function stopServer(home: ServerHome, binaries: Binaries): Promise<void> {
  let output = "";
  for (const mode of ["fast", "immediate"]) {
    if ((await inspectServer(home)).kind === "stopped") return;
    const result = await runChild(binaries.pgCtl,
      ["stop", "-D", home.cluster, "-m", mode, "-w", "-t", String(stopTimeoutMs / 1000), "-s"],
      { timeoutMs: stopTimeoutMs + 10_000, account: home.account, env: binaries.env });
    if (result.status === 0) return;
    output = result.output;
  }
  if ((await inspectServer(home)).kind === "stopped") return;
  throw new EmbeddedDatabaseError(`The database server in ${home.directory} does not stop: ${output.trim()}. Its process id is in ${join(home.cluster, "postmaster.pid")}.`);
}

function startFailed(home: ServerHome, logFile: string, failure: string): EmbeddedDatabaseError {
  let nextStep = "Correct that and start again, or set DATABASE_URL to a PostgreSQL 15 or later.";
  if (/No space left|Disk quota/i.test(failure)) nextStep = "The disk is full: free some space and start again.";
  if (/Permission denied/.test(failure) && home.account !== undefined) {
    nextStep = `PostgreSQL runs as user ${home.account.name} there: let that user enter every directory above it, or move the data directory back.`;
  }
  return new EmbeddedDatabaseError(`The database server in ${home.directory} did not start. ${nextStep} Its log is ${logFile}:\n${failure.trim()}`);
}

/** The end of what the log says since `start`. Not through a link: the log's directory is the account's, and we may be root. */
async function readLogTail(path: string, start: number): Promise<string> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)).catch(() => null);
  if (file === null) return "(no log)";
  try {
    const from = Math.max(start, (await file.stat()).size - 4096);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4096), 0, 4096, from);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}

async function rotateLog(path: string): Promise<void> {
  if (await sizeOf(path) > largestLogBytes) await rename(path, `${path}.1`);
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.size ?? 0;
}
