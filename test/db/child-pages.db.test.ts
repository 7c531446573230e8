import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Db, type OrderColumn, type Page, type PageArgs, pageOf, pagesOfParents, parsePaging, subqueries } from "../../src/db/index.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";

interface ScratchRow {
  readonly organizationId: string;
  readonly id: string;
  readonly parentId: string;
  readonly finishedAt: Date | null;
}

const OURS = randomUUID();
const PARENTS = Array.from({ length: 20 }, () => randomUUID());

let database: TestDatabase;
let db: Db;
beforeAll(async () => {
  database = await createTestDatabase();
  db = database.db;
  await database.pool.query("create table scratch_rows (organization_id uuid not null, id uuid primary key, parent_id uuid not null, finished_at timestamptz(3))");
});
beforeEach(() => database.pool.query("truncate scratch_rows"));
afterAll(() => database.drop());

/** The scratch table is not in the Database's types. */
const scratch = (from: unknown): any => (from as any).selectFrom("scratchRows").selectAll("scratchRows").where("scratchRows.organizationId", "=", OURS);

/** A row for each element: which parent it is of, and when it finished. */
async function insertRows(fields: readonly (readonly [number, number | null])[]): Promise<void> {
  const rows = fields.flatMap(([parent, ms]) => [OURS, randomUUID()].map((organizationId) => ({ organizationId, id: randomUUID(), parentId: PARENTS[parent], finishedAt: ms === null ? null : new Date(ms) })));
  if (rows.length > 0) await (db as any).insertInto("scratchRows").values(rows).execute();
}

const orderOf = (direction: "asc" | "desc"): OrderColumn[] => [
  { ref: "scratchRows.finishedAt", key: "finishedAt", direction, type: "timestamptz", nullable: true },
  { ref: "scratchRows.id", key: "id", direction, type: "uuid" },
];
const pagesOf = (parents: readonly string[], order: readonly OrderColumn[], args: PageArgs) =>
  pagesOfParents<ScratchRow>(db, parents, { children: () => scratch(subqueries()).where(sql`scratch_rows.parent_id = parents.id`), order, parentOf: (row) => row.parentId }, parsePaging(args, order));
const pageAlone = (parent: string, order: readonly OrderColumn[], args: PageArgs): Promise<Page<ScratchRow>> => pageOf<never, ScratchRow>(scratch(db).where("scratchRows.parentId", "=", parent), order, parsePaging(args, order));

describe("the pages of several parents' children", () => {
  it("are what each parent's list gives by itself, flags included, also when the cursors' rows are gone", async () => {
    const fields = fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.option(fc.integer({ min: 0, max: 3 }))), { minLength: 1, maxLength: 14 });
    const place = fc.option(fc.double({ min: 0, max: 0.999, noNaN: true }));
    await fc.assert(
      fc.asyncProperty(fields, fc.constantFrom("asc" as const, "desc" as const), place, place, fc.integer({ min: 0, max: 4 }), fc.boolean(), fc.boolean(), async (rows, direction, from, to, size, isBackward, isGone) => {
        await database.pool.query("truncate scratch_rows");
        await insertRows(rows);
        const order = orderOf(direction);
        const { cursors, rows: all } = await pageOf<never, ScratchRow>(scratch(db), order, parsePaging({ first: 200 }, order));
        const at = (where: number | null): number => Math.floor((where ?? -1) * all.length);
        if (isGone) await database.pool.query("delete from scratch_rows where id = any($1::uuid[])", [[all[at(from)]?.id, all[at(to)]?.id].filter((id) => id !== undefined)]);
        const args = { ...(isBackward ? { last: size } : { first: size }), after: cursors[at(from)] ?? null, before: cursors[at(to)] ?? null };
        const pages = await pagesOf(PARENTS.slice(0, 4), order, args);
        for (const parent of PARENTS.slice(0, 4)) expect(pages.get(parent)).toEqual(await pageAlone(parent, order, args));
      }),
      { numRuns: 40 },
    );
  });

  it("cost one statement for any number of parents, and one more for each cursor", async () => {
    await insertRows(PARENTS.flatMap((_, parent) => [0, 1, 2].map((ms) => [parent, ms] as const)));
    const order = orderOf("asc");
    const { cursors } = await pageOf<never, ScratchRow>(scratch(db), order, parsePaging({ first: 200 }, order));
    const count = async (parents: number, args: PageArgs): Promise<number> => {
      database.statements.length = 0;
      expect((await pagesOf(PARENTS.slice(0, parents), order, args)).size).toBe(parents);
      return database.statements.length;
    };
    for (const parents of [2, 20]) {
      expect(await count(parents, { first: 1 })).toBe(1);
      expect(await count(parents, { first: 1, after: cursors[0] ?? null })).toBe(2);
      expect(await count(parents, { last: 2, before: cursors[50] ?? null, after: cursors[0] ?? null })).toBe(3);
    }
  });

  it("of children that are not bound to an organization are refused", async () => {
    const children = (): any => (subqueries() as any).selectFrom("scratchRows").selectAll("scratchRows").where(sql`scratch_rows.parent_id = parents.id`);
    await expect(pagesOfParents<ScratchRow>(db, PARENTS, { children, order: orderOf("asc"), parentOf: (row) => row.parentId }, parsePaging({}, "list"))).rejects.toThrow("not bound to an organizationId");
  });
});
