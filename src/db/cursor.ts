import { BadUserInputError } from "../errors.js";
import { storableText } from "./storable.js";

/** One column of an order. Every order ends in what is unique, so that no two rows are equal. */
export interface OrderColumn {
  /** As SQL names it, such as "tests.position" in the code's camel case. */
  readonly ref: string;
  /** The property of a row that holds its value. */
  readonly key: string;
  readonly direction: "asc" | "desc";
  readonly type: "text" | "uuid" | "integer" | "double precision" | "timestamptz";
  /** Whether it may be null; nulls come last in both directions. */
  readonly nullable?: boolean;
  /**
   * Whether this column and all after it are compared as one row: for many rows of one value, where an index has just
   * these columns. They have one direction then, and are never null.
   */
  readonly asRow?: true;
}

/** One value of a cursor, as JSON holds it. */
export type CursorValue = string | number | null;

/** The cursor of a row under an order. */
export function cursorOf(row: object, order: readonly OrderColumn[], fingerprint: string): string {
  const values = order.map(({ key }) => {
    const value = (row as Record<string, unknown>)[key];
    return value instanceof Date ? value.toISOString() : (value ?? null);
  });
  return Buffer.from(JSON.stringify([fingerprint, ...values])).toString("base64url");
}

/** The values of a cursor that was made for the list, order and filter of the fingerprint. BAD_USER_INPUT, CURSOR_INVALID for any other. */
export function decodeCursor(field: string, cursor: string, fingerprint: string): readonly CursorValue[] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    if (Array.isArray(parsed) && parsed[0] === fingerprint) return parsed.slice(1) as CursorValue[]; // checkedCursor looks at them
  } catch {
    // Not base64url of JSON: refused below like any other foreign cursor.
  }
  return refuseCursor(field);
}

function refuseCursor(field: string): never {
  const message = "The cursor belongs to another list, order or filter. Start again without it.";
  throw new BadUserInputError(message, [{ field, message }], "CURSOR_INVALID");
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const INT4 = 2 ** 31;

function isValueOf(column: OrderColumn, value: unknown): boolean {
  if (value === null) return column.nullable === true;
  if (column.type === "integer") return Number.isInteger(value) && Math.abs(value as number) < INT4; // isInteger checked it
  if (column.type === "double precision") return typeof value === "number";
  if (typeof value !== "string") return false;
  if (column.type === "uuid") return UUID.test(value);
  return column.type === "timestamptz" ? isTime(value) : storableText(value) === value;
}

/** Whether it is a time as cursorOf writes it: of an existing day, too, and of a year with four digits, as PostgreSQL reads no others and knows no year 0. */
export function isTime(text: string): boolean {
  const time = new Date(text);
  return !Number.isNaN(time.getTime()) && time.toISOString() === text && /^\d/.test(text) && !text.startsWith("0000");
}

/** A cursor's values, fit for the order's columns. Anyone can write a cursor with a true fingerprint: PostgreSQL must not stumble over it. */
export function checkedCursor(field: "after" | "before", order: readonly OrderColumn[], values: readonly CursorValue[] | null): readonly CursorValue[] | null {
  if (values === null) return null;
  const fits = values.length === order.length && order.every((column, index) => isValueOf(column, values[index]));
  return fits ? values : refuseCursor(field);
}
