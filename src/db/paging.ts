import { createHash } from "node:crypto";
import { type RawBuilder, type SelectQueryBuilder, sql, type SqlBool } from "kysely";
import { assertNoProblems, BadUserInputError } from "../errors.js";
import { checkedCursor, cursorOf, type CursorValue, decodeCursor, type OrderColumn } from "./cursor.js";
import type { Database } from "./database.js";

/** The most rows of a page; more is BAD_USER_INPUT, PAGE_TOO_LARGE. */
export const MAX_PAGE_SIZE = 200;
/** Rows of a page when neither `first` nor `last` is given. */
export const DEFAULT_PAGE_SIZE = 50;

/** The paging arguments of a connection as they came in. */
export interface PageArgs {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
}

/** Checked paging arguments: how many rows, past which cursor, read in which direction. */
export interface Paging {
  readonly limit: number;
  readonly backward: boolean;
  readonly after: readonly CursorValue[] | null;
  readonly before: readonly CursorValue[] | null;
  /** What the cursors were made for: an order and a filter. */
  readonly fingerprint: string;
}

/** A page of rows with exact flags and a cursor for each row. */
export interface Page<R> {
  readonly rows: readonly R[];
  readonly cursors: readonly string[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}

export const EMPTY_PAGE: Page<never> = { rows: [], cursors: [], hasNextPage: false, hasPreviousPage: false };

/**
 * Checks paging arguments. `list` is whatever a cursor is tied to: the list's name, its order and its filter.
 * BAD_USER_INPUT as `assertPageSize` says, INPUT_INVALID for `first` with `last`, and CURSOR_INVALID for a cursor of another list.
 */
export function parsePaging(args: PageArgs, list: unknown): Paging {
  const first = args.first ?? null;
  const last = args.last ?? null;
  if (first !== null && last !== null) assertNoProblems([{ field: "last", message: "Give either first or last, not both." }]);
  assertPageSize("first", first);
  assertPageSize("last", last);
  const fingerprint = createHash("sha256").update(JSON.stringify(list)).digest("base64url").slice(0, 8);
  return {
    limit: first ?? last ?? DEFAULT_PAGE_SIZE,
    backward: last !== null,
    after: args.after == null ? null : decodeCursor("after", args.after, fingerprint),
    before: args.before == null ? null : decodeCursor("before", args.before, fingerprint),
    fingerprint,
  };
}

/** Checks how many rows are asked for. BAD_USER_INPUT: INPUT_INVALID for a negative number, PAGE_TOO_LARGE for one over 200. */
export function assertPageSize(field: "first" | "last", size: number | null): void {
  if (size === null) return;
  if (size < 0) assertNoProblems([{ field, message: `Must be from 0 to ${MAX_PAGE_SIZE}; it is ${size}.` }]);
  if (size <= MAX_PAGE_SIZE) return;
  const message = `${field} must be from 0 to ${MAX_PAGE_SIZE}; it is ${size}. Ask for further pages with cursors.`;
  throw new BadUserInputError(message, [{ field, message }], "PAGE_TOO_LARGE", { maximum: MAX_PAGE_SIZE });
}

/**
 * Orders a query and cuts it to the page, with one row more so that `toPage` knows whether another page follows.
 * Times are stored with three digits, so a cursor made from a Date loses nothing.
 */
export function keyset<TB extends keyof Database, O>(query: SelectQueryBuilder<Database, TB, O>, order: readonly OrderColumn[], paging: Paging): SelectQueryBuilder<Database, TB, O> {
  let result = query;
  const [after, before] = [checkedCursor("after", order, paging.after), checkedCursor("before", order, paging.before)];
  if (after !== null) result = result.where(beyond(order, after, false));
  if (before !== null) result = result.where(beyond(order, before, true));
  for (const column of order) {
    const ascending = (column.direction === "asc") !== paging.backward;
    const nulls = column.nullable === true ? (paging.backward ? sql` nulls first` : sql` nulls last`) : sql``;
    result = result.orderBy(sql`${sql.ref(column.ref)} ${sql.raw(ascending ? "asc" : "desc")}${nulls}`);
  }
  return result.limit(paging.limit + 1);
}

/**
 * The condition "past the cursor" (or before it, when reversed), with nulls last; when inclusive, the cursor's own row
 * as well. Said by comparisons alone, so that an index serves the range: the negation of the opposite is no range to it.
 */
export function beyond(order: readonly OrderColumn[], cursor: readonly CursorValue[], reversed: boolean, inclusive = false): ReturnType<typeof sql<SqlBool>> {
  const [column, ...rest] = order;
  if (column === undefined) return inclusive ? sql<SqlBool>`true` : sql<SqlBool>`false`;
  const value = cursor[0] ?? null;
  const ref = sql.ref(column.ref);
  const further = beyond(rest, cursor.slice(1), reversed, inclusive);
  if (value === null) return reversed ? sql<SqlBool>`(${ref} is not null or (${ref} is null and ${further}))` : sql<SqlBool>`(${ref} is null and ${further})`;
  const [strict, weak] = (column.direction === "asc") !== reversed ? [sql.raw(">"), sql.raw(">=")] : [sql.raw("<"), sql.raw("<=")];
  const bound = sql`${value}::${sql.raw(column.type)}`;
  const nulls = column.nullable === true && !reversed ? sql` or ${ref} is null` : sql``;
  if (rest.length === 0) return sql<SqlBool>`(${ref} ${inclusive ? weak : strict} ${bound}${nulls})`;
  if (column.asRow === true) return comparedRows(order, cursor, inclusive ? weak : strict);
  // The first comparison alone lets an index serve the range. "is true" spares the planner to look for indexes that
  // serve the rest: over all partitions that took a third of its time.
  return sql<SqlBool>`((${ref} ${weak} ${bound} and (${ref} ${strict} ${bound} or ${further}) is true)${nulls})`;
}

function comparedRows(order: readonly OrderColumn[], cursor: readonly CursorValue[], operator: RawBuilder<unknown>): ReturnType<typeof sql<SqlBool>> {
  const bounds = order.map(({ type }, index) => sql`${cursor[index] ?? null}::${sql.raw(type)}`);
  return sql<SqlBool>`(${sql.join(order.map(({ ref }) => sql.ref(ref)))}) ${operator} (${sql.join(bounds)})`;
}

/**
 * Makes a page of what a `keyset` query gave. Its flags need a look past the cursors, one statement each: `existsBehind`
 * past the cursor that the page starts from, and, only where the other cursor was given as well, `existsAhead` past
 * that one. Without it the row that the other cursor was made of is taken to be there still.
 */
export async function toPage<R extends object>(
  rows: readonly R[],
  order: readonly OrderColumn[],
  paging: Paging,
  existsBehind: () => Promise<boolean>,
  existsAhead: () => Promise<boolean> = () => Promise.resolve(true),
): Promise<Page<R>> {
  const kept = rows.slice(0, paging.limit);
  if (paging.backward) kept.reverse();
  const [start, end] = cursorFields(paging);
  const behind = paging[start] !== null && (await existsBehind());
  const ahead = rows.length > paging.limit || (paging[end] !== null && (await existsAhead()));
  return {
    rows: kept,
    cursors: kept.map((row) => cursorOf(row, order, paging.fingerprint)),
    hasNextPage: paging.backward ? behind : ahead,
    hasPreviousPage: paging.backward ? ahead : behind,
  };
}

/**
 * Cuts a query to one row outside the list's part that the cursor bounds: the nearest one, which is the cursor's own
 * as a rule. With the order an index gives that row at once; a bare "exists" may have the planner gather all of them.
 */
export function nearestPast<TB extends keyof Database, O>(query: SelectQueryBuilder<Database, TB, O>, order: readonly OrderColumn[], paging: Paging, field: "after" | "before"): SelectQueryBuilder<Database, TB, { one: number }> {
  const cursor = checkedCursor(field, order, paging[field]);
  const past = cursor === null ? sql<SqlBool>`false` : beyond(order, cursor, field === "after", true);
  const toward = { ...paging, after: null, before: null, backward: field === "after", limit: 0 };
  return keyset(query.where(past), order, toward).clearSelect().select(sql<number>`1`.as("one"));
}

/** The cursors of a page by what they bound: the one that it starts from, and the one that it must not pass. */
export function cursorFields(paging: Paging): readonly ["after", "before"] | readonly ["before", "after"] {
  return paging.backward ? ["before", "after"] : ["after", "before"];
}

/** Pages one list: the query as filtered, without order or limit. One statement, and one more for each cursor given. */
export async function pageOf<TB extends keyof Database, O extends object>(query: SelectQueryBuilder<Database, TB, O>, order: readonly OrderColumn[], paging: Paging): Promise<Page<O>> {
  const rows = await keyset(query, order, paging).execute();
  const existsPast = async (field: "after" | "before"): Promise<boolean> => {
    const past = await nearestPast(query, order, paging, field).execute();
    return past.length > 0;
  };
  const [start, end] = cursorFields(paging);
  return toPage(rows as O[], order, paging, () => existsPast(start), () => existsPast(end));
}
