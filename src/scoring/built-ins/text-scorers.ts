import { type BuiltInCall, type BuiltInScorer, type Held, quoted, textOf } from "./built-in-scorer.js";

type Comparison = (answer: string, value: string) => boolean;

function compare(says: string, holds: Comparison): BuiltInScorer {
  return ({ parameters, input }: BuiltInCall): Held => {
    const value = textOf(parameters["value"]);
    const found = parameters["ignoreCase"] === true ? holds(input.output.text.toLowerCase(), value.toLowerCase()) : holds(input.output.text, value);
    return { holds: found, reason: `The answer ${found ? says : says.replace(/^(\w+)/, (verb) => NEGATED[verb] ?? `does not ${verb}`)} ${quoted(value)}.` };
  };
}

const NEGATED: Readonly<Record<string, string>> = { contains: "does not contain", begins: "does not begin", ends: "does not end" };

export const contains = compare("contains", (answer, value) => answer.includes(value));
export const startsWith = compare("begins with", (answer, value) => answer.startsWith(value));
export const endsWith = compare("ends with", (answer, value) => answer.endsWith(value));

/** Whether the answer is the expected text, white space around both left out unless told otherwise. */
export function equals({ parameters, input }: BuiltInCall): Held {
  const prepare = (text: string): string => {
    const trimmed = parameters["trim"] === true ? text.trim() : text;
    return parameters["ignoreCase"] === true ? trimmed.toLowerCase() : trimmed;
  };
  const value = textOf(parameters["value"]);
  const holds = prepare(input.output.text) === prepare(value);
  return { holds, reason: `The answer is ${holds ? "" : "not "}${quoted(value)}.` };
}

/** The texts of `values`: a list, or what a template yields. */
function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(textOf) : [textOf(value)];
}

function split({ parameters, input }: BuiltInCall): { found: readonly string[]; missing: readonly string[] } {
  const fold = (text: string): string => (parameters["ignoreCase"] === true ? text.toLowerCase() : text);
  const answer = fold(input.output.text);
  const values = listOf(parameters["values"]);
  return { found: values.filter((value) => answer.includes(fold(value))), missing: values.filter((value) => !answer.includes(fold(value))) };
}

export function containsAny(call: BuiltInCall): Held {
  const { found, missing } = split(call);
  return { holds: found.length > 0, reason: found.length > 0 ? `The answer contains ${listed(found)}.` : `The answer contains none of ${listed(missing)}.`, metadata: { found } };
}

export function containsAll(call: BuiltInCall): Held {
  const { found, missing } = split(call);
  return { holds: missing.length === 0, reason: missing.length > 0 ? `The answer does not contain ${listed(missing)}.` : `The answer contains ${listed(found)}.`, metadata: { missing } };
}

function listed(values: readonly string[]): string {
  return values.slice(0, 5).map(quoted).join(", ") + (values.length > 5 ? ` and ${values.length - 5} more` : "");
}
