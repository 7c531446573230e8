import { describe, expect, it } from "vitest";
import { type Source, sourcesBelow } from "../architecture/sources.js";

// The libraries that judge by models take 100 MB and a second: most processes never need them.
const ON_DEMAND = /^(autoevals|openai|ai|@ai-sdk\/[^/]+)(\/|$)/;

const sources = new Map(sourcesBelow("src").map((source) => [source.path, source]));

/** The imports of such libraries by all that the entry loads; those on demand only if they are asked for. */
function importsOf(entry: string, isDynamic: boolean): string[] {
  const seen = new Set<string>();
  const visit = (source: Source): string[] => {
    if (seen.has(source.path)) return [];
    seen.add(source.path);
    const values = source.imports.filter(({ isType }) => !isType);
    const found = values.filter((each) => each.isDynamic === isDynamic && ON_DEMAND.test(each.target)).map(({ target }) => `${source.path}: ${target}`);
    const next = values.flatMap(({ target }) => sources.get(target) ?? []);
    return [...found, ...next.flatMap(visit)];
  };
  const source = sources.get(entry);
  if (source === undefined) throw new Error(`There is no ${entry}.`);
  return visit(source);
}

describe("a process", () => {
  it.each(["src/bin/start.ts", "src/bin/api.ts", "src/bin/worker.ts"])("started by %s loads the libraries that judge by models only when a metric needs them", (entry) => {
    expect(importsOf(entry, false)).toEqual([]);
    expect(importsOf(entry, true)).toContain("src/scoring/library/library.scorer.ts: autoevals");
  });
});
