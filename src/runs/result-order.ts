import { BadUserInputError } from "../errors.js";
import { isTime, type OrderColumn, type Paging } from "../db/index.js";
import { IdKind, isId, MAX_ORDINAL } from "../ids.js";
import { TestResultStatus } from "./result.js";
import { statusesOf, type TestResultFilter, type UnstoredStatus, unstoredStatuses } from "./result-filter.js";

export interface TestResultOrder {
  readonly field: "POSITION" | "FINISHED_AT" | "LATENCY" | "STATUS";
  readonly direction: "ASC" | "DESC";
}

/** A result's place in a list. Keys order as (rank, value, run newest first where the list has several, ordinal). */
export interface ResultKey {
  /** Which part of the list. */
  readonly rank: number;
  /** What orders the part before run and ordinal; null where nothing does. */
  readonly value: string | number | null;
  /** Null in the list of one run. */
  readonly runId: string | null;
  readonly ordinal: number;
}

/**
 * Part of a list, by which an order over a nullable value and over statuses becomes orders that an index has. Planned
 * results without a row have no value, so they are only in parts that ordinals alone order.
 */
export interface Part {
  readonly rank: number;
  /** Only stored results of this status. */
  readonly status: TestResultStatus | null;
  /** The column that orders the part; its rows have a value there. */
  readonly column: "finishedAt" | "latencyMs" | null;
  /** Only rows without a value in this column. */
  readonly without: "finishedAt" | "latencyMs" | null;
  /** Planned results without a row that belong here. */
  readonly unstored: readonly UnstoredStatus[];
}

/** How a list is ordered, in parts. */
export interface ListOrder {
  readonly parts: readonly Part[];
  readonly valueDirection: "asc" | "desc";
  readonly ordinalDirection: "asc" | "desc";
  /** Whether it spans runs: the newest come first then. */
  readonly acrossRuns: boolean;
  readonly valueType: "timestamptz" | "double precision";
}

const STATUS_ORDER = Object.values(TestResultStatus);

/** The parts of a list in its order, without those that the filter empties. Nulls come last in both directions. */
export function listOrder(orderBy: TestResultOrder, filter: TestResultFilter, acrossRuns: boolean): ListOrder {
  const direction = orderBy.direction === "ASC" ? "asc" : "desc";
  return {
    parts: partsOf(orderBy, filter),
    valueDirection: direction,
    // As the values: an index then has the order in both directions, however many have one value.
    ordinalDirection: orderBy.field === "STATUS" ? "asc" : direction,
    acrossRuns,
    valueType: orderBy.field === "LATENCY" ? "double precision" : "timestamptz",
  };
}

function partsOf({ field, direction }: TestResultOrder, filter: TestResultFilter): Part[] {
  const unstored = unstoredStatuses(filter);
  const plain: Part = { rank: 0, status: null, column: null, without: null, unstored };
  if (field === "POSITION") return [plain];
  if (field === "STATUS") {
    const statuses = STATUS_ORDER.map((status, rank): Part => ({ ...plain, rank, status, unstored: unstored.filter((each) => each === status) }));
    const asked = statuses.filter(({ status }) => status !== null && (statusesOf(filter)?.includes(status) ?? true));
    return direction === "ASC" ? asked : asked.reverse().map((part) => ({ ...part, rank: STATUS_ORDER.length - part.rank }));
  }
  const column = field === "LATENCY" ? "latencyMs" : "finishedAt";
  return [{ ...plain, column, unstored: [] }, { ...plain, rank: 1, without: column }];
}

/** Whether something orders the list before runs and ordinals do. */
export function isByValues({ parts }: ListOrder): boolean {
  return parts.some(({ column, status, without }) => (column ?? status ?? without) !== null);
}

/** The parts from where the stretch begins, in the order of reading. */
export function partsFrom({ parts }: ListOrder, { backward, after, before }: Span): readonly Part[] {
  const start = (backward ? before : after)?.key.rank;
  if (backward) return parts.filter(({ rank }) => start === undefined || rank <= start).reverse();
  return parts.filter(({ rank }) => start === undefined || rank >= start);
}

/** The columns that order a part, as `beyond` takes them. */
export function partColumns(order: ListOrder, part: Part): OrderColumn[] {
  const columns: OrderColumn[] = part.column === null ? [] : [{ ref: `results.${part.column}`, key: "value", direction: order.valueDirection, type: order.valueType }];
  if (order.acrossRuns) columns.push({ ref: "results.runId", key: "runId", direction: "desc", type: "uuid" });
  columns.push({ ref: "results.ordinal", key: "ordinal", direction: order.ordinalDirection, type: "integer" });
  return columns;
}

