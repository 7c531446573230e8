import { chmod, copyFile, mkdir, readFile, readdir, rename, rm, symlink } from "node:fs/promises";
import { constants } from "node:fs";
import { randomUUID } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { runChild } from "./child-process.js";
import { isUnsafePath } from "./data-dir.js";
import { EmbeddedDatabaseError } from "./embedded-error.js";
import type { NativePackage } from "./native-package.js";
import type { ServerHome } from "./server-home.js";

/** Programs of PostgreSQL that were seen to run as the server's account. */
export interface Binaries {
  readonly initdb: string;
  readonly pgCtl: string;
  readonly env: Readonly<Record<string, string>>;
}

const programs = ["initdb", "pg_ctl", "postgres"] as const;
const suffix = process.platform === "win32" ? ".exe" : "";

/**
 * Finds a way to run the package's programs, by trying: as they lie in node_modules; with the library links that a
 * blocked install script did not make; as a copy of our own, where the account cannot read node_modules (a checkout
 * in /root), bits of permission are missing, or the path would not survive a shell.
 */
export async function prepareBinaries(native: NativePackage, home: ServerHome): Promise<Binaries> {
  let failure = "";
  const attempts = [
    ...(isUnsafePath(native.directory) ? [] : [
      () => Promise.resolve({ directory: native.directory, env: {} }),
      // Only on Linux: macOS drops library paths from the environment of the shell that pg_ctl starts.
      ...(process.platform === "linux" ? [() => linkLibraries(native, home)] : []),
    ]),
    () => copyNative(native, home),
  ];
  for (const attempt of attempts) {
    const { directory, env } = await attempt();
    failure = await findFailure(directory, env, home);
    if (failure === "") return { initdb: program(directory, "initdb"), pgCtl: program(directory, "pg_ctl"), env };
  }
  throw new EmbeddedDatabaseError(
    `The PostgreSQL programs in ${native.directory} do not run${home.account === undefined ? "" : ` as user ${home.account.name}`}: ${failure}. ` +
    "They need glibc 2.27 or later (not musl, as in Alpine). Set DATABASE_URL to a PostgreSQL 15 or later instead.");
}

function program(directory: string, name: string): string {
  return join(directory, "bin", name + suffix);
}

/** Why one of the programs does not run, "" when all do. */
async function findFailure(directory: string, env: Readonly<Record<string, string>>, home: ServerHome): Promise<string> {
  const results = await Promise.all(programs.map((name) =>
    runChild(program(directory, name), ["--version"], { timeoutMs: 10_000, account: home.account, env })));
  return results.filter((result) => result.status !== 0).map((result) => result.output.trim() || `status ${result.status}`)[0] ?? "";
}

async function linkLibraries(native: NativePackage, home: ServerHome) {
  const links = join(home.directory, "pglibs");
  // Made anew each time: the package may have moved since.
  await rm(links, { recursive: true, force: true });
  await mkdir(links);
  await chmod(links, 0o755);
  for (const { source, target } of await readLinks(native)) {
    await symlink(join(dirname(native.directory), source), join(links, basename(target)));
  }
  return { directory: native.directory, env: { LD_LIBRARY_PATH: `${links}:${join(native.directory, "lib")}` } };
}

async function copyNative(native: NativePackage, home: ServerHome) {
  const copy = join(home.directory, `native-${native.version}`);
  const names = await readdir(home.directory);
  if (!names.includes(basename(copy))) {
    const draft = join(home.directory, `native-draft-${randomUUID()}`);
    await copyTree(native.directory, draft);
    for (const { source, target } of await readLinks(native)) {
      await symlink(basename(source), join(dirname(draft), target.replace(/^native\b/, basename(draft)))).catch(ignoreExisting);
    }
    await rename(draft, copy);
  }
  for (const name of names) {
    // Copies of former versions and drafts of killed processes.
    if (name.startsWith("native-") && name !== basename(copy)) await rm(join(home.directory, name), { recursive: true, force: true });
  }
  return { directory: copy, env: {} };
}

/** Modes are set, not copied: they may be what is wrong with the original. */
async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to);
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) {
      await copyTree(source, target);
    } else if (entry.isFile() && !entry.name.endsWith(".a")) {
      await copyFile(source, target, constants.COPYFILE_FICLONE);
      await chmod(target, basename(from) === "bin" || entry.name.includes(".so") ? 0o755 : 0o644);
    }
  }
}

/** `native/lib/libpq.so.5.18` → `native/lib/libpq.so.5`, as the package's install script would make them. */
async function readLinks(native: NativePackage): Promise<readonly { source: string; target: string }[]> {
  const text = await readFile(join(native.directory, "pg-symlinks.json"), "utf8");
  // The package's own file, of the version we pin.
  return JSON.parse(text) as { source: string; target: string }[];
}

function ignoreExisting(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
}
