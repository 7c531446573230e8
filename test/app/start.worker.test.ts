import { once } from "node:events";
import { chmod, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, inject, it } from "vitest";
import { spawnProcess } from "../support/gateway-process.js";
import { waitFor } from "../support/wait-for.js";

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "assay-start-"));
  await chmod(dataDir, 0o711); // as root the embedded server runs as another user
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

async function runToEnd(env: Record<string, string>, bin = "start"): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { child, output } = spawnProcess(process.execPath, [`dist/src/bin/${bin}.js`], { DATA_DIR: dataDir, ...env });
  const [code] = (await once(child, "close")) as [number | null]; // all that it wrote has been read by then
  return { code, ...output };
}

/** The processes whose command line names the data directory. */
async function processesOf(directory: string): Promise<string[]> {
  const commands = await Promise.all((await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return commands.filter((command) => command.includes(directory));
}

describe("starting", () => {
  it("ends with exit code 1 and one message that lists every wrong setting", async () => {
    const { code, stdout, stderr } = await runToEnd({ PORT: "70000", WORKER_CONCURRENCY: "none", LOG_LEVEL: "loud", DATABASE_URL: "mysql://x", SECRET_KEY: "short" });
    expect(code).toBe(1);
    expect(stdout).toBe("");
    for (const name of ["PORT", "WORKER_CONCURRENCY", "LOG_LEVEL", "DATABASE_URL", "SECRET_KEY"]) expect(stderr).toContain(name);
  });

  it("ends with exit code 1 and names a port that is in use", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const { code, stderr } = await runToEnd({ PORT: String(port) });
    server.close();
    expect(code).toBe(1);
    expect(stderr).toContain(String(port));
    await expect.poll(() => processesOf(dataDir)).toEqual([]);
  }, 120_000);

  it("prints the token that it made once, then the ready line, and nothing else", async () => {
    const first = spawnProcess(process.execPath, ["dist/src/bin/start.js"], { DATA_DIR: dataDir, PORT: "0" });
    await waitFor(() => first.output.stdout.includes("ready "), { withinMs: 100_000 });
    expect(first.output.stdout).toMatch(/^token \S+\nready http:\/\/127\.0\.0\.1:\d+\/graphql\n$/);
    first.child.kill("SIGTERM");
    expect(await once(first.child, "close")).toEqual([0, null]);

    const second = spawnProcess(process.execPath, ["dist/src/bin/start.js"], { DATA_DIR: dataDir, PORT: "0" });
    await waitFor(() => second.output.stdout.includes("ready "), { withinMs: 100_000 });
    expect(second.output.stdout).toMatch(/^ready \S+\n$/);
    second.child.kill("SIGTERM");
    expect(await once(second.child, "close")).toEqual([0, null]);
  }, 120_000);

  it("drains and leaves no process when npm itself gets SIGTERM", async () => {
    const { child, output } = spawnProcess("npm", ["start"], { DATA_DIR: dataDir, PORT: "0", BOOTSTRAP_TOKEN: "a-token-of-the-npm-test", LOG_LEVEL: "info" });
    await waitFor(() => output.stdout.includes("ready "), { withinMs: 100_000, what: `the ready line; so far: ${output.stdout}${output.stderr}` });
    expect((await processesOf(dataDir)).length).toBeGreaterThan(0);
    child.kill("SIGTERM");
    await once(child, "exit");
    await waitFor(async () => (await processesOf(dataDir)).length === 0, { what: "all processes to end" });
    await waitFor(() => output.stderr.includes("stopped"), { what: "its last words" });
  }, 120_000);

  it("ends with the advice to migrate on a database that is not migrated", async () => {
    const name = `assay_empty_${process.pid}`;
    const admin = new pg.Client({ connectionString: inject("databaseUrl") });
    await admin.connect();
    try {
      await admin.query(`create database ${name}`);
      const url = new URL(inject("databaseUrl"));
      url.pathname = `/${name}`;
      const { code, stderr } = await runToEnd({ DATABASE_URL: url.href, SECRET_KEY: Buffer.alloc(32).toString("base64"), PORT: "0" });
      expect(code).toBe(1);
      expect(stderr).toContain("npm run migrate");
      expect((await runToEnd({ DATABASE_URL: url.href, SECRET_KEY: Buffer.alloc(32).toString("base64") }, "migrate")).code).toBe(0);
    } finally {
      await admin.query(`drop database if exists ${name} with (force)`);
      await admin.end();
    }
  }, 120_000);

  it("ends with exit code 1 and no secret when the database cannot be reached", async () => {
    const { code, stderr } = await runToEnd({ DATABASE_URL: "postgres://someone:hidden-password@127.0.0.1:1/none", SECRET_KEY: Buffer.alloc(32).toString("base64"), PORT: "0" });
    expect(code).toBe(1);
    expect(stderr).toContain("could not start");
    expect(stderr).not.toContain("hidden-password");
  }, 120_000);
});
