import { type BuiltIn, type MetricDefinition, withDefaults } from "../metrics/index.js";
import { constantText, missingFrom, parseTemplate, renderValue, type TemplateValues } from "../templates.js";
import { type ScoreInput, ScoringFault, templateValues } from "./score.js";

type Filler = (values: TemplateValues) => unknown;

/** Parsed once a definition: a run scores thousands of answers with the same object. */
const fillers = new WeakMap<MetricDefinition["parameters"], Filler>();

/** A built-in's parameters with defaults, their templates filled in. ScoringFault: NO_GROUND_TRUTH (SKIPPED), INVALID_PARAMETERS. */
export function fillParameters(builtIn: BuiltIn, parameters: MetricDefinition["parameters"], input: ScoreInput): Readonly<Record<string, unknown>> {
  let filler = fillers.get(parameters);
  if (filler === undefined) {
    filler = parametersFiller(builtIn, withDefaults(builtIn, parameters));
    fillers.set(parameters, filler);
  }
  return filler(valuesOf(input)) as Record<string, unknown>; // it was made from a record
}

/** Several metrics judge the same answer. */
const valuesByInput = new WeakMap<ScoreInput, TemplateValues>();

function valuesOf(input: ScoreInput): TemplateValues {
  const known = valuesByInput.get(input);
  if (known !== undefined) return known;
  const values = templateValues(input);
  valuesByInput.set(input, values);
  return values;
}

function parametersFiller(builtIn: BuiltIn, parameters: Record<string, unknown>): Filler {
  const entries = Object.entries(parameters).map(([name, value]) => [name, builtIn.verbatim.includes(name) && typeof value !== "string" ? (): unknown => value : fillerOf(name, value)] as const);
  return (values) => Object.fromEntries(entries.map(([name, fill]) => [name, fill(values)]));
}

function fillerOf(path: string, value: unknown): Filler {
  if (typeof value === "string") return textFiller(path, value);
  if (Array.isArray(value)) {
    const items = value.map((item, index) => fillerOf(`${path}.${index}`, item));
    return (values) => items.map((fill) => fill(values));
  }
  if (typeof value !== "object" || value === null) return () => value;
  const entries = Object.entries(value).map(([key, inner]) => [key, fillerOf(`${path}.${key}`, inner)] as const);
  return (values) => Object.fromEntries(entries.map(([key, fill]) => [key, fill(values)]));
}

function textFiller(path: string, text: string): Filler {
  const { template, problems } = parseTemplate(text);
  const [problem] = problems;
  const constant = constantText(template);
  if (constant !== null && problem === undefined) return () => constant;
  return (values) => {
    if (problem !== undefined) throw new ScoringFault("INVALID_PARAMETERS", `${path}: ${problem}`);
    const missing = missingFrom(template, values);
    if (missing.includes("expected_response")) throw new ScoringFault("NO_GROUND_TRUTH", "The test has no expected response.", "SKIPPED");
    if (missing.length > 0) throw new ScoringFault("INVALID_PARAMETERS", `${path}: the test has no ${missing.join(", ")}. Give it, or a default: {{ ${missing[0]} | default("…") }}.`);
    return renderValue(template, values);
  };
}
