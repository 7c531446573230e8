import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT, type Source, sourcesBelow } from "./sources.js";

// A worker has no schema: type-graphql and Apollo cost it 60 MB and half a second of every start, and a domain that
// needs them to run could not be tested without them.
const API_ONLY = /^(type-graphql|@apollo\/server|graphql|graphql-ws|graphql-scalars|reflect-metadata)(\/|$)/;

const sources = new Map(sourcesBelow("src").map((source) => [source.path, source]));

/** The chains of static imports that lead from the file to a package of the API; what is imported on demand is not loaded. */
function chainsToApi(entry: string): string[] {
  const seen = new Set<string>();
  const visit = (source: Source, chain: readonly string[]): string[] => {
    if (seen.has(source.path)) return [];
    seen.add(source.path);
    return source.imports
      .filter(({ isType, isDynamic }) => !isType && !isDynamic)
      .flatMap(({ target }) => {
        if (API_ONLY.test(target)) return [[...chain, source.path, target].join(" > ")];
        const next = sources.get(target);
        return next === undefined ? [] : visit(next, [...chain, source.path]);
      });
  };
  const source = sources.get(entry);
  if (source === undefined) throw new Error(`There is no ${entry}.`);
  return visit(source, []);
}

describe("the worker", () => {
  test.each(["src/execution/index.ts", "src/app/services.ts", "src/app/process.ts"])("%s loads nothing of the API", (entry) => {
    expect(chainsToApi(entry)).toEqual([]);
  });

  // The door for code is what the worker loads; what needs type-graphql leaves by graphql.ts.
  const doors = [...sources.keys()].filter((path) => /^src\/[^/]+\/index\.ts$/.test(path) && !["src/graphql/index.ts", "src/http/index.ts"].includes(path));
  test.each(doors)("%s loads nothing of the API", (door) => {
    expect(chainsToApi(door)).toEqual([]);
  });

  test("src/execution imports no schema, not even as a type", () => {
    const offences = [...sources.values()]
      .filter(({ path }) => path.startsWith("src/execution/"))
      .flatMap(({ path, imports }) => imports.filter(({ target }) => /(^|\/)graphql(\.ts|\/)/.test(target) || API_ONLY.test(target)).map(({ target, line }) => `${path}:${line} imports ${target}`));
    expect(offences).toEqual([]);
  });

  test("the walk is not blind: the schema's composition loads the API", () => {
    expect(existsSync(join(ROOT, "src/app/resolvers.ts"))).toBe(true);
    expect(chainsToApi("src/app/resolvers.ts").join("\n")).toContain("type-graphql");
  });
});
