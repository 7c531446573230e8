import { chmod, chown, cp, mkdir, readFile, readdir, rename, rmdir, stat } from "node:fs/promises";
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadOrCreateSecretKey, openEmbeddedDatabase } from "../../src/db/embedded/index.js";
import { findNativePackage, readNativePackage } from "../../src/db/embedded/native-package.js";
import { leaveCluster, openCluster } from "../../src/db/embedded/supervisor.js";
import { canBecomeNobody, cleanUp, isRoot, makeDirectory, nobody, query, serversIn, startHolder } from "./embedded-support.js";

describe.runIf(isRoot)("started by root", () => {
  const umask = process.umask();
  let parent = "";
  let dataDir = "";
  beforeEach(async () => {
    parent = await makeDirectory();
    dataDir = join(parent, "data");
  });
  afterEach(async () => {
    process.umask(umask);
    await cleanUp();
  });
  // Only when it is empty: it may hold somebody's databases.
  afterAll(() => rmdir("/var/lib/assay-gateway").catch(() => undefined));

  test("below a directory that only root enters, the cluster lives in /var/lib and the key in the data directory", async () => {
    await chmod(parent, 0o700);
    const key = await loadOrCreateSecretKey(dataDir);
    const database = await openEmbeddedDatabase({ dataDir });
    await query(database.url, "create table kept as select 42 as answer");
    await database.close();

    const home = (await readFile(join(dataDir, "postgres", "location"), "utf8")).trim();
    expect(home).toMatch(/^\/var\/lib\/assay-gateway\/[0-9a-f]{8}$/);
    expect((await stat(join(home, "data"))).uid).not.toBe(0);
    expect(await readdir(join(dataDir, "postgres"))).not.toContain("server");
    const { mode, uid } = await stat(join(dataDir, "secret.key"));
    expect([mode & 0o777, uid]).toEqual([0o600, 0]);

    const again = await openEmbeddedDatabase({ dataDir });
    expect(await query(again.url, "select answer from kept")).toEqual({ answer: 42 });
    expect(again.url).toBe(database.url);
    await again.close();
    await expect.poll(() => serversIn(home)).toEqual([]);
    expect(await loadOrCreateSecretKey(dataDir)).toBe(key);

    // Moved, the data directory keeps its database; copied, it does not share it.
    const moved = join(parent, "moved");
    await rename(dataDir, moved);
    const there = await openEmbeddedDatabase({ dataDir: moved });
    await there.close();
    await cp(moved, dataDir, { recursive: true });
    await expect(openEmbeddedDatabase({ dataDir })).rejects.toThrow(`is a copy of ${moved}`);
  });

  test("with a umask of 077 the database works inside the data directory", async () => {
    process.umask(0o077);
    const database = await openEmbeddedDatabase({ dataDir });
    expect(await query(database.url, "select current_setting('work_mem') as memory")).toEqual({ memory: "32MB" });
    expect(await readdir(join(dataDir, "postgres"))).toContain("server");
    await database.close();
  });

  test("programs in a checkout that only root enters are copied", async () => {
    const checkout = await makeDirectory(0o700);
    const source = dirname(findNativePackage().directory);
    await cp(source, join(checkout, "package"), { recursive: true, verbatimSymlinks: true });
    const { cluster, attachment } = await openCluster({ dataDir, native: readNativePackage(join(checkout, "package")), log: () => undefined });
    expect(await readdir(cluster.home.directory)).toContain(`native-${cluster.native.version}`);
    expect(serversIn(dataDir)).toHaveLength(1);
    await leaveCluster(cluster, attachment);
    await expect.poll(() => serversIn(dataDir)).toEqual([]);
  });

  test.runIf(canBecomeNobody)("a database that an ordinary user made runs as that user", async () => {
    await mkdir(dataDir);
    await chown(dataDir, nobody.uid, nobody.gid);
    const holder = startHolder(dataDir, nobody);
    const url = await holder.ask("open");
    expect(url).toMatch(/^postgresql:/);
    const [pid = 0] = serversIn(dataDir);
    expect((await stat(`/proc/${pid}`)).uid).toBe(nobody.uid);
    expect((await stat(join(dataDir, "postgres", "password"))).uid).toBe(nobody.uid);

    const database = await openEmbeddedDatabase({ dataDir });
    expect(database.url).toBe(url);
    process.kill(pid, "SIGKILL");
    await database.ensureRunning();
    const [next = 0] = serversIn(dataDir);
    expect((await stat(`/proc/${next}`)).uid).toBe(nobody.uid);
    await database.close();
    expect(await holder.ask("ensure")).toBe(url);
    expect(await holder.ask("close")).toBe("closed");
    await expect.poll(() => serversIn(dataDir)).toEqual([]);
  });

  const canContain = spawnSync("unshare", ["--pid", "--fork", "--mount-proc", "true"]).status === 0;
  test.runIf(canContain)("a data directory in use in another container is refused, and recovered once that was killed", async () => {
    const holder = startHolder(dataDir, { isContained: true });
    await holder.ask("open");
    const servers = serversIn(dataDir);
    await expect(openEmbeddedDatabase({ dataDir })).rejects.toThrow(/in use by a gateway in another container/);
    expect(serversIn(dataDir)).toEqual(servers);
    holder.child.kill("SIGKILL");
    await holder.exited;
    const database = await openEmbeddedDatabase({ dataDir });
    expect(serversIn(dataDir)).toHaveLength(1);
    await database.close();
  });

  test.runIf(canBecomeNobody)("the data directory is refused to an ordinary user, who is told whose it is", async () => {
    const database = await openEmbeddedDatabase({ dataDir });
    const refusal = await startHolder(dataDir, nobody).ask("open");
    expect(refusal).toMatch(`EmbeddedDatabaseError: The data directory ${dataDir} cannot be used`);
    expect(refusal).toContain("Start the gateway as the user who owns it");
    await database.close();
  });
});
