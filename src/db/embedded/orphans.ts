import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { isPidAlive, readCommandLine } from "./process-identity.js";
import type { ServerHome } from "./server-home.js";
import { clusterName } from "./server-settings.js";

/** How long processes without a postmaster have to notice it; most do at once, one in a long computation does not. */
const graceMs = 2_000;

/**
 * Waits for the processes that a killed postmaster left behind, and ends those that do not go: while one of them
 * lives, PostgreSQL rightly refuses to start on the same files. Their transactions are lost in any case.
 */
export async function endOrphans(home: ServerHome): Promise<void> {
  const deadline = Date.now() + graceMs;
  while (findOrphans(home).length > 0 && Date.now() < deadline) await delay(50);
  const orphans = findOrphans(home);
  for (const pid of orphans) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has just gone by itself.
    }
  }
  while (orphans.some(isPidAlive) && Date.now() < deadline + graceMs) await delay(20);
}

/** Only where the system shows process titles; elsewhere PostgreSQL's own refusal reaches the reader. */
function findOrphans(home: ServerHome): number[] {
  const title = `postgres: ${clusterName(home)}: `;
  let names: string[];
  try {
    names = readdirSync("/proc");
  } catch {
    return [];
  }
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  return pids.filter((pid) => readCommandLine(pid)?.[0]?.startsWith(title) === true && !isChildOfPostmaster(pid));
}

/** A copy of the data directory that was moved here may have the same title and a living postmaster. */
function isChildOfPostmaster(pid: number): boolean {
  try {
    const parent = /^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0";
    return readFileSync(`/proc/${parent}/comm`, "utf8").trim() === "postgres";
  } catch {
    return false;
  }
}
