import type { Problem } from "../errors.js";
import type { TestType } from "../test-sets/index.js";
import type { BuiltIn } from "./built-ins/built-in.js";
import { CATALOG, findBuiltIn, needsGroundTruth, variantOf } from "./built-ins/catalog.js";
import { BINARY_CATEGORIES, type MetricDefinition, MetricKind, type ScoreType, type ThresholdOperator, toDefinition } from "./metric.js";
import { parameterProblems } from "./metric-parameters.js";
import { jsonFault, nameProblems } from "../texts.js";

/** What users say about a metric: absent keeps, null clears, lists replace. */
export interface MetricFields {
  readonly name?: string | null | undefined;
  readonly description?: string | null | undefined;
  readonly parameters?: Readonly<Record<string, unknown>> | null | undefined;
  readonly scoreType?: ScoreType | null | undefined;
  readonly minScore?: number | null | undefined;
  readonly maxScore?: number | null | undefined;
  readonly threshold?: number | null | undefined;
  readonly thresholdOperator?: ThresholdOperator | null | undefined;
  readonly categories?: readonly string[] | null | undefined;
  readonly passingCategories?: readonly string[] | null | undefined;
  readonly scope?: readonly TestType[] | null | undefined;
  readonly groundTruthRequired?: boolean | null | undefined;
  readonly contextRequired?: boolean | null | undefined;
}

/** A new metric: its kind and built-in never change. */
export interface NewMetric extends MetricFields {
  readonly name: string;
  readonly kind: MetricKind;
  readonly builtIn?: string | null | undefined;
}

/** A definition with all that is wrong with it; it is usable only without problems. */
export interface Defined {
  readonly definition: MetricDefinition;
  readonly problems: readonly Problem[];
}

/** The definition of a new metric. */
export function defineMetric(given: NewMetric): Defined {
  const start = toDefinition({ name: given.name, kind: given.kind, builtIn: given.builtIn ?? null, scoreType: given.scoreType ?? "BINARY" });
  if (given.kind !== MetricKind.BUILT_IN) {
    const problem = { field: "input.kind", message: `Metrics of kind ${given.kind} cannot be made here. What can be made is BUILT_IN, with builtIn one of ${catalogNames()}.` };
    return { definition: start, problems: [...nameProblems("input.name", given.name), problem] };
  }
  const builtIn = findBuiltIn(given.builtIn ?? "");
  if (builtIn === null) {
    const message = given.builtIn == null ? `A metric of kind BUILT_IN needs the name of one: ${catalogNames()}.` : `There is no built-in "${given.builtIn}". There are ${catalogNames()}.`;
    return { definition: start, problems: [...nameProblems("input.name", given.name), { field: "input.builtIn", message }] };
  }
  const parameters = given.parameters ?? {};
  return redefine(builtIn, { ...start, ...defaultsOf(variantOf(builtIn, parameters), parameters), parameters }, given);
}

/** The definition of a metric with changes. */
export function redefineMetric(previous: MetricDefinition, changes: MetricFields): Defined {
  const builtIn = findBuiltIn(previous.builtIn ?? "");
  if (builtIn === null) throw new Error(`The metric "${previous.name}" is of kind ${previous.kind}, which this release cannot change.`);
  return redefine(builtIn, previous, changes);
}

function catalogNames(): string {
  return CATALOG.map((builtIn) => builtIn.name).join(", ");
}

function defaultsOf(builtIn: BuiltIn, parameters: MetricDefinition["parameters"]): Partial<MetricDefinition> {
  return {
    scoreType: builtIn.scoreType,
    minScore: builtIn.minScore,
    maxScore: builtIn.maxScore,
    threshold: builtIn.threshold,
    thresholdOperator: builtIn.thresholdOperator,
    categories: builtIn.scoreType === "BINARY" ? BINARY_CATEGORIES : [],
    passingCategories: builtIn.scoreType === "BINARY" ? BINARY_CATEGORIES.slice(0, 1) : [],
    scope: builtIn.scope,
    groundTruthRequired: needsGroundTruth(builtIn, parameters),
    contextRequired: builtIn.contextRequired,
  };
}

function redefine(catalogued: BuiltIn, previous: MetricDefinition, changes: MetricFields): Defined {
  const { parameters, threshold } = splitThreshold(previous, changes);
  const builtIn = variantOf(catalogued, parameters);
  const { minScore, maxScore, thresholdOperator } = builtIn;
  const isSameScore = minScore === variantOf(catalogued, previous.parameters).minScore && maxScore === variantOf(catalogued, previous.parameters).maxScore;
  const before = isSameScore ? previous : { ...previous, minScore, maxScore, thresholdOperator, threshold: builtIn.threshold };
  const chosen = <T>(change: T | null | undefined, present: T, cleared: T): T => (change === undefined ? present : (change ?? cleared));
  const definition: MetricDefinition = {
    ...before,
    name: chosen(changes.name?.trim(), before.name, before.name),
    description: chosen<string | null>(changes.description, before.description, null),
    parameters,
    minScore: chosen(changes.minScore, before.minScore, builtIn.minScore),
    maxScore: chosen(changes.maxScore, before.maxScore, builtIn.maxScore),
    threshold: chosen(threshold, before.threshold, builtIn.threshold),
    thresholdOperator: chosen(changes.thresholdOperator, before.thresholdOperator, builtIn.thresholdOperator),
    scope: [...new Set(chosen(changes.scope, before.scope, builtIn.scope))],
    groundTruthRequired: groundTruth(builtIn, before, parameters, changes.groundTruthRequired),
    contextRequired: chosen(changes.contextRequired, before.contextRequired, false) || builtIn.contextRequired,
  };
  return { definition, problems: problemsOf(builtIn, definition, changes) };
}

