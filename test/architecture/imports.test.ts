import { describe, expect, test } from "vitest";
import { type Import, roomOf, type Source, sourcesBelow } from "./sources.js";

// The house, bottom up: a file may import from lines above its own here, never from one below, and rooms on one line
// do not know each other.
const FLOORS: readonly (readonly string[])[] = [
  ["errors"],
  ["viewer", "ids", "log", "templates", "texts", "patterns", "secrets", "semaphore", "address-guard"],
  ["entity-ref"],
  ["config"],
  ["observability"],
  ["db"],
  ["events", "queue", "graphql"],
  ["accounts"],
  ["test-sets", "endpoints"],
  ["metrics"],
  ["experiments"],
  ["runs"],
  ["scoring"],
  ["evaluation", "reviews", "comparison", "exports"],
  ["execution"],
  ["http"],
  ["app"],
  ["demo"],
  ["bin"],
];

// What may be imported of a room from outside. Everything else of it may change without anyone noticing.
const DOORS = ["index.ts", "graphql.ts", "http.ts"];
const OTHER_DOORS: Readonly<Record<string, readonly string[]>> = {
  config: ["config.ts"],
  db: ["index.ts", "embedded/index.ts"],
  // The door of http/ and its tests need the context and the errors, and not type-graphql, which index.ts loads.
  graphql: ["index.ts", "context.ts", "public-error.ts"],
};
// Where rooms declare their tables and loaders: `declare module` must name the file itself.
const MERGED_FILES = ["src/db/database.ts", "src/graphql/context.ts"];

const sources = sourcesBelow("src");

function offences(refuses: (source: Source, imported: Import) => boolean): string[] {
  return sources.flatMap((source) => source.imports.filter((imported) => refuses(source, imported)).map((imported) => `${source.path}:${imported.line} imports ${imported.target}`));
}

const floorOf = (room: string): number => FLOORS.findIndex((rooms) => rooms.includes(room));

describe("imports", () => {
  // A cycle of rooms cannot be understood, tested or replaced one at a time.
  test("every room has its floor in the house", () => {
    const rooms = new Set(sources.map(({ path }) => roomOf(path) ?? ""));
    expect([...rooms].filter((room) => floorOf(room) === -1)).toEqual([]);
  });

  test("rooms import from the floors below them only", () => {
    const upward = offences(({ path }, { target }) => {
      const [from, to] = [roomOf(path), roomOf(target)];
      if (from === null || to === null || from === to) return false;
      if (path === `src/${from}/http.ts` && to === "http") return false; // a room's routes have the type that http/ serves
      return floorOf(to) >= floorOf(from);
    });
    expect(upward).toEqual([]);
  });

  // The transport must serve any schema and any routes: what it needs of the domain is given to it.
  test("http/ imports no domain room", () => {
    const ground = ["errors", "viewer", "ids", "log", "config", "observability", "db", "graphql"];
    expect(offences(({ path }, { target }) => roomOf(path) === "http" && target.startsWith("src/") && !["http", ...ground].includes(roomOf(target) ?? ""))).toEqual([]);
  });

  test("rooms are entered by their doors only", () => {
    const inside = offences((source, { target }) => {
      const room = roomOf(target);
      if (room === null || room === roomOf(source.path) || target === `src/${room}.ts`) return false;
      if (["app", "demo"].includes(room)) return false; // only bin/ stands above, and starts what it needs
      if (MERGED_FILES.includes(target) && source.text.includes("declare module")) return false;
      return !(OTHER_DOORS[room] ?? DOORS).some((door) => target === `src/${room}/${door}`);
    });
    expect(inside).toEqual([]);
  });

  // Production code that imports a test or a migration by accident ships what is not built.
  test("src/ imports nothing of test/", () => {
    expect(offences((_, { target }) => target.startsWith("test/"))).toEqual([]);
  });

  // A development dependency is not there in production.
  test("src/ imports only production dependencies and Node.js", async () => {
    const { default: manifest } = await import("../../package.json", { with: { type: "json" } });
    const allowed = Object.keys(manifest.dependencies);
    const optional = ["elizabot"]; // the demo's chatbot says so when it is missing
    const foreign = offences(({ path }, { target, isType }) => {
      if (isType || path.endsWith(".mjs") || /^(src|migrations|test)\/|^node:/.test(target)) return false;
      return ![...allowed, ...optional].some((name) => target === name || target.startsWith(`${name}/`));
    });
    expect(foreign).toEqual([]);
  });
});

describe("file roles", () => {
  const role = (path: string): string | null => /\.(table|repository|loaders|service|type|inputs|resolver)\.ts$/.exec(path)?.[1] ?? null;
  // Each role may be read without those above it; a resolver that queries or a repository that decides hides a rule.
  const REFUSED: Readonly<Record<string, readonly string[]>> = {
    table: ["repository", "loaders", "service", "type", "inputs", "resolver"],
    repository: ["loaders", "service", "type", "inputs", "resolver"],
    loaders: ["service", "type", "inputs", "resolver"],
    service: ["loaders", "type", "inputs", "resolver"],
    type: ["repository", "loaders", "service", "resolver"],
    inputs: ["repository", "loaders", "service", "resolver"],
    resolver: ["repository", "table"],
  };

  test("the files of a room import no value that their role may not use", () => {
    expect(offences(({ path }, { target, isType }) => !isType && (REFUSED[role(path) ?? ""]?.includes(role(target) ?? "") ?? false))).toEqual([]);
  });
});
