import { isDeepStrictEqual } from "node:util";
import { type BuiltInCall, type Held, quoted, textOf } from "./built-in-scorer.js";
import { REFUSAL_OPENING, REFUSAL_PHRASES } from "./refusal-phrases.js";

/** Whether the answer declines: one of the phrases anywhere in it, or a common one at its beginning. */
export function refusal({ parameters, input }: BuiltInCall): Held {
  const given = parameters["phrases"];
  const text = plain(Array.isArray(given) ? input.output.text : input.output.text.trimStart().slice(0, REFUSAL_OPENING));
  const phrases = Array.isArray(given) ? given.map((phrase) => plain(textOf(phrase))) : REFUSAL_PHRASES;
  const found = phrases.find((phrase) => text.includes(phrase));
  return found === undefined ? { holds: false, reason: "The answer does not decline." } : { holds: true, reason: `The answer declines: it says ${quoted(found)}.`, metadata: { phrase: found } };
}

function plain(text: string): string {
  return text.toLowerCase().replaceAll(/[’‘`´]/g, "'").replaceAll(/\s+/g, " ");
}

interface ToolCall {
  readonly name: string;
  readonly arguments: unknown;
}

/** Whether the tool was called, with the arguments among others. */
export function toolCalled({ parameters, input }: BuiltInCall): Held {
  const name = textOf(parameters["name"]);
  const calls = toolCalls(input.output.toolCalls);
  const named = calls.filter((call) => call.name === name);
  const wanted = parameters["arguments"];
  const holds = named.some((call) => wanted === undefined || includes(call.arguments, wanted));
  const names = calls.map((call) => call.name);
  if (holds) return { holds, reason: `The tool ${quoted(name)} was called.`, metadata: { called: names } };
  const reason = named.length > 0 ? `The tool ${quoted(name)} was called, but not with these arguments.` : names.length === 0 ? "No tool was called." : `The tool ${quoted(name)} was not called; called were ${names.map(quoted).join(", ")}.`;
  return { holds, reason, metadata: { called: names } };
}

/** Tool calls in the forms of OpenAI (function.name, function.arguments), Anthropic (name, input) and the AI SDK (toolName, args or input). */
function toolCalls(value: unknown): ToolCall[] {
  const list: unknown[] = Array.isArray(value) ? value : value == null ? [] : [value];
  return list.flatMap((item) => {
    if (typeof item !== "object" || item === null) return [];
    const call = item as Record<string, unknown>; // any JSON object: what is missing is undefined
    const inner = typeof call["function"] === "object" && call["function"] !== null ? (call["function"] as Record<string, unknown>) : call;
    const name = inner["name"] ?? call["toolName"] ?? call["tool"];
    return typeof name === "string" ? [{ name, arguments: parsed(inner["arguments"] ?? call["args"] ?? call["input"] ?? call["parameters"]) }] : [];
  });
}

/** OpenAI sends arguments as a JSON text. */
function parsed(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return value; // a tool may take a plain text
  }
}

/** Whether the value has all of the wanted keys with equal values, at any depth of objects. */
function includes(value: unknown, wanted: unknown): boolean {
  if (typeof wanted !== "object" || wanted === null || Array.isArray(wanted)) return isDeepStrictEqual(value, wanted);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.entries(wanted).every(([key, inner]) => Object.hasOwn(value, key) && includes((value as Record<string, unknown>)[key], inner)); // hasOwn checked it
}
