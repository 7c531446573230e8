import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Db, type OrderColumn, type Page, type PageArgs, pageOf, parsePaging } from "../../src/db/index.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";

interface ScratchRow {
  readonly organizationId: string;
  readonly id: string;
  readonly position: number;
  readonly name: string | null;
  readonly latencyMs: number | null;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
}
type Fields = Omit<ScratchRow, "organizationId" | "id">;

const OURS = randomUUID();
const THEIRS = randomUUID();

let database: TestDatabase;
let db: Db;
beforeAll(async () => {
  database = await createTestDatabase();
  db = database.db;
  await database.pool.query(`create table scratch_rows (
    organization_id uuid not null, id uuid primary key, position integer not null, name text, latency_ms double precision, created_at timestamptz(3) not null, finished_at timestamptz(3))`);
});
afterAll(() => database.drop());

/** The scratch table is not in the Database's types. */
const scratch = (): any => (db as any).selectFrom("scratchRows").where("organizationId", "=", OURS);

async function insertRows(fields: readonly Fields[]): Promise<void> {
  await database.pool.query("truncate scratch_rows");
  const rows = fields.flatMap((each) => [OURS, THEIRS].map((organizationId) => ({ ...each, organizationId, id: randomUUID() })));
  if (rows.length > 0) await (db as any).insertInto("scratchRows").values(rows).execute();
}

// Few different values: ties are the rule.
const anyFields: fc.Arbitrary<Fields> = fc.record({
  position: fc.integer({ min: 0, max: 3 }),
  name: fc.option(fc.constantFrom("", "a", "A", "ab", "Ä", "z", "😀", 'quote"\\')),
  latencyMs: fc.option(fc.constantFrom(0, -1.5, 0.1, 1e-7, 123456.789012345, 1e300)),
  createdAt: fc.constantFrom(0, 1, 999, 1000).map((ms) => new Date(Date.UTC(2026, 0, 1) + ms)),
  finishedAt: fc.option(fc.constantFrom(0, 1, 2).map((ms) => new Date(Date.UTC(2026, 0, 1) + ms))),
});

const COLUMNS = {
  position: { ref: "scratchRows.position", key: "position", type: "integer" },
  name: { ref: "scratchRows.name", key: "name", type: "text", nullable: true },
  latencyMs: { ref: "scratchRows.latencyMs", key: "latencyMs", type: "double precision", nullable: true },
  createdAt: { ref: "scratchRows.createdAt", key: "createdAt", type: "timestamptz" },
  finishedAt: { ref: "scratchRows.finishedAt", key: "finishedAt", type: "timestamptz", nullable: true },
} as const;
const direction = fc.constantFrom("asc" as const, "desc" as const);
const anyOrder: fc.Arbitrary<OrderColumn[]> = fc
  .tuple(fc.uniqueArray(fc.constantFrom(...Object.values(COLUMNS)), { maxLength: 3 }), fc.array(direction, { minLength: 4, maxLength: 4 }), fc.boolean())
  .map(([columns, directions, isRow]) => {
    const order = [...columns, { ref: "scratchRows.id", key: "id", type: "uuid" as const }].map((column, index): OrderColumn => ({ ...column, direction: directions[index] ?? "asc" }));
    // The columns from here on have one direction and are never null, so they may be compared as one row.
    const start = 1 + order.findLastIndex(({ nullable, direction }) => nullable === true || direction !== order.at(-1)?.direction);
    return order.map((column, index): OrderColumn => (isRow && index === start ? { ...column, asRow: true } : column));
  });

/** The whole list as PostgreSQL orders it. */
async function listOf(order: readonly OrderColumn[]): Promise<ScratchRow[]> {
  const terms = order.map((column) => sql`${sql.ref(column.ref)} ${sql.raw(column.direction)} nulls last`);
  return scratch().selectAll().orderBy(sql.join(terms)).execute() as Promise<ScratchRow[]>;
}
const pageBy = (order: readonly OrderColumn[], args: PageArgs): Promise<Page<ScratchRow>> => pageOf<never, ScratchRow>(scratch().selectAll(), order, parsePaging(args, ["scratch", order]));

/** What a page must be: the rows strictly between the cursors, cut from one end. Positions are in the list, -1 for no cursor. */
function expectedPage(all: readonly ScratchRow[], args: { first: number | null; last: number | null; after: number; before: number }) {
  const end = args.before === -1 ? all.length : args.before;
  const within = all.slice(args.after + 1, Math.max(end, args.after + 1));
  const rows = args.last === null ? within.slice(0, args.first ?? 50) : within.slice(Math.max(0, within.length - args.last));
  const isCut = rows.length < within.length;
  return {
    rows: rows.map((row) => row.id),
    hasNextPage: (args.last === null && isCut) || args.before !== -1,
    hasPreviousPage: (args.last !== null && isCut) || args.after !== -1,
  };
}
const shape = (page: Page<ScratchRow>) => ({ rows: page.rows.map((row) => row.id), hasNextPage: page.hasNextPage, hasPreviousPage: page.hasPreviousPage });

