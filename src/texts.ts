import type { Problem } from "./errors.js";

/** Names longer than this are refused: no list shows them whole, and an index entry holds 2.7 kB at the most. */
export const MAX_NAME_LENGTH = 300;

const LONE_SURROGATE = /\p{Surrogate}/u;

/** What is wrong with a text that PostgreSQL would refuse or that UTF-8 would change; null when nothing is. */
export function textFault(text: string): string | null {
  if (text.includes("\0")) return "It has a NUL character, which cannot be stored. Remove it.";
  if (LONE_SURROGATE.test(text)) return "It is not well-formed Unicode (half of a surrogate pair stands alone), so it could not be sent unchanged.";
  return null;
}

/** What is wrong with a name or a tag: blank, too long, not storable. */
export function nameProblems(field: string, name: string): Problem[] {
  if (name.trim() === "") return [{ field, message: "It may not be blank." }];
  if (name.length > MAX_NAME_LENGTH) return [{ field, message: `It may have ${MAX_NAME_LENGTH} characters; it has ${name.length}.` }];
  const fault = textFault(name);
  return fault === null ? [] : [{ field, message: fault }];
}

/** What a search is for; null for a blank text, as an empty search box means everything. */
export function searchedText(text: string | null | undefined): string | null {
  return text == null || text.trim() === "" ? null : text;
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
