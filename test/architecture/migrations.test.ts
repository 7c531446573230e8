import { describe, expect, test } from "vitest";
import { migrations } from "../../migrations/index.js";
import { sourcesBelow } from "./sources.js";

const files = sourcesBelow("migrations").filter(({ path }) => path !== "migrations/index.ts");
const names = files.map(({ path }) => path.replace(/^migrations\/|\.ts$/g, "")).sort();

describe("migrations", () => {
  // The migrator runs them by name: a gap or a repeat is two branches that each thought they came next.
  test("are numbered without a gap", () => {
    expect(names.map((name) => name.slice(0, 4))).toEqual(names.map((_, index) => String(index + 1).padStart(4, "0")));
  });

  test("are named for what they do", () => {
    expect(names.filter((name) => !/^\d{4}_[a-z]+(_[a-z]+)+$/.test(name))).toEqual([]);
  });

  // What is not listed never runs: the list is what is built and shipped.
  test("are all listed in migrations/index.ts, in order", () => {
    expect(Object.keys(migrations)).toEqual(names);
  });

  // Code changes, and a migration must do tomorrow what it did when it was written.
  test("import nothing but Kysely", () => {
    const offences = files.flatMap(({ path, imports }) => imports.filter(({ target }) => !/^kysely(\/|$)/.test(target)).map(({ target }) => `${path} imports ${target}`));
    expect(offences).toEqual([]);
  });

  // A deployment that went wrong is mended by the next migration: a way back that nobody tried is none.
  test("only go forward", () => {
    expect(Object.entries(migrations).filter(([, migration]) => migration.down !== undefined).map(([name]) => name)).toEqual([]);
  });
});
