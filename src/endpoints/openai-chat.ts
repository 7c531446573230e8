import type { TemplateValues } from "../templates.js";
import type { EndpointShape } from "./endpoint.js";
import { placeholdersIn, renderMapping, RequestMappingError } from "./request-mapping.js";
import type { Answer } from "./response-mapping.js";

const PATH = "/chat/completions";

/** The address of chat completions for a base URL or for the whole one; a query stays. */
export function chatCompletionsUrl(url: string): URL {
  const whole = new URL(url);
  const path = whole.pathname.replace(/\/+$/, "");
  whole.pathname = path.endsWith(PATH) ? path : `${path}${PATH}`;
  return whole;
}

/**
 * The body: the conversation, then the mapping, then params laid over them. A param that the mapping places by a
 * placeholder is not laid over again.
 */
export function chatBody(mapping: EndpointShape["requestMapping"], values: TemplateValues): Record<string, unknown> {
  const rendered = mapping === null ? {} : renderMapping(mapping, values);
  if (!isObject(rendered)) throw new RequestMappingError("The request mapping of an OPENAI_CHAT endpoint must be an object, such as { \"model\": \"gpt-4o-mini\" }.");
  const placed = new Set(placeholdersIn(mapping).filter(({ variable }) => variable === "params").map(({ property }) => property?.split(".")[0]));
  const params = placed.has(undefined) ? [] : Object.entries(isObject(values.params) ? values.params : {}).filter(([name]) => !placed.has(name));
  return { messages: values.messages, ...rendered, ...Object.fromEntries(params) };
}

/**
 * Puts the chunks of a streamed completion together into what the same completion is without streaming, so that one
 * mapping reads both. Any other stream stays as it is.
 */
export function gatherChunks(answer: Answer): Answer {
  if (!answer.isStream || !Array.isArray(answer.document)) return answer;
  const chunks = answer.document.filter(isObject);
  const choices = chunks.flatMap((chunk) => (Array.isArray(chunk["choices"]) ? chunk["choices"].filter(isObject) : []));
  if (!choices.some((choice) => isObject(choice["delta"]))) return answer;
  const deltas = choices.filter((choice) => (choice["index"] ?? 0) === 0).map((choice) => (isObject(choice["delta"]) ? choice["delta"] : {}));
  const contents = deltas.map((delta) => delta["content"]).filter((content) => typeof content === "string");
  const toolCalls = gatherToolCalls(deltas);
  const message = { role: "assistant", content: contents.length === 0 ? null : contents.join(""), ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls }) };
  const finishReason = choices.map((choice) => choice["finish_reason"]).findLast((reason) => reason != null) ?? null;
  const usage = chunks.map((chunk) => chunk["usage"]).findLast((each) => each != null);
  const { choices: _choices, usage: _usage, ...first } = chunks[0] ?? {};
  return { document: { ...first, object: "chat.completion", choices: [{ index: 0, message, finish_reason: finishReason }], ...(usage === undefined ? {} : { usage }) }, isStream: false };
}

/** Tool calls come in pieces that belong together by their index. */
function gatherToolCalls(deltas: readonly Record<string, unknown>[]): unknown[] {
  const calls = new Map<unknown, { id: unknown; type: unknown; function: { name: string; arguments: string } }>();
  for (const piece of deltas.flatMap((delta) => (Array.isArray(delta["tool_calls"]) ? delta["tool_calls"].filter(isObject) : []))) {
    const call = calls.get(piece["index"]) ?? { id: piece["id"] ?? null, type: piece["type"] ?? "function", function: { name: "", arguments: "" } };
    const part = isObject(piece["function"]) ? piece["function"] : {};
    if (typeof part["name"] === "string") call.function.name += part["name"];
    if (typeof part["arguments"] === "string") call.function.arguments += part["arguments"];
    calls.set(piece["index"], call);
  }
  return [...calls.values()];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
