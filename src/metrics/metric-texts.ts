import type { Problem } from "../errors.js";

/** Names longer than this are refused: no list shows them whole, and an index entry holds 2.7 kB at the most. */
const MAX_NAME_LENGTH = 300;

/** What is wrong with a text that PostgreSQL would refuse or that UTF-8 would change; null when nothing is. */
function textFault(text: string): string | null {
  if (text.includes("\0")) return "It has a NUL character, which cannot be stored. Remove it.";
  return !/\p{Surrogate}/u.test(text) ? null : "It is not well-formed Unicode (half of a surrogate pair stands alone).";
}

/** What is wrong with a text anywhere inside a JSON value; null when nothing is. */
export function jsonFault(value: unknown): string | null {
  if (typeof value === "string") return textFault(value);
  if (typeof value !== "object" || value === null) return null;
  for (const [key, inner] of Object.entries(value)) {
    const fault = textFault(key) ?? jsonFault(inner);
    if (fault !== null) return fault;
  }
  return null;
}

/** What is wrong with a name: blank, too long, not storable. */
export function nameProblems(field: string, name: string): Problem[] {
  if (name.trim() === "") return [{ field, message: "It may not be blank." }];
  if (name.length > MAX_NAME_LENGTH) return [{ field, message: `It may have ${MAX_NAME_LENGTH} characters; it has ${name.length}.` }];
  const fault = textFault(name);
  return fault === null ? [] : [{ field, message: fault }];
}