/** The key's values for the columns of `partColumns`. */
export function partValues(part: Part, key: ResultKey): (string | number | null)[] {
  return [...(part.column === null ? [] : [key.value]), ...(key.runId === null ? [] : [key.runId]), key.ordinal];
}

/** What a cursor holds, whatever the part. */
export function cursorColumns(order: ListOrder): OrderColumn[] {
  const column = (key: string): OrderColumn => ({ ref: key, key, direction: "asc", type: "text" });
  return ["rank", "value", ...(order.acrossRuns ? ["runId"] : []), "ordinal"].map(column);
}

/** The key that a cursor holds. BAD_USER_INPUT, CURSOR_INVALID for one that we did not write: anyone can write a cursor with a true fingerprint. */
export function keyOf(order: ListOrder, cursor: Paging["after"], field: "after" | "before"): ResultKey | null {
  if (cursor === null) return null;
  const [rank, value, ...rest] = cursor;
  const [runId, ordinal] = order.acrossRuns ? rest : [null, ...rest];
  const part = order.parts.find((each) => each.rank === rank);
  const isPlace = typeof ordinal === "number" && Number.isInteger(ordinal) && ordinal >= 1 && ordinal <= MAX_ORDINAL;
  const isRun = order.acrossRuns ? typeof runId === "string" && isId(runId, IdKind.TEST_RUN) : runId === null;
  if (part !== undefined && isPlace && isRun && isValueOf(order, part, value)) return { rank: part.rank, value: value ?? null, runId: runId as string | null, ordinal };
  const message = "The cursor belongs to another list, order or filter. Start again without it.";
  throw new BadUserInputError(message, [{ field, message }], "CURSOR_INVALID");
}

function isValueOf(order: ListOrder, part: Part, value: unknown): boolean {
  if (part.column === null) return value === null;
  if (order.valueType === "double precision") return typeof value === "number";
  return typeof value === "string" && isTime(value);
}

/** Where two keys of which at least one has no row stand to each other: in the same part both have no value. */
export function compareKeys(order: ListOrder, a: ResultKey, b: ResultKey): number {
  if (a.rank !== b.rank) return a.rank - b.rank;
  if (a.runId !== null && b.runId !== null && a.runId !== b.runId) return a.runId > b.runId ? -1 : 1;
  return order.ordinalDirection === "asc" ? a.ordinal - b.ordinal : b.ordinal - a.ordinal;
}

/** Merges two lists in the order of `compare`, taking at most `take`. */
export function mergeSorted<T>(left: readonly T[], right: readonly T[], compare: (a: T, b: T) => number, take: number): T[] {
  const merged: T[] = [];
  let [i, j] = [0, 0];
  while (merged.length < take) {
    const [a, b] = [left[i], right[j]];
    if (a === undefined && b === undefined) break;
    if (b === undefined || (a !== undefined && compare(a, b) <= 0)) {
      if (a !== undefined) merged.push(a);
      i += 1;
    } else {
      merged.push(b);
      j += 1;
    }
  }
  return merged;
}

/** A stretch of a list and the direction in which it is read. */
export interface Span {
  readonly after: Bound | null;
  readonly before: Bound | null;
  readonly backward: boolean;
  readonly take: number;
}
export interface Bound {
  readonly key: ResultKey;
  readonly inclusive: boolean;
}

/** The page itself with one more, so that its flag in the direction of reading is known. */
export function pageSpan(order: ListOrder, paging: Paging): Span {
  const bound = (key: ResultKey | null): Bound | null => (key === null ? null : { key, inclusive: false });
  return { after: bound(keyOf(order, paging.after, "after")), before: bound(keyOf(order, paging.before, "before")), backward: paging.backward, take: paging.limit + 1 };
}

/** One item outside the page on the side that it starts from, the cursor's own included; null without a cursor there. */
export function behindSpan(span: Span): Span | null {
  return outside(span.backward ? span.before : span.after, !span.backward);
}

/** One item outside the page on the side that it is read towards, the cursor's own included; null without a cursor there. */
export function aheadSpan(span: Span): Span | null {
  return outside(span.backward ? span.after : span.before, span.backward);
}

function outside(bound: Bound | null, isBelow: boolean): Span | null {
  if (bound === null) return null;
  const edge = { key: bound.key, inclusive: true };
  return isBelow ? { after: null, before: edge, backward: true, take: 1 } : { after: edge, before: null, backward: false, take: 1 };
}

/** The stretch as the list of one run has it. Where it begins or ends in another one, all of the run lies within. */
export function spanInRun(span: Span, runId: string): Span {
  const bound = (each: Bound | null): Bound | null => (each === null || each.key.runId !== runId ? null : { ...each, key: { ...each.key, runId: null } });
  return { ...span, after: bound(span.after), before: bound(span.before) };
}
