const REPLACEMENT = "\uFFFD";

/**
 * The text as PostgreSQL can hold it: NUL and halves of surrogate pairs, which it refuses, become U+FFFD. Everything
 * else stays as it is.
 */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll("\u0000", REPLACEMENT);
}

/** JSON text of the value as a jsonb column can hold it; see storableText. */
export function storableJson(value: unknown): string {
  return JSON.stringify(value ?? null, (_key, each: unknown) => {
    if (typeof each === "string") return storableText(each);
    if (typeof each !== "object" || each === null || Array.isArray(each)) return each;
    const keys = Object.keys(each);
    if (keys.every((key) => storableText(key) === key)) return each;
    return Object.fromEntries(Object.entries(each).map(([key, inner]) => [storableText(key), inner as unknown]));
  });
}
