import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { filesBelow, ROOT } from "./sources.js";

const ours = ["src", "migrations", "test"].flatMap(filesBelow).filter((path) => /\.(ts|tsx|mjs|js|sh|css)$/.test(path) && !path.startsWith("test/bots/"));
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const linesOf = (path: string): readonly string[] => read(path).split("\n");

/** `path:line text` of every line that matches. */
function matches(paths: readonly string[], pattern: RegExp): string[] {
  return paths.flatMap((path) => linesOf(path).flatMap((text, index) => (pattern.test(text) ? [`${path}:${index + 1} ${text.trim()}`] : [])));
}

describe("files", () => {
  // A file of that length has taken in a second thing; the first reader of it pays.
  test("none has more than 400 lines", () => {
    const giants = ours.map((path) => ({ path, lines: linesOf(path).length - 1 })).filter(({ lines }) => lines > 400);
    expect(giants.map(({ path, lines }) => `${path}: ${lines}`)).toEqual([]);
  });

  // The top level is the first thing that a newcomer reads: tool configuration lives in package.json or test/.
  test("the top level holds the agreed files only", () => {
    const agreed = ["package.json", "package-lock.json", "tsconfig.json", "schema.graphql", "src", "migrations", "test", "codegen.ts", "README.md", "LICENSE", ".gitignore", ".ci"];
    const tracked = execFileSync("git", ["ls-files"], { cwd: ROOT, encoding: "utf8" }).trim().split("\n");
    expect([...new Set(tracked.map((path) => path.split("/")[0] ?? ""))].filter((name) => !agreed.includes(name))).toEqual([]);
  });

  // What has no better name is not yet understood, and collects whatever else is not.
  test("no file is called utils, helpers, common, misc or types", () => {
    expect(ours.filter((path) => /^(utils?|helpers?|common|misc|types|shared)\.[a-z]+$/.test(basename(path)))).toEqual([]);
  });

  test("names are in kebab-case, with the role after a dot", () => {
    const odd = ours.filter((path) => !/^(\d{4}_[a-z_]+|[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*)\.[a-z]+$/.test(basename(path)) && basename(path) !== "Dockerfile");
    expect(odd).toEqual([]);
  });

  // A skipped test is a promise that nobody keeps; a focused one skips all others. `runIf` is for what a machine
  // cannot do at all, such as becoming another user without being root.
  test("no test is skipped, focused or left to do", () => {
    const tests = ours.filter((path) => path.startsWith("test/") && !path.startsWith("test/architecture/"));
    expect(matches(tests, /\b(it|test|describe|suite)\.(skip|only|todo|fails|skipIf)\b|\b(xit|xtest|xdescribe|fit|fdescribe)\(/)).toEqual([]);
  });

  // An open end needs the condition that closes it: "TODO when X: …".
  test("a TODO names the condition that removes it", () => {
    expect(matches(ours.filter((path) => path !== "test/architecture/files.test.ts"), /\b(TODO|FIXME|XXX|HACK)\b(?! when .+:)/)).toEqual([]);
  });

  // A switched-off check is a bug report that nobody sees.
  test("no check of types or lint is switched off without a reason", () => {
    const code = ours.filter((path) => path !== "test/architecture/files.test.ts");
    expect(matches(code, /@ts-(ignore|nocheck)|@ts-expect-error\s*$|eslint-disable(?!.*--)/)).toEqual([]);
  });

  // What a test is called tells the reader what it needs: a database, a socket, a worker.
  test("test files carry a known kind", () => {
    const kinds = /^[a-z0-9-]+(\.(db|api|ws|worker|http))?\.test\.ts$/;
    expect(ours.filter((path) => path.endsWith(".test.ts") && !kinds.test(basename(path)))).toEqual([]);
  });

  test("titles of tests are facts, without \"should\"", () => {
    expect(matches(ours.filter((path) => path.endsWith(".test.ts")), /\b(it|test|describe)(\.each\(.*\))?\(\s*["'`][^"'`]*\bshould\b/)).toEqual([]);
  });
});
