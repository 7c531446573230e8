import { spawn } from "node:child_process";
import { mkdir, readFile, readdir, utimes, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { formatIdentity, isPidAlive, isSameProcessAlive, ownIdentity, parseIdentity } from "../../src/db/embedded/process-identity.js";
import { presenceTimeoutMs } from "../../src/db/embedded/presence.js";
import { claimGeneration, withStartLock } from "../../src/db/embedded/start-lock.js";
import { openEmbeddedDatabase } from "../../src/db/embedded/index.js";
import { cleanUp, makeDirectory, query, serversIn, startHolder } from "./embedded-support.js";

let directory = "";
beforeEach(async () => { directory = await makeDirectory(); });
afterEach(cleanUp);

describe("the start lock", () => {
  function contend(counter: string, rounds: number, end = ""): Promise<unknown> {
    const script = join(import.meta.dirname, "embedded-lock-contender.ts");
    return once(spawn(process.execPath, ["--import", "tsx", script, join(directory, "lock"), counter, String(rounds), end], { stdio: "inherit" }), "exit");
  }

  test("lets one process in at a time, also after owners were killed inside", async () => {
    const counter = join(directory, "counter");
    await mkdir(join(directory, "lock"));
    await writeFile(counter, "0");
    await Promise.all([contend(counter, 30), contend(counter, 30), contend(counter, 10, "die-inside"), contend(counter, 10, "die-inside")]);
    expect(await readFile(counter, "utf8")).toBe("80");
    // Left are the last files of killed owners, which the next one passes.
    expect((await readdir(join(directory, "lock"))).length).toBeLessThanOrEqual(2);
    expect(await withStartLock(join(directory, "lock"), 1_000, () => Promise.resolve("in"))).toBe("in");
  });

  test("passes the lock of a process whose pid another one has now", async () => {
    await writeFile(join(directory, "7"), formatIdentity({ ...ownIdentity(), startedAt: "1" }));
    expect(await withStartLock(directory, 1_000, async () => (await readdir(directory)).sort())).toEqual(["7", "8"]);
    expect(await readdir(directory)).toEqual(["7"]);
  });

  test("of another container is held while its owner touches it, and free soon after", async () => {
    await writeFile(join(directory, "5"), formatIdentity({ ...ownIdentity(), world: "0000-1" }));
    await expect(withStartLock(directory, 50, () => Promise.resolve())).rejects.toThrow(/has been starting/);
    const past = new Date(Date.now() - presenceTimeoutMs - 100);
    await utimes(join(directory, "5"), past, past);
    expect(await withStartLock(directory, 50, () => Promise.resolve("in"))).toBe("in");
  });

  test("names the process that holds it too long, and leaves it its lock", async () => {
    await writeFile(join(directory, "3"), formatIdentity(ownIdentity()));
    await expect(withStartLock(directory, 50, () => Promise.resolve())).rejects.toThrow(`Process ${process.pid} has been starting`);
    expect(await readdir(directory)).toEqual(["3"]);
  });

  test("a late claim of a low number gives way to the higher one", async () => {
    await writeFile(join(directory, "9"), formatIdentity(ownIdentity()));
    expect(await claimGeneration(directory, 4)).toBeNull();
    expect(await claimGeneration(directory, 9)).toBeNull();
    expect(await readdir(directory)).toEqual(["9"]);
    expect(await claimGeneration(directory, 10)).toBe(join(directory, "10"));
  });
});

describe("a process", () => {
  test("is known again by its pid and start", () => {
    const own = ownIdentity();
    expect(parseIdentity(`${formatIdentity(own)}.more`)).toEqual(own);
    expect(isSameProcessAlive(own)).toBe(true);
    expect(isSameProcessAlive({ ...own, startedAt: "1" })).toBe(false);
    expect(parseIdentity("")).toBeNull();
  });

  test("that is a zombie is dead", async () => {
    // The shell becomes sleep, which never waits for the child the shell had.
    const parent = spawn("sh", ["-c", "sleep 0.1 & echo $!; exec sleep 20"], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      const [line] = await once(createInterface({ input: parent.stdout }), "line") as [string];
      await expect.poll(() => isPidAlive(Number(line))).toBe(false);
      expect(() => process.kill(Number(line), 0)).not.toThrow();
      expect(isPidAlive(parent.pid ?? 0)).toBe(true);
    } finally {
      parent.kill("SIGKILL");
    }
  });
});

test("processes that open a fresh data directory at once make one database and share one server", async () => {
  const dataDir = join(directory, "data");
  const holders = [startHolder(dataDir), startHolder(dataDir), startHolder(dataDir)];
  const urls = await Promise.all(holders.map((holder) => holder.ask("open")));
  expect(new Set(urls).size).toBe(1);
  expect(urls[0]).toMatch(/^postgresql:/);
  expect(serversIn(dataDir)).toHaveLength(1);

  expect(await Promise.all(holders.map((holder) => holder.ask("close")))).toEqual(["closed", "closed", "closed"]);
  await expect.poll(() => serversIn(dataDir)).toEqual([]);

  const [first, second] = await Promise.all([openEmbeddedDatabase({ dataDir }), openEmbeddedDatabase({ dataDir })]);
  expect([first.url, second.url]).toEqual([urls[0], urls[0]]);
  expect(serversIn(dataDir)).toHaveLength(1);
  await first.close();
  expect(await query(second.url, "select 1 as one")).toEqual({ one: 1 });
  await second.close();
});
