import { patternProblem } from "../../patterns.js";
import { type Cells, isObject } from "./import-format.js";
import { CellFault, fromJsonText, plainValue, toText } from "./import-values.js";
import { translateTemplate } from "./promptfoo-templates.js";

/** A promptfoo assertion as it was written, apart from its `not-`. */
export interface PromptfooAssertion {
  readonly type: string;
  readonly negated: boolean;
  readonly value: unknown;
  readonly threshold: number | null;
  readonly weight: number | null;
  /** The name that promptfoo reports it under. */
  readonly metric: string | null;
}

/** One item of a test's metadata.assertions: a built-in's name with its parameters. */
export type Assertion = Readonly<Record<string, unknown>> & { readonly type: string };

const TEXTUAL = { onNumber: () => undefined, textCells: false };

/** How promptfoo's kinds become built-ins with parameters. Where promptfoo compares as it is, so do we (equals: no trimming). */
const BINARY: Readonly<Record<string, (given: PromptfooAssertion) => Assertion>> = {
  equals: (given) => ({ type: "equals", value: templateOf(given), trim: false }),
  contains: (given) => ({ type: "contains", value: templateOf(given) }),
  icontains: (given) => ({ type: "contains", value: templateOf(given), ignoreCase: true }),
  "contains-any": (given) => ({ type: "contains_any", values: templatesOf(given) }),
  "icontains-any": (given) => ({ type: "contains_any", values: templatesOf(given), ignoreCase: true }),
  "contains-all": (given) => ({ type: "contains_all", values: templatesOf(given) }),
  "icontains-all": (given) => ({ type: "contains_all", values: templatesOf(given), ignoreCase: true }),
  "starts-with": (given) => ({ type: "starts_with", value: templateOf(given) }),
  regex: (given) => ({ type: "regex", pattern: patternOf(given) }),
  "is-json": (given) => (given.value == null || given.value === "" ? { type: "json_valid", allowFenced: false } : { type: "json_schema", schema: schemaOf(given), allowFenced: false }),
  "is-refusal": () => ({ type: "refusal" }),
  "word-count": (given) => ({ type: "length", unit: "words", ...boundsOf(given) }),
  // Judged by a model, as the rubric says.
  "llm-rubric": (given) => ({ type: "llm_judge", evaluationPrompt: templateOf(given), ...(given.threshold === null ? {} : { threshold: given.threshold }) }),
};

/** Those that give a number: what passes is on this side of the threshold, promptfoo's own default where none is given. */
const NUMERIC: Readonly<Record<string, { side: "GTE" | "LTE"; threshold: number | null; make: (given: PromptfooAssertion) => Assertion }>> = {
  levenshtein: { side: "LTE", threshold: 5, make: (given) => ({ type: "levenshtein", value: templateOf(given), as: "distance" }) },
  "rouge-n": { side: "GTE", threshold: 0.75, make: (given) => ({ type: "rouge_n", value: templateOf(given) }) },
  bleu: { side: "GTE", threshold: 0.5, make: (given) => ({ type: "bleu", value: templateOf(given) }) },
  latency: { side: "LTE", threshold: null, make: () => ({ type: "latency" }) },
};
const OPPOSITE = { GTE: "LT", LTE: "GT" } as const;

/** Kinds that run code: nothing of an imported file is ever run. */
const CODE: ReadonlySet<string> = new Set(["javascript", "python", "ruby", "webhook", "fn", "eval"]);

