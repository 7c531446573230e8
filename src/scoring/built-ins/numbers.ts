const IGNORED = /[\s,_'’]|\p{Sc}/gu;
const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d{1,3})?$/i;
/** No number that people write is longer; a longer text is not worth the search. */
const MAX_LENGTH = 100;

/**
 * A number as people write it, or null: thousands separators (comma, space, apostrophe, underscore), currency symbols
 * and trailing dots are ignored; the dot is the decimal point.
 */
export function parseNumber(text: string): number | null {
  if (text.length > MAX_LENGTH) return null;
  const plain = text.replaceAll(IGNORED, "").replaceAll("−", "-").replace(/\.+$/, "");
  return NUMBER.test(plain) ? Number(plain) : null;
}

const NUMBERS = /[-+−]?(?:\d[\d,_'’]*)?\.?\d+(?:e[-+]?\d{1,3})?/gi;

/** The last number in a text, or null. */
export function lastNumber(text: string): number | null {
  let last: string | null = null;
  for (const [number] of text.matchAll(NUMBERS)) last = number;
  return last === null ? null : parseNumber(last);
}
