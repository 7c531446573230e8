import { spawn } from "node:child_process";
import { readFile, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openEmbeddedDatabase } from "../../src/db/embedded/index.js";
import { isPidAlive } from "../../src/db/embedded/process-identity.js";
import { cleanUp, isRoot, makeDirectory, query, serversIn, startHolder } from "./embedded-support.js";

afterAll(cleanUp);

describe("after a kill -9", () => {
  let dataDir = "";
  let cluster = "";
  beforeAll(async () => {
    dataDir = await makeDirectory();
    cluster = join(dataDir, "postgres", "server", "data");
    const database = await openEmbeddedDatabase({ dataDir });
    await query(database.url, "create table kept (n int); insert into kept values (1)");
    await database.close();
  });

  async function killServer(): Promise<number> {
    const [pid] = serversIn(dataDir);
    if (pid === undefined) throw new Error("no server to kill");
    process.kill(pid, "SIGKILL");
    await vi.waitFor(() => { expect(isPidAlive(pid)).toBe(false); }, 20_000);
    return pid;
  }

  test("of the gateway the server lives on, the next open attaches, and its close is the last", async () => {
    const holder = startHolder(dataDir);
    const url = await holder.ask("open");
    const servers = serversIn(dataDir);
    holder.child.kill("SIGKILL");
    await holder.exited;
    expect(serversIn(dataDir)).toEqual(servers);

    const database = await openEmbeddedDatabase({ dataDir });
    expect(database.url).toBe(url);
    expect(serversIn(dataDir)).toEqual(servers);
    await database.close();
    await expect.poll(() => serversIn(dataDir)).toEqual([]);
  });

  test("of the server every attached process asks for it, one restarts it, and the URL stays", async () => {
    const holder = startHolder(dataDir);
    const url = await holder.ask("open");
    const database = await openEmbeddedDatabase({ dataDir });
    const killed = await killServer();
    const answers = await Promise.all([holder.ask("ensure"), database.ensureRunning(), database.ensureRunning()]);
    expect(answers).toEqual([url, url, url]);
    expect(serversIn(dataDir)).toHaveLength(1);
    expect(serversIn(dataDir)).not.toEqual([killed]);
    expect(await query(url, "select n from kept")).toEqual({ n: 1 });
    expect(await holder.ask("close")).toBe("closed");
    expect(serversIn(dataDir)).toHaveLength(1);
    await database.close();
    await expect.poll(() => serversIn(dataDir)).toEqual([]);
  });

  test("of the server, an aborted wait rejects while the restart goes on", async () => {
    const database = await openEmbeddedDatabase({ dataDir });
    await killServer();
    const controller = new AbortController();
    const waiting = database.ensureRunning(controller.signal);
    controller.abort(new Error("no patience"));
    await expect(waiting).rejects.toThrow("no patience");
    expect(await query(await database.ensureRunning(), "select 1 as one")).toEqual({ one: 1 });
    await database.close();
  });

  test("of the server, a pid that another process of the same user has now does not stop the next start", async () => {
    const database = await openEmbeddedDatabase({ dataDir });
    const killed = await killServer();
    const { uid, gid } = await stat(cluster);
    const stranger = spawn("sleep", ["60"], isRoot ? { uid, gid } : {});
    const pidFile = join(cluster, "postmaster.pid");
    await writeFile(pidFile, (await readFile(pidFile, "utf8")).replace(String(killed), String(stranger.pid)));
    expect(await query(await database.ensureRunning(), "select n from kept")).toEqual({ n: 1 });
    expect(stranger.exitCode).toBeNull();
    stranger.kill("SIGKILL");
    await database.close();
  });

  test("of the server, an emptied postmaster.pid does not stop the next start", async () => {
    const database = await openEmbeddedDatabase({ dataDir });
    await killServer();
    await writeFile(join(cluster, "postmaster.pid"), "");
    expect(await query(await database.ensureRunning(), "select n from kept")).toEqual({ n: 1 });
    await database.close();
  });

  test("of the server, a connection that computes on is ended, for two servers never share the files", async () => {
    const database = await openEmbeddedDatabase({ dataDir });
    const busy = query(database.url, "do $$ begin loop end loop; end $$").catch(() => "lost");
    const findBusy = () => query(database.url, "select pid from pg_stat_activity where query like 'do $$%' and state = 'active'");
    const { pid } = await vi.waitFor(async () => {
      const row = await findBusy();
      expect(row["pid"]).toBeTypeOf("number");
      return row;
    }, 20_000);
    await killServer();
    expect(isPidAlive(Number(pid))).toBe(true);
    expect(await query(await database.ensureRunning(), "select n from kept")).toEqual({ n: 1 });
    expect(isPidAlive(Number(pid))).toBe(false);
    expect(await busy).toBe("lost");
    await database.close();
  });
});

test("a gateway killed while it made the database leaves nothing that the next one trips over", async () => {
  const dataDir = await makeDirectory();
  const holder = startHolder(dataDir);
  const server = join(dataDir, "postgres", "server");
  await vi.waitFor(async () => {
    const draft = (await readdir(server)).find((name) => /^draft-[\w-]+$/.test(name)) ?? "none";
    expect(await readdir(join(server, draft))).toContain("postgresql.conf");
  }, { timeout: 50_000, interval: 2 });
  holder.child.kill("SIGKILL");
  await holder.exited;
  await expect(stat(join(server, "data"))).rejects.toMatchObject({ code: "ENOENT" });

  const database = await openEmbeddedDatabase({ dataDir });
  expect(await query(database.url, "select current_database() as name")).toEqual({ name: "assay" });
  await database.close();
});
