import { chmod, mkdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { EmbeddedDatabaseError } from "./embedded-error.js";

/** What the supervisor keeps in a data directory; all of it belongs to the starter. */
export interface SupervisorFiles {
  readonly dataDir: string;
  /** Password of the database's only role, 0600. */
  readonly password: string;
  /** Names the server directory when that is not the default one. */
  readonly location: string;
  readonly defaultServerDir: string;
  readonly lock: string;
  readonly attached: string;
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * A directory made by root lets others pass through, not list: the unprivileged user PostgreSQL then runs as must
 * reach its cluster. Every secret inside has its own 0600.
 */
export function passableMode(): number {
  return isRoot() ? 0o711 : 0o700;
}

/** Makes the data directory when it is missing; answers its real path, so that two spellings mean one database. */
export async function makeDataDir(dataDir: string): Promise<string> {
  const made = await mkdir(dataDir, { recursive: true, mode: passableMode() });
  // Against the umask, and only what we made: the permissions of an existing directory are its owner's choice.
  if (made !== undefined) await chmod(dataDir, passableMode());
  return realpath(dataDir);
}

export async function makeSupervisorFiles(dataDir: string): Promise<SupervisorFiles> {
  const directory = await makeDataDir(dataDir);
  refuseUnsafePath(directory);
  const own = join(directory, "postgres");
  const files = {
    dataDir: directory,
    password: join(own, "password"),
    location: join(own, "location"),
    defaultServerDir: join(own, "server"),
    lock: join(own, "lock"),
    attached: join(own, "attached"),
  };
  const made = await mkdir(own, { recursive: true, mode: passableMode() });
  if (made !== undefined) await chmod(own, passableMode());
  await mkdir(files.lock, { recursive: true, mode: 0o700 });
  await mkdir(files.attached, { recursive: true, mode: 0o700 });
  return files;
}

/** initdb and pg_ctl put paths between double quotes for a shell; these characters would end or change them. */
export function isUnsafePath(path: string): boolean {
  return /["$`\n\r]/.test(path) || (process.platform !== "win32" && path.includes("\\"));
}

function refuseUnsafePath(path: string): void {
  if (isUnsafePath(path)) {
    throw new EmbeddedDatabaseError(`The data directory ${JSON.stringify(path)} has a character PostgreSQL's tools cannot take (" $ \` \\ or a line break). Choose another DATA_DIR.`);
  }
}
