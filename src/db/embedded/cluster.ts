import { randomBytes, randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { lchown, mkdir, open, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Binaries } from "./binaries.js";
import { runChild } from "./child-process.js";
import type { SupervisorFiles } from "./data-dir.js";
import { EmbeddedDatabaseError, errorCode } from "./embedded-error.js";
import type { NativePackage } from "./native-package.js";
import type { ServerHome } from "./server-home.js";

/** Role and database of the gateway; the role owns the cluster. */
export const databaseName = "assay";

const initdbTimeoutMs = 120_000;

/** False when there is no cluster yet. Throws EmbeddedDatabaseError when there is one our PostgreSQL cannot read. */
export async function hasUsableCluster(home: ServerHome, native: NativePackage): Promise<boolean> {
  const version = await readFile(join(home.cluster, "PG_VERSION"), "utf8").catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  });
  if (version === null) {
    const names = await readdir(home.cluster).catch(() => []);
    if (names.length === 0) return false;
    throw new EmbeddedDatabaseError(`${home.cluster} holds files but no PostgreSQL database (PG_VERSION is missing). Restore it from a backup, or move it away to start with an empty database.`);
  }
  if (version.trim() !== native.major) {
    throw new EmbeddedDatabaseError(
      `The database in ${home.cluster} was made by PostgreSQL ${version.trim()}; this gateway brings PostgreSQL ${native.major}, which cannot read it. ` +
      `Run PostgreSQL ${version.trim()} on it and set DATABASE_URL, or move it away to start with an empty database.`);
  }
  return true;
}

/** The password of the role, made before the first cluster. Callers hold the start lock. */
export async function loadPassword(files: SupervisorFiles, hasCluster: boolean): Promise<string> {
  const kept = await readFile(files.password, "utf8").catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return "";
    throw error;
  });
  if (kept.trim() !== "") return kept.trim();
  if (hasCluster) {
    throw new EmbeddedDatabaseError(`The password file ${files.password} is missing or empty. Restore it from a backup; the database cannot be opened without it.`);
  }
  const password = randomBytes(24).toString("base64url");
  await writeFile(`${files.password}.draft`, `${password}\n`, { mode: 0o600, flush: true });
  await rename(`${files.password}.draft`, files.password);
  return password;
}

/**
 * Makes the cluster. It appears under its name only when whole: a process killed in here leaves a draft, whose
 * orphaned initdb may go on writing, and which the next one never touches but to remove it.
 */
export async function initialiseCluster(home: ServerHome, binaries: Binaries, password: string): Promise<void> {
  await removeDrafts(home);
  const draft = join(home.directory, `draft-${randomUUID()}`);
  const passwordFile = `${draft}.password`;
  try {
    await mkdir(draft, { mode: 0o700 });
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600, flag: "wx" });
    if (home.account !== undefined) {
      for (const path of [draft, passwordFile]) await lchown(path, home.account.uid, home.account.gid);
    }
    const result = await runChild(binaries.initdb, [
      "-D", draft, `--username=${databaseName}`, `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256", "--encoding=UTF8", ...localeArguments(), "--no-instructions",
    ], { timeoutMs: initdbTimeoutMs, account: home.account, env: binaries.env });
    if (result.status !== 0) throw initdbFailed(home, result.output);
    await includeSettings(join(draft, "postgresql.conf"));
    await rename(draft, home.cluster);
    await syncDirectory(home.directory);
  } finally {
    await rm(passwordFile, { force: true });
    await rm(draft, { recursive: true, force: true });
  }
}

/** Not through a link: the directory is the account's, and we may be root. */
async function includeSettings(path: string): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_APPEND | (constants.O_NOFOLLOW ?? 0));
  try {
    await file.writeFile("\n# Written anew at every start; ALTER SYSTEM has the last word.\ninclude = '../settings.conf'\n");
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Code point order everywhere, so that an index does not depend on the machine's collation tables. */
function localeArguments(): readonly string[] {
  // Elsewhere the C library may not know C.UTF-8; PostgreSQL has one of its own.
  return process.platform === "linux" ? ["--locale=C.UTF-8"] : ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
}

function initdbFailed(home: ServerHome, output: string): EmbeddedDatabaseError {
  let nextStep = "Correct that and start again, or set DATABASE_URL to a PostgreSQL 15 or later.";
  if (/No space left|Disk quota/i.test(output)) nextStep = "The disk is full: free some space, or choose another DATA_DIR.";
  if (/could not look up effective user/.test(output)) nextStep = "PostgreSQL needs a user with a name: add this user id to /etc/passwd, or set DATABASE_URL.";
  return new EmbeddedDatabaseError(`PostgreSQL could not make a database in ${home.directory}. ${nextStep} initdb said:\n${output.trim()}`);
}

async function removeDrafts(home: ServerHome): Promise<void> {
  for (const name of await readdir(home.directory)) {
    // An orphan that still writes there makes this fail: the draft is unused, and goes next time.
    if (name.startsWith("draft-")) await rm(join(home.directory, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Without it a power failure could undo the rename and with it everything written since. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