/** The assertion as a built-in. CellFault for kinds that run code and for those that no built-in judges as promptfoo does. */
export function convertAssertion(given: PromptfooAssertion): Assertion {
  const shared = { ...(given.weight === null ? {} : { weight: given.weight }), ...(given.metric === null ? {} : { metric: given.metric }) };
  if (CODE.has(given.type)) throw new CellFault(`An assertion of kind ${given.type} runs code, which an import never does. Remove it, or say it with a built-in.`);
  if (typeof given.value === "string" && given.value.startsWith("file://")) throw new CellFault(`The value of an assertion of kind ${given.type} is in another file, ${given.value}. Write it here.`);
  const binary = BINARY[given.type];
  if (binary !== undefined) return { ...binary(given), ...(given.negated ? { negate: true } : {}), ...shared };
  const numeric = NUMERIC[given.type];
  if (numeric === undefined) throw new CellFault(`There is no built-in for assertions of kind ${given.type}. There are ${[...Object.keys(BINARY), ...Object.keys(NUMERIC)].join(", ")}.`);
  const threshold = given.threshold ?? numeric.threshold;
  if (threshold === null) throw new CellFault(`An assertion of kind ${given.type} needs a threshold.`);
  return { ...numeric.make(given), threshold, ...(given.negated ? { thresholdOperator: OPPOSITE[numeric.side] } : {}), ...shared };
}

/** An item of a test's `assert`. */
export function readAssertion(item: unknown): PromptfooAssertion {
  if (!isObject(item) || typeof item["type"] !== "string") throw new CellFault("Each assertion must be an object with a type.");
  const negated = item["type"].startsWith("not-");
  const type = negated ? item["type"].slice("not-".length) : item["type"];
  if (item["transform"] !== undefined) throw new CellFault(`The transform of an assertion of kind ${type} runs code, which an import never does.`);
  return {
    type: type === "grade" ? "llm-rubric" : type,
    negated,
    value: item["value"],
    threshold: numberOf(item["threshold"], "threshold"),
    weight: numberOf(item["weight"], "weight"),
    metric: typeof item["metric"] === "string" ? item["metric"] : null,
  };
}

/** A number, null where there is none. */
export function numberOf(value: unknown, name: string): number | null {
  const given = plainValue(value);
  if (given == null || given === "") return null;
  const number = typeof given === "string" ? Number(given) : given;
  if (typeof number !== "number" || !Number.isFinite(number)) throw new CellFault(`${name} must be a number; it is ${JSON.stringify(given)}.`);
  return number;
}

function templateOf(given: PromptfooAssertion): string {
  const text = toText(given.value, TEXTUAL);
  if (text === null) throw new CellFault(`An assertion of kind ${given.type} needs a value.`);
  return translateTemplate(text);
}

function templatesOf(given: PromptfooAssertion): string[] {
  const list = typeof given.value === "string" ? given.value.split(",").map((text) => text.trim()).filter((text) => text !== "") : given.value;
  if (!Array.isArray(list) || list.length === 0) throw new CellFault(`An assertion of kind ${given.type} needs a list of texts.`);
  return list.map((text: unknown) => translateTemplate(toText(text, TEXTUAL) ?? ""));
}

function patternOf(given: PromptfooAssertion): string {
  const pattern = templateOf(given);
  const problem = pattern.includes("{{ metadata.") ? null : patternProblem(pattern, "");
  if (problem !== null) throw new CellFault(`The pattern ${pattern} cannot be used: ${problem}`);
  return pattern;
}

function schemaOf(given: PromptfooAssertion): unknown {
  const schema = plainValue(fromJsonText(given.value));
  if (!isObject(schema)) throw new CellFault("The value of is-json must be a JSON Schema.");
  return schema;
}

function boundsOf(given: PromptfooAssertion): Cells {
  const value = plainValue(fromJsonText(given.value));
  const bounds = isObject(value) ? { min: numberOf(value["min"], "min"), max: numberOf(value["max"], "max") } : { min: numberOf(value, "word-count"), max: numberOf(value, "word-count") };
  if (bounds.min === null && bounds.max === null) throw new CellFault("word-count needs a number of words, or min and max.");
  return { ...(bounds.min === null ? {} : { min: bounds.min }), ...(bounds.max === null ? {} : { max: bounds.max }) };
}
