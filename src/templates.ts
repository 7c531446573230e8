/**
 * Texts with placeholders, of request mappings and of metric parameters: `{{ input }}`, `{{ metadata.answer }}`,
 * `{{ language_code | default("en") }}`. They fill in values and never evaluate anything; a value that is filled in
 * is not read as a template again. `{{ "{{" }}` is how two braces themselves are written.
 */

/** The variables that a template may name. */
export const TEMPLATE_VARIABLES = [
  "input",
  "expected_response",
  "context",
  "metadata",
  "params",
  "session_id",
  "messages",
  "turn",
  "test_id",
  "test_key",
  "run_id",
  "result_id",
  "trial",
  "language_code",
] as const;
export type TemplateVariable = (typeof TEMPLATE_VARIABLES)[number];

/** The variables whose properties can be named, such as `metadata.NAME`. */
const WITH_PROPERTIES: ReadonlySet<string> = new Set(["metadata", "params"]);

/** What placeholders are filled from. What is absent or null counts as unknown. */
export type TemplateValues = Readonly<Partial<Record<TemplateVariable, unknown>>>;

/** A placeholder: its variable, the property's name for those that have some, and what stands in where it is unknown. */
export interface Placeholder {
  readonly variable: TemplateVariable;
  /** What follows the variable's first dot: a property's name, or names joined by dots; null for the whole. */
  readonly property: string | null;
  /** The argument of `default`; undefined without one. */
  readonly fallback: unknown;
}

export type TemplatePart = string | Placeholder;

/** A parsed template: texts and placeholders in order. */
export interface Template {
  readonly parts: readonly TemplatePart[];
}

/** A template with what is wrong with it; the template is usable only without problems. */
export interface ParsedTemplate {
  readonly template: Template;
  readonly problems: readonly string[];
}

const OPEN = "{{";
const CLOSE = "}}";
const FILTER = /^default\s*\(\s*([\s\S]*?)\s*\)$/;

/** Parses a text, in time linear in its length. All problems are listed, each as a sentence. */
export function parseTemplate(text: string): ParsedTemplate {
  const parts: TemplatePart[] = [];
  const problems: string[] = [];
  let position = 0;
  while (position < text.length) {
    const open = text.indexOf(OPEN, position);
    if (open === -1) break;
    if (open > position) parts.push(text.slice(position, open));
    const close = findClose(text, open + OPEN.length);
    position = close === -1 ? text.length : close + CLOSE.length;
    const part = close === -1 ? `The placeholder "${excerpt(text.slice(open))}" is not closed by }}.` : parseExpression(text.slice(open + OPEN.length, close));
    if (typeof part === "string") problems.push(part);
    else parts.push("literal" in part ? part.literal : part);
  }
  if (position < text.length) parts.push(text.slice(position));
  return { template: { parts }, problems };
}

/** Where the placeholder ends: the next }} outside of quotes; -1 when there is none. */
function findClose(text: string, start: number): number {
  let quote: string | null = null;
  for (let index = start; index < text.length; index += 1) {
    const char = text.charAt(index);
    if (quote !== null) {
      if (char === "\\") index += 1;
      else if (char === quote) quote = null;
    } else if (char === '"' || char === "'") quote = char;
    else if (char === "}" && text.charAt(index + 1) === "}") return index;
  }
  return -1;
}

/** The placeholder, a quoted text, or (a string) what is wrong. */
function parseExpression(source: string): Placeholder | { literal: string } | string {
  const expression = source.trim();
  const quoted = parseLiteral(expression);
  if (quoted !== null && typeof quoted.value === "string") return { literal: quoted.value };
  const bar = expression.indexOf("|");
  const name = (bar === -1 ? expression : expression.slice(0, bar)).trim();
  const dot = name.indexOf(".");
  const variable = TEMPLATE_VARIABLES.find((known) => known === (dot === -1 ? name : name.slice(0, dot)));
  const property = dot === -1 ? null : name.slice(dot + 1).trim();
  if (variable === undefined || property === "" || (property !== null && !WITH_PROPERTIES.has(variable))) {
    return `There is no variable "${excerpt(name)}". The variables are ${TEMPLATE_VARIABLES.map((known) => (WITH_PROPERTIES.has(known) ? `${known}.NAME` : known)).join(", ")}.`;
  }
  if (bar === -1) return { variable, property, fallback: undefined };
  const fallback = parseDefault(expression.slice(bar + 1).trim());
  return fallback === null ? `"${excerpt(expression.slice(bar + 1).trim())}" is not a filter. The one filter is default("text").` : { variable, property, fallback: fallback.value };
}

