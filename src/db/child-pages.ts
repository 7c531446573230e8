import { expressionBuilder, type SelectQueryBuilder, sql } from "kysely";
import type { OrderColumn } from "./cursor.js";
import type { Database, Db } from "./database.js";
import { cursorFields, keyset, nearestPast, type Page, type Paging, toPage } from "./paging.js";

/** A list of children of each of several parents. */
export interface ChildList<R> {
  /** The children of the parent that the row `parents(id)` names; from `subqueries()`, as it becomes a subquery. */
  readonly children: () => SelectQueryBuilder<Database, keyof Database, object>;
  readonly order: readonly OrderColumn[];
  readonly parentOf: (row: R) => string;
}

/** A page of each parent's children: one statement for all of them, and one more for each cursor given. */
export async function pagesOfParents<R extends object>(db: Db, parentIds: readonly string[], list: ChildList<R>, paging: Paging): Promise<ReadonlyMap<string, Page<R>>> {
  const { order } = list;
  const rows = (await db
    .selectFrom(parentsOf(parentIds))
    .innerJoinLateral(keyset(list.children(), order, paging).as("children"), (join) => join.onTrue())
    .selectAll("children")
    .orderBy(sql.join(order.map((column) => orderTerm(column, paging.backward))))
    .execute()) as R[]; // what `children` selects
  const [start, end] = cursorFields(paging);
  const [behind, ahead] = [await findParentsPast(db, parentIds, list, paging, start), await findParentsPast(db, parentIds, list, paging, end)];
  const groups = Map.groupBy(rows, list.parentOf);
  const pageOfParent = (id: string): Promise<Page<R>> => toPage(groups.get(id) ?? [], order, paging, () => Promise.resolve(behind.has(id)), () => Promise.resolve(ahead.has(id)));
  return new Map(await Promise.all(parentIds.map(async (id) => [id, await pageOfParent(id)] as const)));
}

/** For subqueries: one of `db` would pass the tenant guard twice, the second time under its SQL names. */
export function subqueries(): Pick<Db, "selectFrom"> {
  return expressionBuilder<Database, never>(); // the same selectFrom, without an executor
}

function parentsOf(ids: readonly string[]) {
  return sql<{ id: string }>`unnest(${ids}::uuid[])`.as<"parents">(sql`parents(id)`);
}

function orderTerm({ key, direction }: OrderColumn, backward: boolean): ReturnType<typeof sql> {
  return sql`${sql.ref(`children.${key}`)} ${sql.raw((direction === "asc") !== backward ? "asc" : "desc")} ${sql.raw(backward ? "nulls first" : "nulls last")}`;
}

/** The parents that have children outside the part that the cursor bounds. */
async function findParentsPast<R>(db: Db, ids: readonly string[], list: ChildList<R>, paging: Paging, field: "after" | "before"): Promise<ReadonlySet<string>> {
  if (paging[field] === null) return new Set();
  const past = nearestPast(list.children(), list.order, paging, field);
  const rows = await db.selectFrom(parentsOf(ids)).innerJoinLateral(past.as("past"), (join) => join.onTrue()).select("parents.id").execute();
  return new Set(rows.map((row) => row.id));
}
