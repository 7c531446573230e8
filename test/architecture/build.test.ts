import { execFile } from "node:child_process";
import { access, cp, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ROOT } from "./sources.js";

const run = promisify(execFile);

// Whoever clones, starts and tests never builds by hand: what runs is what the sources say, or nothing runs.
let project: string;
const node = (...args: readonly string[]): Promise<{ stdout: string; stderr: string }> => run(process.execPath, args, { cwd: project });
const build = (...options: readonly string[]): Promise<{ stdout: string; stderr: string }> => node("src/bin/build-if-stale.mjs", ...options);
const start = (): Promise<{ stdout: string; stderr: string }> => node("--import", "./src/bin/build-if-stale.mjs", "dist/src/main.js");
const write = (path: string, text: string): Promise<void> => writeFile(join(project, path), text);
const exists = (path: string): Promise<boolean> => access(join(project, path)).then(() => true, () => false);

beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), "assay-build-"));
  await mkdir(join(project, "src/bin"), { recursive: true });
  await mkdir(join(project, "migrations"));
  await cp(join(ROOT, "src/bin/build-if-stale.mjs"), join(project, "src/bin/build-if-stale.mjs"));
  await cp(join(ROOT, "tsconfig.json"), join(project, "tsconfig.json"));
  await symlink(join(ROOT, "node_modules"), join(project, "node_modules"));
  await write("package.json", '{ "type": "module" }');
  await write("migrations/index.ts", "export const migrations: readonly string[] = [];\n");
  await write("src/main.ts", 'process.stdout.write("one");\n');
  await write("src/data.jsonl", "{}\n");
});
afterEach(() => rm(project, { recursive: true, force: true }));

// Compiling takes a second or two, and many times that on a busy machine.
describe("the build", { timeout: 120_000 }, () => {
  test("is made when it is missing, with the data beside the code, and once only", async () => {
    const first = await start();
    expect(first.stdout).toBe("one");
    expect(await exists("dist/src/data.jsonl")).toBe(true);
    expect(await build()).toEqual({ stdout: "", stderr: "" });
  });

  test("is made anew after a change, and without what was deleted", async () => {
    await write("src/old.ts", "export const old = 1;\n");
    await build();
    await write("src/main.ts", 'process.stdout.write("two");\n');
    await rm(join(project, "src/old.ts"));
    const later = new Date(Date.now() + 5_000); // beyond any file system's resolution
    await utimes(join(project, "src/main.ts"), later, later);
    expect((await start()).stdout).toBe("two");
    expect(await exists("dist/src/old.js")).toBe(false);
  });

  test("that fails says so, starts nothing, and leaves the old output whole", async () => {
    await build();
    await write("src/main.ts", 'const wrong: number = "two";\n');
    const later = new Date(Date.now() + 5_000);
    await utimes(join(project, "src/main.ts"), later, later);
    await expect(start()).rejects.toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("The build stopped") as string });
    expect(await readFile(join(project, "dist/src/main.js"), "utf8")).toContain("one");
  });

  test("is made once when two programs start together", async () => {
    const both = await Promise.all([start(), start()]);
    expect(both.map(({ stdout }) => stdout)).toEqual(["one", "one"]);
    expect(both.filter(({ stderr }) => stderr.includes("built the server"))).toHaveLength(1);
  });

  test("goes on after a build that was killed", async () => {
    await mkdir(join(project, "dist"));
    await write("dist/.building", "999999999"); // above any process id
    expect((await start()).stdout).toBe("one");
  });

  test("without the development dependencies is no error at installation, and a clear one at the start", async () => {
    await rm(join(project, "node_modules"));
    expect(await build("--prepare")).toEqual({ stdout: "", stderr: "" });
    await expect(start()).rejects.toMatchObject({ code: 1, stderr: "dist/ is not built, and the development dependencies are not installed: run npm install.\n" });
  });
});
