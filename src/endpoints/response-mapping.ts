import type { EndpointShape } from "./endpoint.js";
import { isSingular, selectAll } from "./json-path.js";
import type { MappedAnswer } from "./call.js";

/** Why an answer could not be mapped. */
export class ResponseMappingError extends Error {}

/** What a response mapping may name; the README says what each is for. */
export const RESPONSE_NAMES = ["output", "session_id", "context", "metadata", "tool_calls", "input_tokens", "output_tokens"] as const;
/** What a WEBSOCKET's mapping may name besides: what marks the last message (a path, or its whole text), and the silence that ends an answer. */
export const WEBSOCKET_NAMES = ["end", "silence_ms"] as const;

const REST_DEFAULT = { output: "$.output" };
const OPENAI_DEFAULT = { output: "$.choices[0].message.content", tool_calls: "$.choices[0].message.tool_calls", input_tokens: "$.usage.prompt_tokens", output_tokens: "$.usage.completion_tokens" };

/** The mapping that holds when none is given. */
export function defaultResponseMapping(connectionType: EndpointShape["connectionType"]): Record<string, string> {
  return connectionType === "OPENAI_CHAT" ? { ...OPENAI_DEFAULT } : { ...REST_DEFAULT };
}

/** An answer as it arrived: one JSON value or text, or the events of a stream in their order. */
export interface Answer {
  readonly document: unknown;
  readonly isStream: boolean;
}

/**
 * Reads an answer through a mapping. Throws ResponseMappingError when output selects nothing or null; everything else
 * may be missing. A path that can select several values gives the list of them, or just the one.
 */
export function mapAnswer(answer: Answer, mapping: EndpointShape["responseMapping"]): MappedAnswer {
  const at = (name: string): unknown => {
    const path = mapping[name];
    return typeof path === "string" ? select(answer, path) : undefined;
  };
  const output = at("output");
  if (output === undefined || output === null) throw new ResponseMappingError(`The answer has ${output === null ? "null" : "nothing"} at ${mapping["output"] ?? "its output"}. Change responseMapping.output to where the answer's text is; probeEndpoint shows the answer.`);
  return {
    output: toText(output),
    sessionId: toSessionId(at("session_id")),
    context: toContext(at("context")),
    metadata: at("metadata") ?? null,
    toolCalls: at("tool_calls") ?? null,
    inputTokens: toCount(at("input_tokens")),
    outputTokens: toCount(at("output_tokens")),
    raw: answer.document,
  };
}

/** What the path selects; undefined for nothing. */
function select({ document, isStream }: Answer, path: string): unknown {
  if (isStream && Array.isArray(document)) return selectInStream(document, path);
  const found = selectAll(document, path);
  return isSingular(path) ? found[0] : oneOrAll(found);
}

/**
 * A path that finds nothing in the list of events is looked for in each event. Several texts are joined, as they are
 * pieces of one; of other values that one place gives, the last counts. $ is the joined text of events that are texts.
 */
function selectInStream(events: readonly unknown[], path: string): unknown {
  if (events.length === 0) return undefined;
  if (path === "$" && events.every((event) => typeof event === "string")) return events.join("");
  const found = selectAll(events, path);
  if (isSingular(path) && found.length > 0) return found[0];
  const pieces = found.length > 0 ? found : events.flatMap((event) => selectAll(event, path));
  const present = pieces.filter((piece) => piece !== null);
  if (present.length > 0 && present.every((piece) => typeof piece === "string")) return present.join("");
  return isSingular(path) ? (present.at(-1) ?? pieces.at(-1)) : oneOrAll(present.length > 0 ? present : pieces);
}

function oneOrAll(found: readonly unknown[]): unknown {
  return found.length > 1 ? found : found[0];
}

function toText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function toSessionId(value: unknown): string | null {
  if (value === undefined || value === null || value === "") return null;
  return toText(value);
}

function toContext(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  const items: unknown[] = Array.isArray(value) ? value.flat() : [value];
  return items.filter((item) => item !== null).map(toText);
}

/** A whole number that PostgreSQL's integer holds; anything else is no count. */
function toCount(value: unknown): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value < 2 ** 31 ? value : null;
}
