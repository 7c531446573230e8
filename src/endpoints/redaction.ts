import { type Credentials, type EndpointAuth, MASK } from "./endpoint.js";

/** Shorter secrets are hidden only where they stand by themselves: everywhere, they would tear ordinary words apart. */
const SHORT = 6;
const MAX_DEPTH = 500;

/** Takes secrets out of what an endpoint said. */
export interface Redactor {
  text(text: string): string;
  /** The same value with every text and key in it cleaned. */
  value<T>(value: T): T;
}

/** The target's secrets as texts, with the forms in which they travel and so may come back. */
export function secretsOf(credentials: Credentials, auth: EndpointAuth): string[] {
  const headers = Object.values(credentials.headers);
  // "Bearer abc" hides abc alone, too.
  const schemes = headers.map((value) => /^\S+\s+(\S.*)$/s.exec(value)?.[1] ?? "");
  const own = [credentials.auth ?? "", ...headers, ...schemes, ...Object.values(credentials.queryParams)];
  if (auth.type === "BASIC" && credentials.auth !== null) own.push(basicCredentials(auth.username, credentials.auth));
  return own;
}

/** The user name and password as Basic authentication sends them. */
export function basicCredentials(username: string, password: string): string {
  return Buffer.from(`${username}:${password}`, "utf8").toString("base64");
}

/** A redactor of the secrets, in their plain, URL-encoded, JSON-escaped and base64 forms. */
export function createRedactor(secrets: readonly string[]): Redactor {
  // The longest first, so that a secret inside of another leaves no rest of it.
  const forms = [...new Set(secrets.filter((secret) => secret.trim() !== "" && secret !== MASK).flatMap(formsOf))].sort((a, b) => b.length - a.length);
  if (forms.length === 0) return { text: (text) => text, value: (value) => value };
  const pattern = new RegExp(forms.map(toPattern).join("|"), "gu");
  // Most texts hold none of them, which a plain search sees many times faster than the pattern.
  const text = (each: string): string => (forms.some((form) => each.includes(form)) ? each.replace(pattern, MASK) : each);
  return { text, value: <T>(value: T) => clean(value, text, 0) as T }; // the same shape, its texts cleaned
}

function formsOf(secret: string): string[] {
  const forms = [secret, encodeURIComponent(secret), new URLSearchParams({ "": secret }).toString().slice(1), JSON.stringify(secret).slice(1, -1)];
  return secret.length < SHORT ? forms : [...forms, Buffer.from(secret).toString("base64"), Buffer.from(secret).toString("base64url")];
}

function toPattern(form: string): string {
  const literal = form.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
  return form.length < SHORT ? `(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}])` : literal;
}

function clean(value: unknown, text: (each: string) => string, depth: number): unknown {
  if (typeof value === "string") return text(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth > MAX_DEPTH) return MASK;
  if (Array.isArray(value)) return value.map((item) => clean(item, text, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [text(key), clean(item, text, depth + 1)]));
}
