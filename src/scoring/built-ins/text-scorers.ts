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