describe("pages", () => {
  it("walked in either direction are the whole list in its order, each row once, with exact flags", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyFields, { maxLength: 14 }), anyOrder, fc.integer({ min: 1, max: 5 }), async (fields, order, size) => {
        await insertRows(fields);
        const all = (await listOf(order)).map((row) => row.id);
        const forward: string[] = [];
        for (let after: string | null = null, page: Page<ScratchRow> | null = null; page === null || page.hasNextPage; after = page.cursors.at(-1) ?? null) {
          page = await pageBy(order, { first: size, after });
          expect(shape(page)).toEqual({ rows: all.slice(forward.length, forward.length + size), hasNextPage: forward.length + size < all.length, hasPreviousPage: forward.length > 0 });
          forward.push(...page.rows.map((row) => row.id));
        }
        const backward: string[] = [];
        for (let before: string | null = null, page: Page<ScratchRow> | null = null; page === null || page.hasPreviousPage; before = page.cursors[0] ?? null) {
          page = await pageBy(order, { last: size, before });
          expect(page.hasNextPage).toBe(backward.length > 0);
          backward.unshift(...page.rows.map((row) => row.id));
        }
        expect([forward, backward]).toEqual([all, all]);
      }),
      { numRuns: 40 },
    );
  });

  it("between any two cursors are what a naive list says, flags included", async () => {
    const place = fc.double({ min: 0, max: 0.999, noNaN: true });
    const size = fc.option(fc.integer({ min: 0, max: 6 }));
    await fc.assert(
      fc.asyncProperty(fc.array(anyFields, { minLength: 1, maxLength: 10 }), anyOrder, fc.array(fc.tuple(fc.option(place), fc.option(place), size, fc.boolean()), { minLength: 6, maxLength: 6 }), async (fields, order, looks) => {
        await insertRows(fields);
        const all = await listOf(order);
        const { cursors } = await pageBy(order, { first: 200 });
        const at = (where: number | null): number => (where === null ? -1 : Math.floor(where * all.length));
        for (const [from, to, count, isBackward] of looks) {
          const [first, last] = isBackward ? [null, count ?? 3] : [count, null];
          const args = { first, last, after: at(from), before: at(to) };
          const page = await pageBy(order, { first, last, after: cursors[args.after] ?? null, before: cursors[args.before] ?? null });
          expect(shape(page), JSON.stringify(args)).toEqual(expectedPage(all, args));
        }
      }),
      { numRuns: 30 },
    );
  });

  it("have exact flags also when the cursors' rows are gone", async () => {
    await insertRows([0, 1, 2, 3].map((position) => ({ position, name: null, latencyMs: null, createdAt: new Date(0), finishedAt: null })));
    const order: OrderColumn[] = [{ ...COLUMNS.position, direction: "asc" }, { ref: "scratchRows.id", key: "id", type: "uuid", direction: "asc" }];
    const { cursors } = await pageBy(order, {});
    await database.pool.query("delete from scratch_rows where position in (0, 3)");
    const [start, end] = [cursors[0] ?? null, cursors[3] ?? null];
    for (const size of [{ first: 5 }, { last: 5 }, {}]) {
      expect(await pageBy(order, { ...size, after: start, before: end })).toMatchObject({ rows: [{ position: 1 }, { position: 2 }], hasNextPage: false, hasPreviousPage: false });
    }
  });

  it("count rows without a value as after a cursor with one, also when its row is gone", async () => {
    await insertRows(["a", null].map((name) => ({ position: 0, name, latencyMs: null, createdAt: new Date(0), finishedAt: null })));
    const order: OrderColumn[] = [{ ...COLUMNS.name, direction: "desc" }, { ref: "scratchRows.id", key: "id", type: "uuid", direction: "asc" }];
    const [first] = (await pageBy(order, {})).cursors;
    await database.pool.query("delete from scratch_rows where name = 'a'");
    expect(await pageBy(order, { last: 1, before: first ?? null })).toMatchObject({ rows: [], hasNextPage: true, hasPreviousPage: false });
  });

  it("cost one statement, and one more for each cursor", async () => {
    await insertRows([0, 1, 2].map((position) => ({ position, name: null, latencyMs: null, createdAt: new Date(0), finishedAt: null })));
    const order: OrderColumn[] = [{ ref: "scratchRows.id", key: "id", type: "uuid", direction: "desc" }];
    const { cursors } = await pageBy(order, {});
    const count = async (args: PageArgs): Promise<number> => {
      database.statements.length = 0;
      await pageBy(order, args);
      return database.statements.length;
    };
    expect(await count({ first: 1 })).toBe(1);
    expect(await count({ first: 1, after: cursors[0] ?? null })).toBe(2);
    expect(await count({ last: 2, before: cursors[1] ?? null, after: cursors[0] ?? null })).toBe(3);
  });
});

