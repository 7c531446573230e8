import { readFileSync } from "node:fs";

/**
 * A process, told apart from a later one with the same pid by when it started. `startedAt` is opaque and holds
 * only [0-9a-f-], so that an identity can be part of a file name.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startedAt: string;
}

/** Where the system does not tell us the start time, a reused pid looks alive; it clears with that process. */
const unknownStart = "0";

export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, startedAt: readStart(process.pid)?.startedAt ?? unknownStart };
}

export function formatIdentity(identity: ProcessIdentity): string {
  return `${identity.pid}.${identity.startedAt}`;
}

/** Reads what formatIdentity wrote; null for anything else, such as a file emptied by a power failure. */
export function parseIdentity(text: string): ProcessIdentity | null {
  const match = /^(\d+)\.([0-9a-f-]+)/.exec(text);
  return match?.[1] === undefined || match[2] === undefined ? null : { pid: Number(match[1]), startedAt: match[2] };
}

export function isSameProcessAlive(identity: ProcessIdentity): boolean {
  if (!isPidAlive(identity.pid)) return false;
  const startedAt = readStart(identity.pid)?.startedAt;
  return startedAt === undefined || identity.startedAt === unknownStart || startedAt === identity.startedAt;
}

/**
 * Whether a process with this pid runs. A zombie does not: in a container whose first process reaps nobody, killed
 * processes stay zombies for ever.
 */
export function isPidAlive(pid: number): boolean {
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, and belongs to someone else.
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  return readStart(pid)?.isZombie !== true;
}

/** The program and arguments of a process; null where the system does not show them. */
export function readCommandLine(pid: number): readonly string[] | null {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    // Not Linux, or the process has just ended.
    return null;
  }
}

function readStart(pid: number): { startedAt: string; isZombie: boolean } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field, the program's name, may hold spaces and parentheses: count from the last one.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // Ticks since boot repeat after a reboot; the boot id does not.
    const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").slice(0, 8);
    return { startedAt: `${bootId}-${fields[19] ?? unknownStart}`, isZombie: fields[0] === "Z" || fields[0] === "X" };
  } catch {
    // Not Linux, or the process has just ended.
    return null;
  }
}
