import { onlyPlaceholder, parseTemplate, type Placeholder, placeholderName, placeholdersOf, renderText, type TemplateValues, valueOf } from "../templates.js";
import type { CallVariables } from "./call.js";
import type { EndpointShape } from "./endpoint.js";

/** Why no request could be made from the mapping and the test's values. */
export class RequestMappingError extends Error {}

/** Stands for a value that is left out with its key. */
const OMITTED = Symbol("omitted");
/** Deeper templates are a mistake or an attack. */
const MAX_DEPTH = 50;

/** The variables by the names that templates use. */
export function templateValues(variables: CallVariables): TemplateValues {
  return {
    input: variables.input,
    expected_response: variables.expectedResponse,
    context: variables.context,
    metadata: variables.metadata,
    params: variables.params,
    session_id: variables.sessionId,
    messages: variables.messages,
    turn: variables.turn,
    test_id: variables.testId,
    test_key: variables.testKey,
    run_id: variables.runId,
    result_id: variables.resultId,
    trial: variables.trial,
    language_code: variables.languageCode,
  };
}

/**
 * Fills a mapping in by its structure: JSON stays JSON, and no text becomes anything else. A string that is only a
 * placeholder takes the value with its type; `"{{ messages }}"` inside a list is spread into it, as messages never
 * nest. What names an unknown session id is left out. Throws RequestMappingError. Undefined: all of it is left out.
 */
export function renderMapping(mapping: unknown, values: TemplateValues): unknown {
  const rendered = render(mapping, values);
  return rendered === OMITTED ? undefined : rendered;
}

function render(node: unknown, values: TemplateValues): unknown {
  if (typeof node === "string") return renderString(node, values);
  if (Array.isArray(node)) return node.flatMap((item) => renderItem(item, values)).filter((item) => item !== OMITTED);
  if (typeof node !== "object" || node === null) return node;
  const entries = Object.entries(node).map(([key, value]): [string, unknown] => [renderKey(key, values), render(value, values)]);
  return Object.fromEntries(entries.filter(([, value]) => value !== OMITTED));
}

/** Wrapped, as flatMap flattens one level of what it is given: only messages are meant to. */
function renderItem(item: unknown, values: TemplateValues): unknown[] {
  const rendered = render(item, values);
  const only = typeof item === "string" ? onlyPlaceholder(parseTemplate(item).template) : null;
  return only?.variable === "messages" && Array.isArray(rendered) ? rendered : [rendered];
}

function renderKey(key: string, values: TemplateValues): string {
  const rendered = renderString(key, values);
  if (rendered === OMITTED) return key;
  return typeof rendered === "string" ? rendered : JSON.stringify(rendered);
}

function renderString(text: string, values: TemplateValues): unknown {
  const { template } = parseTemplate(text);
  const placeholders = placeholdersOf(template);
  if (placeholders.some((placeholder) => isOmitted(placeholder, values))) return OMITTED;
  for (const placeholder of placeholders) assertThere(placeholder, values);
  const only = onlyPlaceholder(template);
  if (only === null) return renderText(template, values);
  return valueOf(only, values) ?? null;
}

function isOmitted(placeholder: Placeholder, values: TemplateValues): boolean {
  return placeholder.variable === "session_id" && valueOf(placeholder, values) === undefined;
}

/** A property that is null is a value; one that the test does not have at all is a mistake that a silent null would hide. */
function assertThere(placeholder: Placeholder, values: TemplateValues): void {
  if (placeholder.property === null || valueOf(placeholder, values) !== undefined) return;
  if (hasProperty(values[placeholder.variable], placeholder.property)) return;
  const name = placeholderName(placeholder);
  throw new RequestMappingError(`The request mapping names ${name}, which is not there for this test. Give it a value, or a default: {{ ${name} | default("") }}.`);
}

function hasProperty(whole: unknown, path: string): boolean {
  if (typeof whole !== "object" || whole === null) return false;
  if (Object.hasOwn(whole, path)) return true;
  const dot = path.indexOf(".");
  return dot !== -1 && Object.hasOwn(whole, path.slice(0, dot)) && hasProperty((whole as Record<string, unknown>)[path.slice(0, dot)], path.slice(dot + 1)); // hasOwn checked it
}

/** Headers or query parameters filled in: texts, without what names an unknown session id. Throws RequestMappingError. */
export function renderTexts(templates: Readonly<Record<string, string>>, values: TemplateValues): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, template] of Object.entries(templates)) {
    const value = renderString(template, values);
    if (value === OMITTED) continue;
    texts[name] = typeof value === "string" ? value : value === null ? "" : JSON.stringify(value);
  }
  return texts;
}

/** What is wrong with a mapping, each with its path below `field`. */
export function mappingProblems(mapping: unknown, field: string, depth = 0): { field: string; message: string }[] {
  if (depth > MAX_DEPTH) return [{ field, message: `It is nested deeper than ${MAX_DEPTH} levels.` }];
  if (typeof mapping === "string") return parseTemplate(mapping).problems.map((message) => ({ field, message }));
  if (typeof mapping !== "object" || mapping === null) return [];
  return Object.entries(mapping).flatMap(([key, value]) => [
    ...(Array.isArray(mapping) ? [] : parseTemplate(key).problems.map((message) => ({ field: `${field}.${key}`, message }))),
    ...mappingProblems(value, `${field}.${key}`, depth + 1),
  ]);
}

/** The placeholders anywhere in a mapping, names of keys included. */
export function placeholdersIn(mapping: unknown): readonly Placeholder[] {
  if (typeof mapping === "string") return placeholdersOf(parseTemplate(mapping).template);
  if (typeof mapping !== "object" || mapping === null) return [];
  return Object.entries(mapping).flatMap(([key, value]) => [...(Array.isArray(mapping) ? [] : placeholdersIn(key)), ...placeholdersIn(value)]);
}

/** Whether the endpoint keeps no history: each call brings the whole conversation. */
export function isStateless(version: EndpointShape): boolean {
  const { connectionType, requestMapping, queryParams } = version;
  const brings = placeholdersIn([requestMapping, queryParams]).some((placeholder) => placeholder.variable === "messages");
  if (brings || connectionType !== "OPENAI_CHAT") return brings;
  const own = typeof requestMapping === "object" && requestMapping !== null && Object.hasOwn(requestMapping, "messages");
  return !own;
}

/** Whether the endpoint keeps the history: its answers name a session that the next turn continues. */
export function isStateful(version: EndpointShape): boolean {
  return version.responseMapping["session_id"] !== undefined;
}
