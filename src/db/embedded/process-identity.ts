import { readFileSync, readlinkSync } from "node:fs";

/**
 * A process, told apart from a later one with the same pid by when it started, and from one of another machine or
 * container by its world. `world` and `startedAt` are opaque and hold only [0-9a-f-], so that an identity can be part of
 * a file name.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly world: string;
  readonly startedAt: string;
}

/** Where the system does not tell, as on macOS: a reused pid looks alive until that process ends, and every world the same. */
const unknown = "0";

export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, world: ownWorld, startedAt: readStart(process.pid)?.startedAt ?? unknown };
}

export function formatIdentity({ pid, world, startedAt }: ProcessIdentity): string {
  return `${pid}.${world}.${startedAt}`;
}

/** Reads what formatIdentity wrote; null for anything else, such as a file emptied by a power failure. */
export function parseIdentity(text: string): ProcessIdentity | null {
  const [, pid, world, startedAt] = /^(\d+)\.([0-9a-f-]+)\.([0-9a-f]+)/.exec(text) ?? [];
  return pid === undefined || world === undefined || startedAt === undefined ? null : { pid: Number(pid), world, startedAt };
}

/** Whether the identity's pid means anything here: it was taken since this boot, in this container. */
export function isOfOurWorld(identity: ProcessIdentity): boolean {
  return identity.world === ownWorld;
}

/** Whether a process of our world still runs. */
export function isSameProcessAlive(identity: ProcessIdentity): boolean {
  if (!isPidAlive(identity.pid)) return false;
  const startedAt = readStart(identity.pid)?.startedAt;
  return startedAt === undefined || identity.startedAt === unknown || startedAt === identity.startedAt;
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

const ownWorld = readOwnWorld();

function readOwnWorld(): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").slice(0, 8);
    const namespace = Number(/\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? 0).toString(16);
    return `${boot}-${namespace}`;
  } catch {
    // Not Linux.
    return unknown;
  }
}

function readStart(pid: number): { startedAt: string; isZombie: boolean } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field, the program's name, may hold spaces and parentheses: count from the last one.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // Field 22 of the file: clock ticks since boot.
    return { startedAt: fields[19] ?? unknown, isZombie: fields[0] === "Z" || fields[0] === "X" };
  } catch {
    // Not Linux, or the process has just ended.
    return null;
  }
}