/** `parameters.threshold` is another way to say `threshold`: it moves there, so that one place tells. */
function splitThreshold(before: MetricDefinition, changes: MetricFields): { parameters: Readonly<Record<string, unknown>>; threshold: number | null | undefined } {
  if (changes.parameters === undefined) return { parameters: before.parameters, threshold: changes.threshold };
  const { threshold, ...others } = changes.parameters ?? {};
  if (typeof threshold !== "number" || before.scoreType !== "NUMERIC") return { parameters: changes.parameters ?? {}, threshold: changes.threshold };
  return { parameters: others, threshold: changes.threshold ?? threshold };
}

/** What the templates need is needed whatever was said; what was said beyond that holds until something else is said. */
function groundTruth(builtIn: BuiltIn, before: MetricDefinition, parameters: Readonly<Record<string, unknown>>, change: boolean | null | undefined): boolean {
  const derived = needsGroundTruth(builtIn, parameters);
  if (change !== undefined) return derived || change === true;
  const saidSo = before.groundTruthRequired && !needsGroundTruth(builtIn, before.parameters);
  return derived || saidSo;
}

function problemsOf(builtIn: BuiltIn, definition: MetricDefinition, changes: MetricFields): Problem[] {
  const problems = [...nameProblems("input.name", definition.name), ...parameterProblems(builtIn, definition.parameters, "input.parameters"), ...scoreProblems(builtIn, definition, changes)];
  const wrong = (field: string, message: string): void => void problems.push({ field: `input.${field}`, message });
  if (changes.name === null) wrong("name", "A metric needs a name.");
  if (definition.scope.length === 0) wrong("scope", "A metric needs at least one test type.");
  for (const field of ["description", "parameters"] as const) {
    const fault = jsonFault(definition[field]);
    if (fault !== null) wrong(field, fault);
  }
  const threshold = changes.parameters?.["threshold"];
  if (typeof threshold === "number" && changes.threshold != null && threshold !== changes.threshold) wrong("parameters.threshold", `It is ${threshold}, but the metric's threshold is ${changes.threshold}. Give one of the two.`);
  return problems;
}

/** The rules of scores: a BINARY built-in says all of it itself, a NUMERIC one needs a threshold within its range. */
function scoreProblems(builtIn: BuiltIn, definition: MetricDefinition, changes: MetricFields): Problem[] {
  const problems: Problem[] = [];
  const wrong = (field: string, message: string): void => void problems.push({ field: `input.${field}`, message });
  const { minScore, maxScore, threshold } = definition;
  if (changes.scoreType != null && changes.scoreType !== builtIn.scoreType) wrong("scoreType", `${builtIn.name} gives a ${builtIn.scoreType} score.`);
  if (builtIn.minScore !== null && minScore !== builtIn.minScore) wrong("minScore", `The scores of ${builtIn.name} begin at ${builtIn.minScore}.`);
  if (builtIn.maxScore !== null && maxScore !== builtIn.maxScore) wrong("maxScore", `The scores of ${builtIn.name} end at ${builtIn.maxScore}.`);
  if (minScore !== null && maxScore !== null && minScore >= maxScore) wrong("minScore", `minScore (${minScore}) must be below maxScore (${maxScore}).`);
  if (builtIn.scoreType === "BINARY") {
    if (changes.threshold != null) wrong("threshold", `${builtIn.name} is BINARY: it passes or fails by itself, without a threshold.`);
    if (changes.thresholdOperator != null && changes.thresholdOperator !== builtIn.thresholdOperator) wrong("thresholdOperator", `${builtIn.name} is BINARY. To turn its verdict around, give the parameter negate.`);
  } else if (threshold === null) wrong("threshold", `${builtIn.name} gives a number and needs a threshold to pass or fail by.`);
  else if ((minScore !== null && threshold < minScore) || (maxScore !== null && threshold > maxScore)) wrong("threshold", `It must be within the range ${minScore ?? "-∞"} to ${maxScore ?? "∞"}; it is ${threshold}.`);
  for (const field of ["categories", "passingCategories"] as const) {
    if (changes[field] != null && changes[field].join("\n") !== definition[field].join("\n")) wrong(field, definition[field].length === 0 ? `${builtIn.name} gives a number, not a category.` : `Those of ${builtIn.name} are ${definition[field].join(", ")}.`);
  }
  return problems;
}