function parseDefault(filter: string): { value: unknown } | null {
  const argument = FILTER.exec(filter)?.[1];
  return argument === undefined ? null : parseLiteral(argument);
}

/** A JSON text, number, true, false or null, or a text in single quotes. */
function parseLiteral(source: string): { value: unknown } | null {
  const single = /^'((?:[^'\\]|\\.)*)'$/s.exec(source)?.[1];
  if (single !== undefined) return { value: single.replaceAll(/\\(.)/gs, "$1") };
  try {
    const value: unknown = JSON.parse(source);
    return typeof value === "object" && value !== null ? null : { value };
  } catch {
    return null; // not a literal: the caller says so
  }
}

function excerpt(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** The placeholder that is the whole template, or null: then the template yields a text. */
export function onlyPlaceholder(template: Template): Placeholder | null {
  const [first] = template.parts;
  return template.parts.length === 1 && first !== undefined && typeof first !== "string" ? first : null;
}

/** The placeholders in order. */
export function placeholdersOf(template: Template): readonly Placeholder[] {
  return template.parts.filter((part) => typeof part !== "string");
}

/** The text of a template without placeholders; null for any other. */
export function constantText(template: Template): string | null {
  const texts = template.parts.filter((part) => typeof part === "string");
  return texts.length === template.parts.length ? texts.join("") : null;
}

/** The placeholder as it was named, such as `metadata.answer`. */
export function placeholderName(placeholder: Placeholder): string {
  return placeholder.property === null ? placeholder.variable : `${placeholder.variable}.${placeholder.property}`;
}

/** The placeholder's value, else its default; undefined where it is unknown and has none. */
export function valueOf(placeholder: Placeholder, values: TemplateValues): unknown {
  const whole = values[placeholder.variable];
  const value = placeholder.property === null ? whole : propertyOf(whole, placeholder.property);
  return value ?? placeholder.fallback ?? undefined;
}

/** An own property: the one of exactly that name, else what the names between the dots lead to. */
function propertyOf(whole: unknown, path: string): unknown {
  if (typeof whole !== "object" || whole === null) return undefined;
  if (Object.hasOwn(whole, path)) return (whole as Record<string, unknown>)[path]; // hasOwn checked it
  const dot = path.indexOf(".");
  if (dot === -1) return undefined;
  const head = path.slice(0, dot);
  return Object.hasOwn(whole, head) ? propertyOf((whole as Record<string, unknown>)[head], path.slice(dot + 1)) : undefined;
}

/** The names of the placeholders that are unknown and have no default. */
export function missingFrom(template: Template, values: TemplateValues): readonly string[] {
  return placeholdersOf(template).filter((placeholder) => valueOf(placeholder, values) === undefined).map(placeholderName);
}

/** What the template yields: a template that is only a placeholder its value with its type (undefined where unknown), any other a text. */
export function renderValue(template: Template, values: TemplateValues): unknown {
  const only = onlyPlaceholder(template);
  return only === null ? renderText(template, values) : valueOf(only, values);
}

/** The template as a text: texts as they are, unknown values as nothing, all others as compact JSON. */
export function renderText(template: Template, values: TemplateValues): string {
  return template.parts.map((part) => (typeof part === "string" ? part : textOf(valueOf(part, values)))).join("");
}

function textOf(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The text as a template that yields just it. */
export function escapeTemplate(text: string): string {
  return text.replaceAll(OPEN, `{{ "{{" }}`);
}
