import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { MINIMUM_NODE, nodeVersionProblem } from "../../src/bin/node-version.js";
import { ROOT, sourcesBelow } from "./sources.js";

const scripts: Readonly<Record<string, string>> = manifest.scripts;
const bins = sourcesBelow("src/bin").filter(({ path }) => path !== "src/bin/node-version.ts");

describe("package.json", () => {
  // A range installs another version on another day: what was tried together stays together.
  test("pins every version", () => {
    const all = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies, ...manifest.overrides };
    expect(Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+(-[0-9a-z.]+)?$/.test(version))).toEqual([]);
  });

  // Two copies of graphql do not know each other's types.
  test("has one copy of graphql", () => {
    const lock = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as { packages: Record<string, object> };
    expect(Object.keys(lock.packages).filter((path) => path.endsWith("node_modules/graphql"))).toEqual(["node_modules/graphql"]);
  });

  // npm sends SIGTERM to the shell that it started, and a shell does not pass it on: only exec makes the process its own.
  test("begins every long-running script with exec", () => {
    const running = ["start", "start:api", "start:worker", "migrate", "admin", "demo", "dev", "bench"].filter((name) => name in scripts);
    expect(running.filter((name) => !scripts[name]?.startsWith("exec "))).toEqual([]);
  });

  test("has no script of a file that is not there", () => {
    const names = Object.values(scripts).flatMap((script) => [...script.matchAll(/dist\/src\/bin\/([a-z-]+)\.js/g)].map(([, name = ""]) => name));
    expect(names.filter((name) => !bins.some(({ path }) => path === `src/bin/${name}.ts`))).toEqual([]);
  });
});

describe("the programs of bin/", () => {
  // An older Node.js stops at the first syntax it does not know, with a message that helps nobody.
  test("import the check of Node's version first, and everything else only after it", () => {
    const early = bins.flatMap(({ path, imports }) => {
      const values = imports.filter(({ isType, isDynamic }) => !isType && !isDynamic).map(({ target }) => target);
      return values.length === 1 && values[0] === "src/bin/node-version.ts" ? [] : [`${path} imports ${values.join(", ")}`];
    });
    expect(early).toEqual([]);
  });

  // A program reads its arguments, composes, starts and stops; what is longer belongs where a test can call it.
  test("have at most 40 lines", () => {
    expect(bins.filter(({ text }) => text.split("\n").length > 41).map(({ path }) => path)).toEqual([]);
  });

  test("agree with package.json about the oldest Node.js", () => {
    expect(manifest.engines.node).toBe(`>=${MINIMUM_NODE.replace(/\.0$/, "")}`);
  });

  test.each(["22.19.0", "22.20.1", "23.0.0", "24.21.0", "26.0.0-nightly"])("run on Node.js %s", (version) => {
    expect(nodeVersionProblem(version)).toBeNull();
  });

  test.each(["18.20.4", "20.20.2", "22.18.9", "22.9.0"])("refuse Node.js %s and name the remedy", (version) => {
    const problem = nodeVersionProblem(version);
    expect(problem).toContain(`this is ${version}`);
    expect(problem).toContain("npm start");
  });
});
