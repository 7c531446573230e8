import { sql, type SqlBool } from "kysely";
import { storableText } from "./storable.js";

/** A condition on a text, ignoring case; its fields are ANDed. */
export interface StringFilter {
  readonly eq?: string | null;
  readonly ne?: string | null;
  readonly in?: readonly string[] | null;
  readonly contains?: string | null;
  readonly startsWith?: string | null;
}

/** A condition on a time; its fields are ANDed. */
export interface DateTimeFilter {
  readonly gt?: Date | null;
  readonly gte?: Date | null;
  readonly lt?: Date | null;
  readonly lte?: Date | null;
}

/** Makes a text match only itself inside a LIKE pattern. */
export function escapeLike(text: string): string {
  return text.replaceAll(/[\\%_]/g, String.raw`\$&`);
}

/** The conditions of a StringFilter on a column. */
export function stringConditions(ref: string, filter: StringFilter | null | undefined): ReturnType<typeof sql<SqlBool>>[] {
  if (filter == null) return [];
  const column = sql`lower(${sql.ref(ref)})`;
  const conditions: ReturnType<typeof sql<SqlBool>>[] = [];
  // Stored text is storable text; and PostgreSQL lowers both sides, as its rules are not JavaScript's.
  if (filter.eq != null) conditions.push(sql<SqlBool>`${column} = lower(${storableText(filter.eq)})`);
  if (filter.ne != null) conditions.push(sql<SqlBool>`${column} <> lower(${storableText(filter.ne)})`);
  if (filter.in != null) conditions.push(isNamed(ref, filter.in));
  if (filter.contains != null) conditions.push(sql<SqlBool>`${column} like lower(${`%${escapeLike(storableText(filter.contains))}%`})`);
  if (filter.startsWith != null) conditions.push(sql<SqlBool>`${column} like lower(${`${escapeLike(storableText(filter.startsWith))}%`})`);
  return conditions;
}

/** The conditions of a DateTimeFilter on a column. */
export function timeConditions(ref: string, filter: DateTimeFilter | null | undefined): ReturnType<typeof sql<SqlBool>>[] {
  if (filter == null) return [];
  const column = sql.ref(ref);
  const conditions: ReturnType<typeof sql<SqlBool>>[] = [];
  if (filter.gt != null) conditions.push(sql<SqlBool>`${column} > ${filter.gt}`);
  if (filter.gte != null) conditions.push(sql<SqlBool>`${column} >= ${filter.gte}`);
  if (filter.lt != null) conditions.push(sql<SqlBool>`${column} < ${filter.lt}`);
  if (filter.lte != null) conditions.push(sql<SqlBool>`${column} <= ${filter.lte}`);
  return conditions;
}

/** Whether a column is one of the values: one array parameter, so that every number of values shares a statement, and none is no error. */
export function isOneOf(ref: string, values: readonly string[], type: "uuid" | "text" | "integer" = "uuid"): ReturnType<typeof sql<SqlBool>> {
  return sql<SqlBool>`${sql.ref(ref)} = any(${values}::${sql.raw(type)}[])`;
}

/** Whether a text is one of the names, ignoring case as PostgreSQL and its unique indexes do: JavaScript lowers a few letters otherwise, such as the last one of ΟΔΟΣ. */
export function isNamed(ref: string, names: readonly string[]): ReturnType<typeof sql<SqlBool>> {
  return sql<SqlBool>`lower(${sql.ref(ref)}) = any(array(select lower(listed) from unnest(${names.map(storableText)}::text[]) as listed))`;
}
