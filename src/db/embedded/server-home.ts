import { randomBytes } from "node:crypto";
import { chmod, lchown, lstat, mkdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { findUnprivilegedAccount } from "./account.js";
import { runChild, type Account } from "./child-process.js";
import { isRoot, passableMode, type SupervisorFiles } from "./data-dir.js";
import { EmbeddedDatabaseError, errorCode } from "./embedded-error.js";

/**
 * Where the server lives and whom it runs as. The directory itself belongs to the starter and only `cluster` and
 * `logs` to the account: root must not write where an unprivileged user could have planted a link.
 */
export interface ServerHome {
  readonly directory: string;
  readonly cluster: string;
  readonly logs: string;
  /** Undefined: the server runs as we do. */
  readonly account: Account | undefined;
}

const systemDirectory = "/var/lib/assay-gateway";

/**
 * The home of this data directory's server, made when it is missing: inside the data directory, or, where root's
 * unprivileged account cannot enter that, in /var/lib/assay-gateway/ID with a file in the data directory naming it.
 * Callers hold the start lock.
 */
export async function findServerHome(files: SupervisorFiles): Promise<ServerHome> {
  const named = await readLocation(files);
  const directory = named ?? files.defaultServerDir;
  const owner = await lstat(join(directory, "data")).catch(ignoreMissing);
  if (owner !== null) return existingHome(directory, owner);
  if (named !== null) {
    throw new EmbeddedDatabaseError(
      `${files.location} says that the database is in ${named}, which holds none. Restore that directory, or remove ${files.location} to start with an empty database.`);
  }
  if (!isRoot()) return makeHome(directory, undefined);
  return makeHomeAsRoot(files, await findUnprivilegedAccount());
}

async function makeHomeAsRoot(files: SupervisorFiles, account: Account): Promise<ServerHome> {
  const home = await makeHome(files.defaultServerDir, account);
  if (await canWrite(home)) return home;
  await rm(files.defaultServerDir, { recursive: true, force: true });

  const elsewhere = await makeHome(join(systemDirectory, randomBytes(4).toString("hex")), account);
  if (!await canWrite(elsewhere)) {
    await rm(elsewhere.directory, { recursive: true, force: true });
    throw new EmbeddedDatabaseError(
      `PostgreSQL does not run as root, and user ${account.name}, as whom it would run, can write neither in ${files.dataDir} nor in ` +
      `${systemDirectory}. Start the gateway as an ordinary user, choose a DATA_DIR that ${account.name} can enter, or set DATABASE_URL.`);
  }
  await writeFile(join(elsewhere.directory, backReference), `${files.dataDir}\n`, { mode: 0o600 });
  await writeFile(`${files.location}.draft`, `${elsewhere.directory}\n`, { flush: true });
  await rename(`${files.location}.draft`, files.location);
  return elsewhere;
}

async function makeHome(directory: string, account: Account | undefined): Promise<ServerHome> {
  const home = homeAt(directory, account);
  const parent = dirname(directory);
  // Against the umask, here and below: the account must be able to come this far.
  if (await mkdir(parent, { recursive: true }) !== undefined) await chmod(parent, 0o755);
  for (const [path, mode] of [[directory, passableMode()], [home.logs, 0o700]] as const) {
    await mkdir(path, { recursive: true });
    await chmod(path, mode);
  }
  // Refused by some network file systems; trying to write there says so.
  if (account !== undefined) await lchown(home.logs, account.uid, account.gid).catch(() => undefined);
  return home;
}

function existingHome(directory: string, owner: { uid: number; gid: number }): ServerHome {
  const self = process.getuid?.();
  if (self === undefined || (owner.uid === self && self !== 0)) return homeAt(directory, undefined);
  const cluster = join(directory, "data");
  if (owner.uid === 0) {
    throw new EmbeddedDatabaseError(`The database files in ${cluster} belong to root, and PostgreSQL refuses to run as root. Give them to an ordinary user (chown -R) and start again.`);
  }
  if (self !== 0) {
    throw new EmbeddedDatabaseError(`The database files in ${cluster} belong to user id ${owner.uid}, not to ${self}. Start the gateway as the user who started it first, or choose another DATA_DIR.`);
  }
  return homeAt(directory, { uid: owner.uid, gid: owner.gid, name: `id ${owner.uid}` });
}

function homeAt(directory: string, account: Account | undefined): ServerHome {
  return { directory, cluster: join(directory, "data"), logs: join(directory, "log"), account };
}

/** Whether the account can make a file in its log directory. Tried, because modes do not tell all (ACLs, NFS, containers). */
async function canWrite(home: ServerHome): Promise<boolean> {
  const probe = join(home.logs, "probe");
  const result = await runChild("mkdir", [probe], { timeoutMs: 10_000, account: home.account });
  await rmdir(probe).catch(() => undefined);
  return result.status === 0;
}

/** File in a home elsewhere, naming the data directory it belongs to. */
const backReference = "data-dir";

async function readLocation(files: SupervisorFiles): Promise<string | null> {
  const named = await readLine(files.location);
  if (named === null) return null;
  // A data directory that others can write must not lead root to directories of their choice.
  if (dirname(named) !== systemDirectory) {
    throw new EmbeddedDatabaseError(`${files.location} names ${JSON.stringify(named)}; only a directory in ${systemDirectory} can stand there.`);
  }
  const owner = await readLine(join(named, backReference));
  if (owner !== null && owner !== files.dataDir) {
    const ownersLocation = await readLine(files.location.replace(files.dataDir, owner));
    if (ownersLocation === named) {
      throw new EmbeddedDatabaseError(
        `${files.dataDir} is a copy of ${owner}: both name ${named} as their database. Remove ${files.location} from the one that shall start empty.`);
    }
    await writeFile(join(named, backReference), `${files.dataDir}\n`, { mode: 0o600 });
  }
  return named;
}

async function readLine(path: string): Promise<string | null> {
  const text = await readFile(path, "utf8").catch(ignoreMissing);
  return text === null ? null : text.trim();
}

function ignoreMissing(error: unknown): null {
  if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return null;
  throw error;
}
