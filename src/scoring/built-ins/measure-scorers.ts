import { ScoringFault } from "../score.js";
import type { CompareJob } from "../text-work/text-work.js";
import { type BuiltInCall, type BuiltInScorer, type Held, type Measured, quoted, textOf } from "./built-in-scorer.js";
import { lastNumber, parseNumber } from "./numbers.js";

/** Whether the answer's length is within the bounds. */
export async function length(call: BuiltInCall): Promise<Held> {
  const { unit, min, max } = call.parameters;
  const count = await countOf(call, textOf(unit));
  const holds = (typeof min !== "number" || count >= min) && (typeof max !== "number" || count <= max);
  const wanted = [typeof min === "number" ? `at least ${min}` : "", typeof max === "number" ? `at most ${max}` : ""].filter((bound) => bound !== "").join(" and ");
  return { holds, reason: `The answer has ${count} ${textOf(unit)}; wanted are ${wanted}.`, metadata: { count } };
}

async function countOf({ input, workers, signal }: BuiltInCall, unit: string): Promise<number> {
  const { text } = input.output;
  switch (unit) {
    case "words":
      return text.split(/\s+/).filter((word) => word !== "").length;
    case "lines":
      return text === "" ? 0 : text.replace(/(?:\r\n|\n|\r)$/, "").split(/\r\n|\n|\r/).length;
    case "sentences":
      return (await workers.run({ op: "sentences", text, language: languageOf(input.languageCode) }, signal)).count;
    default:
      return codePoints(text);
  }
}

function codePoints(text: string): number {
  let count = 0;
  for (const _point of text) count += 1;
  return count;
}

/** The tag where ICU knows how to read it, else null: importers write all kinds of things there. */
function languageOf(code: string | null): string | null {
  try {
    return Intl.getCanonicalLocales(code ?? "und")[0] ?? null;
  } catch {
    return null;
  }
}

/** How long the endpoint took. */
export function latency({ input }: BuiltInCall): Measured {
  const { latencyMs } = input.output;
  if (latencyMs === null) throw new ScoringFault("NO_VERDICT", "It is not known how long the answer took.", "INCONCLUSIVE");
  return { score: latencyMs, reason: `The endpoint took ${Math.round(latencyMs)} ms.` };
}

/** How far the answer's number is from the expected one. */
export function numericDifference({ parameters, input }: BuiltInCall): Measured {
  const value = textOf(parameters["value"]);
  const expected = parseNumber(value);
  if (expected === null) throw new ScoringFault("INVALID_PARAMETERS", `The expected value ${quoted(value)} is not a number.`);
  const given = parseNumber(input.output.text) ?? lastNumber(input.output.text);
  if (given === null) return { score: null, reason: "The answer has no number." };
  return { score: Math.abs(given - expected), reason: `The answer's number is ${given}; expected is ${expected}.`, metadata: { number: given, expected } };
}

function comparison(measure: CompareJob["measure"], says: string): BuiltInScorer {
  return async ({ parameters, input, workers, signal }: BuiltInCall): Promise<Measured> => {
    const value = textOf(parameters["value"]);
    const job: CompareJob = { op: "compare", measure, text: input.output.text, other: value, n: Number(parameters["n"] ?? 1), ignoreCase: parameters["ignoreCase"] === true };
    const score = (await workers.run(job, signal)).value;
    return { score, reason: `${says} of the answer and ${quoted(value)} is ${rounded(score)}.` };
  };
}

export const rougeN = comparison("rouge_n", "The n-gram overlap");
export const rougeL = comparison("rouge_l", "The common subsequence");
export const bleu = comparison("bleu", "The BLEU");
export const tokenF1 = comparison("token_f1", "The word overlap");

/** The similarity of the answer to the expected text, or the number of edits between them. */
export async function levenshtein({ parameters, input, workers, signal }: BuiltInCall): Promise<Measured> {
  const value = textOf(parameters["value"]);
  const { text } = input.output;
  const { value: edits } = await workers.run({ op: "compare", measure: "levenshtein", text, other: value, n: 1, ignoreCase: parameters["ignoreCase"] === true }, signal);
  const longer = Math.max(text.length, value.length);
  const score = parameters["as"] === "distance" ? edits : longer === 0 ? 1 : 1 - edits / longer;
  return { score, reason: `The answer is ${edits} edits from ${quoted(value)}.`, metadata: { edits } };
}

function rounded(score: number): string {
  return String(Number(score.toFixed(4)));
}
