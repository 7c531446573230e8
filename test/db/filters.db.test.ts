import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DateTimeFilter, isOneOf, type StringFilter, stringConditions, systemScope, timeConditions } from "../../src/db/index.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";

const NAMES = ["Alpha", "ALPHABET", "beta", "100%", "1000", "a_b", "axb", String.raw`back\slash`, "ÄRGER", "\ufffd", null];

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await database.pool.query("create table things (name text, at timestamptz(3), id uuid)");
  for (const [index, name] of NAMES.entries()) await database.pool.query("insert into things values ($1, $2, null)", [name, new Date(Date.UTC(2026, 0, 1, 0, 0, 0, index))]);
});
afterAll(() => database.drop());

async function matching(conditions: readonly ReturnType<typeof isOneOf>[]): Promise<(string | null)[]> {
  const { rows } = await sql<{ name: string | null }>`select name from things where ${sql.join([sql`true`, ...conditions], sql` and `)} order by at`.execute(systemScope(database.db));
  return rows.map((row) => row.name);
}
const byText = (filter: StringFilter | null): Promise<(string | null)[]> => matching(stringConditions("things.name", filter));
const byTime = async (filter: DateTimeFilter): Promise<number[]> => (await matching(timeConditions("things.at", filter))).map((name) => NAMES.indexOf(name));

describe("a StringFilter", () => {
  it.each<[StringFilter | null, (string | null)[]]>([
    [null, NAMES],
    [{}, NAMES],
    [{ eq: "alpha" }, ["Alpha"]],
    [{ eq: "ärger" }, ["ÄRGER"]],
    [{ ne: "ALPHA" }, NAMES.filter((name) => name !== "Alpha" && name !== null)],
    [{ in: ["BETA", "nothing", "Ärger"] }, ["beta", "ÄRGER"]],
    [{ in: [] }, []],
    [{ contains: "PHA" }, ["Alpha", "ALPHABET"]],
    [{ startsWith: "alpha" }, ["Alpha", "ALPHABET"]],
    [{ startsWith: "alpha", ne: "alpha" }, ["ALPHABET"]],
    [{ contains: "alpha", eq: "beta" }, []],
    [{ eq: null, contains: null }, NAMES],
  ])("%j ignores case and needs all its fields", async (filter, expected) => {
    expect(await byText(filter)).toEqual(expected);
  });

  it.each<[StringFilter, string[]]>([
    [{ contains: "0%" }, ["100%"]],
    [{ contains: "a_b" }, ["a_b"]],
    [{ startsWith: "back\\" }, [String.raw`back\slash`]],
    [{ contains: "%" }, ["100%"]],
  ])("%j takes wildcards for themselves", async (filter, expected) => {
    expect(await byText(filter)).toEqual(expected);
  });

  it("matches no more than what could be stored of a text with NUL or half a character", async () => {
    for (const text of ["\u0000", "\ud800"]) {
      expect(await byText({ eq: text })).toEqual(["\ufffd"]);
      expect(await byText({ in: [text] })).toEqual(["\ufffd"]);
      expect(await byText({ contains: text })).toEqual(["\ufffd"]);
      expect(await byText({ startsWith: `x${text}` })).toEqual([]);
      expect(await byText({ ne: text })).toHaveLength(NAMES.length - 2);
    }
  });
});

describe("a DateTimeFilter", () => {
  it("has inclusive and exclusive bounds, exact to the millisecond", async () => {
    const at = (index: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, 0, index));
    expect(await byTime({ gt: at(2), lt: at(5) })).toEqual([3, 4]);
    expect(await byTime({ gte: at(2), lte: at(4) })).toEqual([2, 3, 4]);
    expect(await byTime({ gt: at(10) })).toEqual([]);
    expect(await byTime({ gt: null, gte: null, lt: null, lte: at(0) })).toEqual([0]);
  });
});

describe("isOneOf", () => {
  it("matches none for no values, and any number in one statement", async () => {
    expect(await matching([isOneOf("things.name", [], "text")])).toEqual([]);
    expect(await matching([isOneOf("things.name", ["beta", "1000", "beta"], "text")])).toEqual(["beta", "1000"]);
    expect(await matching([isOneOf("things.id", [])])).toEqual([]);
  });
});