describe("cursors", () => {
  const order: OrderColumn[] = [
    { ...COLUMNS.name, direction: "asc" },
    { ...COLUMNS.position, direction: "asc" },
    { ...COLUMNS.finishedAt, direction: "asc" },
    { ...COLUMNS.latencyMs, direction: "asc" },
    { ref: "scratchRows.id", key: "id", type: "uuid", direction: "asc" },
  ];
  const refusal = { code: "BAD_USER_INPUT", reason: "CURSOR_INVALID", details: { problems: [{ field: "after", message: expect.any(String) }] } };

  it("of another list, order or filter are refused, and so is what never was one", async () => {
    await insertRows([{ position: 1, name: "a", latencyMs: 1, createdAt: new Date(0), finishedAt: new Date(0) }]);
    const cursor = (await pageBy(order, {})).cursors[0] ?? "";
    const list = ["scratch", order];
    expect(parsePaging({ after: cursor }, list).after).toHaveLength(5);
    for (const other of [["scratch", order, { name: "a" }], ["scratch", [...order].reverse()], ["others", order], null]) expect(() => parsePaging({ after: cursor }, other)).toThrow(expect.objectContaining(refusal));
    for (const other of ["", "x", "\u0000", Buffer.from("null").toString("base64url"), Buffer.from("[]").toString("base64url"), `${cursor.slice(0, 8)}`]) expect(() => parsePaging({ after: other }, list), other).toThrow(expect.objectContaining(refusal));
    expect(() => parsePaging({ before: "x" }, list)).toThrow(expect.objectContaining({ details: { problems: [{ field: "before", message: expect.any(String) }] } }));
  });

  it("with a true fingerprint but values of our list's columns that none has are refused before PostgreSQL sees them", async () => {
    const { fingerprint } = parsePaging({}, ["scratch", order]);
    const [text, whole, time, real, id] = ["a", 1, "2026-01-01T00:00:00.000Z", 1.5, randomUUID()];
    const write = (values: readonly unknown[]): string => Buffer.from(JSON.stringify([fingerprint, ...values])).toString("base64url");
    await expect(pageBy(order, { after: write([text, whole, time, real, id]) })).resolves.toBeDefined();
    await expect(pageBy(order, { after: write([null, whole, null, null, id]) })).resolves.toBeDefined();
    const forged: unknown[][] = [
      [], [text, whole, time, real], [text, whole, time, real, id, id],
      [1, whole, time, real, id], ["\u0000", whole, time, real, id], [{}, whole, time, real, id],
      [text, null, time, real, id], [text, 1.5, time, real, id], [text, 2 ** 31, time, real, id], [text, "1", time, real, id],
      [text, whole, "yesterday", real, id], [text, whole, "2026-02-31T00:00:00.000Z", real, id], [text, whole, 5, real, id],
      [text, whole, "0000-01-01T00:00:00.000Z", real, id], [text, whole, "-000001-01-01T00:00:00.000Z", real, id], [text, whole, "+010000-01-01T00:00:00.000Z", real, id],
      [text, whole, time, "x", id], [text, whole, time, real, "x"], [text, whole, time, real, null], [text, whole, time, real, [id]],
    ]; // prettier-ignore
    for (const values of forged) {
      await expect(pageBy(order, { after: write(values) }), JSON.stringify(values)).rejects.toMatchObject(refusal);
      await expect(pageBy(order, { before: write(values) }), JSON.stringify(values)).rejects.toMatchObject({ reason: "CURSOR_INVALID" });
    }
  });
});

describe("page sizes", () => {
  it("are 50 unless given, and at most 200", () => {
    expect(parsePaging({}, "list")).toMatchObject({ limit: 50, backward: false, after: null, before: null });
    expect(parsePaging({ first: 0 }, "list")).toMatchObject({ limit: 0, backward: false });
    expect(parsePaging({ first: 200 }, "list")).toMatchObject({ limit: 200, backward: false });
    expect(parsePaging({ last: 200, first: null }, "list")).toMatchObject({ limit: 200, backward: true });
  });

  it.each([
    [{ first: 201 }, "PAGE_TOO_LARGE", "first must be from 0 to 200; it is 201."],
    [{ last: 2 ** 31 - 1 }, "PAGE_TOO_LARGE", "last must be from 0 to 200; it is 2147483647."],
    [{ first: -1 }, "INPUT_INVALID", "first: Must be from 0 to 200; it is -1."],
    [{ last: -1 }, "INPUT_INVALID", "last: Must be from 0 to 200; it is -1."],
    [{ first: 1, last: 1 }, "INPUT_INVALID", "last: Give either first or last, not both."],
    [{ first: 0, last: 201 }, "INPUT_INVALID", "last: Give either first or last, not both."],
  ])("refuse %j with the reason %s", (args, reason, message) => {
    const problems = [{ field: Object.keys(args).at(-1), message: expect.any(String) }];
    expect(() => parsePaging(args, "list")).toThrow(expect.objectContaining({ code: "BAD_USER_INPUT", reason, message: expect.stringContaining(message), details: expect.objectContaining({ problems }) }));
  });
});
