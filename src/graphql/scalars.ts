import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from "graphql";
import { GraphQLJSON, GraphQLJSONObject } from "graphql-scalars";

const RFC3339 = /^(\d{4}-\d\d-\d\d)[Tt](\d\d):\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

/** The time, or null for one that does not exist: JavaScript takes 31 February for 3 March, and 24:00 for the next day. */
function timeOf(text: string): Date | null {
  const [, day = "", hours = ""] = RFC3339.exec(text) ?? [];
  const midnight = new Date(`${day}T00:00:00.000Z`);
  const exists = hours !== "" && hours !== "24" && !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
  const time = new Date(text.toUpperCase());
  return exists && !Number.isNaN(time.getTime()) ? time : null;
}

function parseTime(value: unknown): Date {
  const time = typeof value === "string" ? timeOf(value) : null;
  if (time === null) throw new GraphQLError(`DateTime must be an RFC 3339 time such as 2026-11-21T10:00:00.000Z; it is ${JSON.stringify(value)}.`);
  return time;
}

/** Times: RFC 3339 in UTC, always with three fractional digits and Z on the way out. */
export const DateTimeScalar = new GraphQLScalarType<Date, string>({
  name: "DateTime",
  description: "A time: RFC 3339 in UTC, always with three fractional digits and Z, such as 2026-11-21T10:00:00.000Z. Input may use another offset.",
  specifiedByURL: "https://scalars.graphql.org/andimarek/date-time.html",
  serialize: (value) => (value instanceof Date ? value : parseTime(value)).toISOString(),
  parseValue: parseTime,
  parseLiteral: (node) => parseTime(node.kind === Kind.STRING ? node.value : null),
});

function parseSafeInt(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw new GraphQLError(`SafeInt must be an integer up to 2^53 - 1 in size; it is ${JSON.stringify(value)}.`);
  return value;
}

/** Integers beyond 32 bits that still are exact as JSON numbers. */
export const SafeIntScalar = new GraphQLScalarType<number, number>({
  name: "SafeInt",
  description: "An integer up to 2^53 - 1.",
  serialize: parseSafeInt,
  parseValue: parseSafeInt,
  parseLiteral: (node: ValueNode) => parseSafeInt(node.kind === Kind.INT ? Number(node.value) : null),
});

/** Any JSON value. */
export const JSONScalar = new GraphQLScalarType({ ...GraphQLJSON.toConfig(), name: "JSON", description: "Any JSON value: an object, a list, a string, a number, true, false or null." });

/** A JSON object: names to JSON values. */
export const JSONObjectScalar = new GraphQLScalarType({ ...GraphQLJSONObject.toConfig(), name: "JSONObject", description: "A JSON object: names to JSON values." });
