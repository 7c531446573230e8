import { patternSource } from "../../patterns.js";
import { ScoringFault } from "../score.js";
import { type BuiltInCall, type Held, quoted, textOf } from "./built-in-scorer.js";
import { parseNumber } from "./numbers.js";

/** Whether the pattern matches anywhere in the answer. */
export async function regex(call: BuiltInCall): Promise<Held> {
  const pattern = textOf(call.parameters["pattern"]);
  const part = await find(call, pattern, call.input.output.text, { group: 0, pick: "first" });
  return part === null ? { holds: false, reason: `Nothing matches ${quoted(pattern)}.` } : { holds: true, reason: `${quoted(part)} matches ${quoted(pattern)}.`, metadata: { match: excerpt(part) } };
}

/** Whether the part of the answer that the pattern extracts is the expected one. White space around parts is no part of them. */
export async function extractedAnswer(call: BuiltInCall): Promise<Held> {
  const { parameters, input } = call;
  const choice = { group: Number(parameters["group"]), pick: parameters["pick"] === "first" ? "first" : "last" } as const;
  const expected = await expectedPart(call, choice);
  const pattern = textOf(parameters["pattern"]);
  const part = (await find(call, pattern, input.output.text, choice))?.trim() ?? null;
  if (part === null) return { holds: false, nothingToJudge: true, reason: `Nothing in the answer matches ${quoted(pattern)}.`, metadata: { extracted: null, expected: excerpt(expected) } };
  const holds = parameters["as"] === "number" ? sameNumber(part, expected, Number(parameters["tolerance"])) : part === expected;
  return { holds, reason: `The answer gives ${quoted(part)}; expected is ${quoted(expected)}.`, metadata: { extracted: excerpt(part), expected: excerpt(expected) } };
}

interface Choice {
  readonly group: number;
  readonly pick: "first" | "last";
}

async function expectedPart(call: BuiltInCall, choice: Choice): Promise<string> {
  const { expected, expectedPattern } = call.parameters;
  const whole = textOf(expected);
  if (expectedPattern === undefined) return whole.trim();
  const part = await find(call, textOf(expectedPattern), whole, choice);
  if (part === null) throw new ScoringFault("INVALID_PARAMETERS", `Nothing in the expected text ${quoted(whole)} matches expectedPattern ${quoted(textOf(expectedPattern))}.`);
  return part.trim();
}

function sameNumber(part: string, expected: string, tolerance: number): boolean {
  const wanted = parseNumber(expected);
  if (wanted === null) throw new ScoringFault("INVALID_PARAMETERS", `The expected part ${quoted(expected)} is not a number.`);
  const given = parseNumber(part);
  if (given === null) return false;
  // Sums such as 0.1 + 0.2 are off in the last bits: a difference of just the tolerance must hold.
  return Math.abs(given - wanted) <= tolerance + 4 * Number.EPSILON * Math.max(Math.abs(given), Math.abs(wanted), 1) * (tolerance > 0 ? 1 : 0);
}

async function find(call: BuiltInCall, pattern: string, text: string, choice: Choice): Promise<string | null> {
  const { part } = await call.workers.run({ op: "find", text, ...translated(pattern, textOf(call.parameters["flags"])), ...choice }, call.signal);
  return part;
}

/** Patterns with placeholders are many: the last ones are kept, as translating one takes about as long as searching. */
const translations = new Map<string, ReturnType<typeof patternSource>>();
const MAX_TRANSLATIONS = 200;

function translated(pattern: string, flags: string): ReturnType<typeof patternSource> {
  const key = `${flags}/${pattern}`;
  const known = translations.get(key);
  if (known !== undefined) return known;
  if (translations.size >= MAX_TRANSLATIONS) translations.clear();
  const source = patternSource(pattern, flags);
  translations.set(key, source);
  return source;
}

/** Enough of a part for a table. */
function excerpt(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
