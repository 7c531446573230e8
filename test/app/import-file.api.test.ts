import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runImport } from "../../src/app/import-file.js";
import type { GatewayServer } from "../../src/http/index.js";
import { createTestApp, type TestApp } from "../support/app.js";
import { ADMIN_TOKEN, startTestServer } from "../support/server.js";

let app: TestApp;
let server: GatewayServer;
let folder: string;
beforeAll(async () => {
  app = await createTestApp();
  server = await startTestServer(app);
  folder = await mkdtemp(join(tmpdir(), "assay-import-test-"));
});
afterAll(async () => {
  await server.close(0);
  await app.close();
  await rm(folder, { recursive: true });
});

async function importing(name: string, content: string, args: readonly string[], isTerminal = false): Promise<{ code: number; out: string; err: string }> {
  const file = join(folder, name);
  await writeFile(file, content);
  const written = { out: "", err: "" };
  const output = { out: (text: string) => void (written.out += text), err: (text: string) => void (written.err += text), isTerminal };
  return { code: await runImport([file, ...args], { ASSAY_URL: server.url, ASSAY_TOKEN: ADMIN_TOKEN }, output), ...written };
}

describe("npm run import", () => {
  it("sends a file and tells what became of it", async () => {
    expect(await importing("a.jsonl", '{"prompt": "p", "key": 1}\n', ["--test-set", "Shell"])).toEqual({ code: 0, out: '1 created, 0 updated, 0 unchanged in "Shell", version 1 with 1 tests\n', err: "" });
    expect(await importing("b.csv", "Frage,key\nq,1\n", ["--test-set", "Shell", "--columns", '{"prompt":"Frage"}', "--dry-run"])).toMatchObject({ code: 0, out: expect.stringContaining("0 created, 1 updated, 0 unchanged if it were imported") });
  });

  it("draws a bar on a terminal", async () => {
    const { err } = await importing("c.csv", `prompt\n${"p\n".repeat(100_000)}`, ["--test-set", "Bar", "--dry-run"], true);
    expect(err).toMatch(/^\r█+░+ \d+ % of 0\.2 MB/);
    expect(err).toMatch(/█{30} 100 % of 0\.2 MB\r\u001b\[K$/);
  });

  it("lists rejected rows and ends with 1", async () => {
    expect(await importing("d.csv", "prompt\n\"open\nq\n", ["--test-set", "Bad"])).toMatchObject({ code: 1, out: "", err: expect.stringMatching(/^row 1: Line 2: .*\nRejected rows: 1\. Nothing was imported\.\n$/) });
  });

  it.each([
    ["without a set", "e.csv", []], ["without a format", "e.txt", ["--test-set", "x"]], ["with a format that there is not", "e.csv", ["--test-set", "x", "--format", "XLSX"]], ["with a wrong token", "e.csv", ["--test-set", "x", "--token", "wrong"]], ["with a second file", "e.csv", ["f.csv", "--test-set", "x"]],
  ])("%s says what is missing", async (_, name, args) => {
    await expect(importing(name, "prompt\np\n", args)).rejects.toThrow(/Usage|must be one of|token/);
  }); // prettier-ignore
});
