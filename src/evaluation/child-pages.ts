import { expressionBuilder, sql } from "kysely";
import { behindCursor, type Database, type Db, keyset, type OrderColumn, type Page, type Paging, toPage } from "../db/index.js";

type Query = ReturnType<typeof keyset<keyof Database, object>>;

/** A list of children of each of several parents. */
export interface ChildList<R> {
  /** The children of the parent that the row `parents(id)` names; from a bare builder, as it becomes a subquery. */
  readonly children: () => Query;
  readonly order: readonly OrderColumn[];
  readonly parentOf: (row: R) => string;
}

/** A page of each parent's children: one statement for all of them, and a second one when a cursor is given. */
export async function pagesOfParents<R extends object>(db: Db, parentIds: readonly string[], list: ChildList<R>, paging: Paging): Promise<ReadonlyMap<string, Page<R>>> {
  const { order } = list;
  const parents = sql<{ id: string }>`unnest(${parentIds}::uuid[])`.as<"parents">(sql`parents(id)`);
  const ordered = sql.join(order.map(({ key, direction }) => sql`${sql.ref(`children.${key}`)} ${sql.raw((direction === "asc") !== paging.backward ? "asc" : "desc")}`));
  const rows = (await db
    .selectFrom(parents)
    .innerJoinLateral(keyset(list.children(), order, paging).as("children"), (join) => join.onTrue())
    .selectAll("children")
    .orderBy(ordered)
    .execute()) as R[]; // what `children` selects
  const hasBehind = new Set<string>();
  if (paging.after !== null || paging.before !== null) {
    const behind = list.children().clearSelect().select(sql<number>`1`.as("one")).where(behindCursor(order, paging));
    const found = await db.selectFrom(parents).select("parents.id").where((eb) => eb.exists(behind)).execute();
    found.forEach(({ id }) => hasBehind.add(id));
  }
  const groups = Map.groupBy(rows, list.parentOf);
  return new Map(await Promise.all(parentIds.map(async (id) => [id, await toPage(groups.get(id) ?? [], order, paging, () => Promise.resolve(hasBehind.has(id)))] as const)));
}

/** For subqueries: a query of `db` would pass the tenant guard twice, the second time under its SQL names. */
export function bare(): Pick<Db, "selectFrom"> {
  return expressionBuilder<Database, never>(); // same selectFrom without an executor
}
