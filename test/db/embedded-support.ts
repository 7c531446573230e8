import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import pg from "pg";
import { vi } from "vitest";

export const isRoot = process.getuid?.() === 0;
export const nobody = { uid: 65_534, gid: 65_534 };

const holderScript = join(import.meta.dirname, "embedded-holder.ts");

/** Whether we can start a holder as an ordinary user: we are root, and the checkout is open to others. */
export const canBecomeNobody = isRoot && spawnSync("test", ["-r", holderScript], { ...nobody, cwd: "/" }).status === 0;

const directories: string[] = [];
const children: ChildProcess[] = [];

/** A directory that the server's account may enter, removed by cleanUp with every server in it. */
export async function makeDirectory(mode = 0o711): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "assay-embedded-"));
  directories.push(directory);
  await chmod(directory, mode);
  return directory;
}

/** Ends what a failed test may have left: child processes, servers, directories, homes in /var/lib. */
export async function cleanUp(): Promise<void> {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const directory of directories.splice(0)) {
    const elsewhere = await findLocation(directory);
    for (const home of elsewhere === null ? [directory] : [directory, elsewhere]) {
      for (const pid of serversIn(home)) process.kill(pid, "SIGQUIT");
      await vi.waitFor(() => { if (serversIn(home).length > 0) throw new Error(`servers left in ${home}`); }, 30_000);
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    }
  }
}

/** Where a server that could not live in its data directory is; looks one level deep as the tests nest no deeper. */
async function findLocation(directory: string): Promise<string | null> {
  for (const dataDir of [directory, join(directory, "data")]) {
    const named = await readFile(join(dataDir, "postgres", "location"), "utf8").catch(() => null);
    if (named !== null) return named.trim();
  }
  return null;
}

/** Process ids of the postmasters that serve a directory below this one. */
export function serversIn(directory: string): number[] {
  const parents = new Map<number, number>();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number)) {
    const command = readProcess(pid, "cmdline").split("\0");
    if (command[0]?.endsWith("/postgres") === true && command.some((argument) => argument.startsWith(`${directory}/`) && argument.endsWith("/data"))) {
      parents.set(pid, Number(/^PPid:\s*(\d+)$/m.exec(readProcess(pid, "status"))?.[1]));
    }
  }
  // A child that was just forked still has its postmaster's command line.
  return [...parents].filter(([, parent]) => !parents.has(parent)).map(([pid]) => pid);
}

function readProcess(pid: number, file: "cmdline" | "status"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    // It has just ended.
    return "";
  }
}

/** One row of one statement over a connection of its own. */
export async function query(url: string, statement: string): Promise<Record<string, unknown>> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    const result: unknown = await client.query(statement);
    const rows = (result as { rows?: Record<string, unknown>[] }).rows;
    return rows?.[0] ?? {};
  } finally {
    await client.end();
  }
}

export interface Holder {
  readonly child: ChildProcess;
  /** Sends "ensure" or "close" and resolves with the answer, as does the first call after the start ("open"). */
  ask(command: "open" | "ensure" | "close"): Promise<string>;
  /** Resolves with the exit status, null after a signal. */
  readonly exited: Promise<number | null>;
}

/** A process of its own that opens a data directory, as another gateway process would. */
export function startHolder(dataDir: string, options: { uid?: number; gid?: number; mode?: "serve" | "idle"; isContained?: boolean } = {}): Holder {
  const { mode = "serve", isContained = false, ...account } = options;
  // In a process namespace of its own, as in a container: its pids mean nothing here, and they end with it.
  const [program = "", ...args] = [
    ...(isContained ? ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"] : []),
    process.execPath, "--import", "tsx", holderScript, dataDir, mode,
  ];
  const child = spawn(program, args, {
    ...account,
    cwd: join(import.meta.dirname, "..", ".."),
    env: { PATH: "/usr/bin:/bin", HOME: dirname(dataDir), TSX_DISABLE_CACHE: "1" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  return {
    child,
    exited,
    async ask(command) {
      if (command !== "open") child.stdin.write(`${command}\n`);
      const line = await lines.next();
      if (line.done === true) throw new Error("the holder ended without an answer");
      return line.value;
    },
  };
}
