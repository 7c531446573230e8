import { readdir, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadOrCreateSecretKey, openEmbeddedDatabase } from "../../src/db/embedded/index.js";
import { cleanUp, isRoot, makeDirectory, query, serversIn, startHolder } from "./embedded-support.js";

describe("an embedded database, opened and closed in turn", () => {
  let dataDir = "";
  beforeAll(async () => { dataDir = await makeDirectory(); });
  afterAll(cleanUp);

  test("the first start makes the database assay with the settings of its job", async () => {
    const database = await openEmbeddedDatabase({ dataDir });
    const url = new URL(database.url);
    expect([url.protocol, url.username, url.hostname, url.pathname]).toEqual(["postgresql:", "assay", "127.0.0.1", "/assay"]);
    const row = await query(database.url, `select current_database() as name, current_setting('server_version_num')::int / 10000 as major,
      current_setting('shared_buffers') as buffers, current_setting('work_mem') as memory, current_setting('max_wal_size') as wal,
      current_setting('max_connections') as connections, current_setting('listen_addresses') as addresses,
      current_setting('server_encoding') as encoding, current_setting('unix_socket_directories') as sockets,
      (select datcollate from pg_database where datname = 'assay') as collation`);
    expect(row).toEqual({
      name: "assay", major: 18, buffers: "256MB", memory: "32MB", wal: "4GB", connections: "200",
      addresses: "127.0.0.1", encoding: "UTF8", sockets: "", collation: "C.UTF-8",
    });
    await database.close();
  });

  test("nobody connects without the password", async () => {
    const database = await openEmbeddedDatabase({ dataDir });
    const url = new URL(database.url);
    url.password = "wrong";
    await expect(query(url.href, "select 1")).rejects.toMatchObject({ code: "28P01" });
    await database.close();
  });

  test("data, password and port outlast a stop, and the next start takes under a second", async () => {
    const first = await openEmbeddedDatabase({ dataDir });
    await query(first.url, "create table kept as select 42 as answer");
    await first.close();
    let tookMs = Number.POSITIVE_INFINITY;
    // The fastest of a few: the others say how busy the machine was.
    for (let each = 0; each < 5 && tookMs >= 1_000; each += 1) {
      await expect.poll(() => serversIn(dataDir)).toEqual([]);
      const startedAt = performance.now();
      const next = await openEmbeddedDatabase({ dataDir });
      tookMs = Math.min(tookMs, performance.now() - startedAt);
      expect(next.url).toBe(first.url);
      expect(await query(next.url, "select answer from kept")).toEqual({ answer: 42 });
      await next.close();
    }
    expect(tookMs).toBeLessThan(1_000);
  });

  test("a second open attaches to the same server, and only the last close stops it", async () => {
    const first = await openEmbeddedDatabase({ dataDir });
    const second = await openEmbeddedDatabase({ dataDir: join(dataDir, ".", "postgres", "..") });
    expect(second.url).toBe(first.url);
    expect(serversIn(dataDir)).toHaveLength(1);
    await first.close();
    await first.close();
    expect(await query(second.url, "select 1 as one")).toEqual({ one: 1 });
    await second.close();
    await expect.poll(() => serversIn(dataDir)).toEqual([]);
    await expect(second.ensureRunning()).rejects.toThrow(/closed/);
  });

  test("a taken port makes the server move, and it stays where it moved", async () => {
    const before = await openEmbeddedDatabase({ dataDir });
    await before.close();
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(Number(new URL(before.url).port), "127.0.0.1", resolve));
    const moved = await openEmbeddedDatabase({ dataDir });
    expect(new URL(moved.url).port).not.toBe(new URL(before.url).port);
    expect(await query(moved.url, "select 1 as one")).toEqual({ one: 1 });
    await moved.close();
    await new Promise((resolve) => squatter.close(resolve));
    const later = await openEmbeddedDatabase({ dataDir });
    expect(later.url).toBe(moved.url);
    await later.close();
  });

  test("an open database does not keep its process alive, and its server lives on for the next", async () => {
    const holder = startHolder(dataDir, { mode: "idle" });
    const url = await holder.ask("open");
    expect(await holder.exited).toBe(0);
    const servers = serversIn(dataDir);
    expect(servers).toHaveLength(1);
    const database = await openEmbeddedDatabase({ dataDir });
    expect(database.url).toBe(url);
    expect(serversIn(dataDir)).toEqual(servers);
    await database.close();
    await expect.poll(() => serversIn(dataDir)).toEqual([]);
  });

  test("the data directory holds the key and one directory, and every secret is its owner's alone", async () => {
    await loadOrCreateSecretKey(dataDir);
    expect((await readdir(dataDir)).sort()).toEqual(["postgres", "secret.key"]);
    expect((await readdir(join(dataDir, "postgres"))).sort()).toEqual(["attached", "lock", "password", "server"]);
    expect(await readdir(join(dataDir, "postgres", "lock"))).toEqual([]);
    expect(await readdir(join(dataDir, "postgres", "attached"))).toEqual([]);
    // Where install scripts were blocked the libraries' links are ours, in pglibs.
    expect((await readdir(join(dataDir, "postgres", "server"))).filter((name) => name !== "pglibs").sort()).toEqual(["data", "log", "settings.conf"]);
    for (const secret of ["secret.key", "postgres/password"]) {
      const { mode, uid } = await stat(join(dataDir, secret));
      expect([mode & 0o777, uid]).toEqual([0o600, process.getuid?.()]);
    }
    const cluster = await stat(join(dataDir, "postgres", "server", "data"));
    expect(cluster.uid === 0).toBe(false);
    expect(cluster.uid === process.getuid?.()).toBe(!isRoot);
  });
});
