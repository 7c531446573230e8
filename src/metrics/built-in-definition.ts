import type { Problem } from "../errors.js";
import type { BuiltIn } from "./built-ins/built-in.js";
import { CATALOG, findBuiltIn, needsGroundTruth, variantOf } from "./built-ins/catalog.js";
import type { MetricDefinition } from "./metric.js";
import { chosen, commonProblems, type Defined, type DefinitionGround, foreignProblems, type MetricFields, type NewMetric, withCommonFields } from "./metric-fields.js";
import { parameterProblems } from "./metric-parameters.js";
import { nameProblems } from "../texts.js";

/** Built-ins that judge without a model, but for some of the tests. */
const MAY_HAVE_MODEL: ReadonlySet<string> = new Set(["assertions"]);

/** The definition of a new BUILT_IN metric. */
export function defineBuiltIn(start: MetricDefinition, given: NewMetric, ground: DefinitionGround): Defined {
  const builtIn = findBuiltIn(given.builtIn ?? "");
  if (builtIn === null) {
    const message = given.builtIn == null ? `A metric of kind BUILT_IN needs the name of one: ${catalogNames()}.` : `There is no built-in "${given.builtIn}". There are ${catalogNames()}.`;
    return { definition: start, problems: [...nameProblems("input.name", given.name), { field: "input.builtIn", message }, ...foreignProblems("BUILT_IN", given)] };
  }
  const parameters = given.parameters ?? {};
  const scored = scoredAs(builtIn, given.scoreType ?? (given.threshold == null ? builtIn.scoreType : "NUMERIC"));
  return redefine(scored, { ...start, ...defaultsOf(variantOf(scored, parameters), parameters), parameters }, given, ground);
}

/** The definition of a BUILT_IN metric with changes. */
export function redefineBuiltIn(previous: MetricDefinition, changes: MetricFields, ground: DefinitionGround): Defined {
  const builtIn = findBuiltIn(previous.builtIn ?? "");
  if (builtIn === null) throw new Error(`The metric "${previous.name}" is the built-in ${previous.builtIn}, which this release does not have.`);
  return redefine(scoredAs(builtIn, previous.scoreType), previous, changes, ground);
}

/** Choices are worth a number: those who want means and a threshold take a CATEGORICAL built-in as a NUMERIC one. */
function scoredAs(builtIn: BuiltIn, scoreType: MetricDefinition["scoreType"]): BuiltIn {
  return builtIn.scoreType === "CATEGORICAL" && scoreType === "NUMERIC" ? { ...builtIn, scoreType, categories: [], passingCategories: [] } : builtIn;
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
    categories: builtIn.categories,
    passingCategories: builtIn.passingCategories,
    scope: builtIn.scope,
    groundTruthRequired: needsGroundTruth(builtIn, parameters),
    contextRequired: builtIn.contextRequired,
  };
}

function redefine(catalogued: BuiltIn, previous: MetricDefinition, changes: MetricFields, ground: DefinitionGround): Defined {
  const { parameters, threshold } = splitThreshold(previous, changes);
  const builtIn = variantOf(catalogued, parameters);
  const { minScore, maxScore, thresholdOperator } = builtIn;
  const isSameScore = minScore === variantOf(catalogued, previous.parameters).minScore && maxScore === variantOf(catalogued, previous.parameters).maxScore;
  const before = isSameScore ? previous : { ...previous, minScore, maxScore, thresholdOperator, threshold: builtIn.threshold };
  const definition: MetricDefinition = {
    ...withCommonFields(before, changes, builtIn.scope),
    parameters,
    modelId: chosen<string | null>(ground.modelId, before.modelId, null),
    minScore: chosen(changes.minScore, before.minScore, builtIn.minScore),
    maxScore: chosen(changes.maxScore, before.maxScore, builtIn.maxScore),
    threshold: chosen(threshold, before.threshold, builtIn.threshold),
    thresholdOperator: chosen(changes.thresholdOperator, before.thresholdOperator, builtIn.thresholdOperator),
    passingCategories: builtIn.scoreType === "CATEGORICAL" ? [...new Set(chosen(changes.passingCategories, before.passingCategories, builtIn.passingCategories))] : before.passingCategories,
    groundTruthRequired: groundTruth(builtIn, before, parameters, changes.groundTruthRequired),
    contextRequired: chosen(changes.contextRequired, before.contextRequired, false) || builtIn.contextRequired,
  };
  return { definition, problems: [...problemsOf(builtIn, definition, changes), ...modelProblems(builtIn, definition, ground)] };
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
  const problems = [...parameterProblems(builtIn, definition.parameters, "input.parameters"), ...scoreProblems(builtIn, definition, changes), ...commonProblems(definition, changes), ...foreignProblems("BUILT_IN", { ...changes, builtIn: null })];
  const threshold = changes.parameters?.["threshold"];
  if (typeof threshold === "number" && changes.threshold != null && threshold !== changes.threshold) problems.push({ field: "input.parameters.threshold", message: `It is ${threshold}, but the metric's threshold is ${changes.threshold}. Give one of the two.` });
  return problems;
}

function modelProblems(builtIn: BuiltIn, { modelId }: MetricDefinition, { hasEmbeddingModel }: DefinitionGround): Problem[] {
  if (builtIn.needsModel && modelId === null) return [{ field: "input.model", message: `${builtIn.name} is judged by a model. Make one with createModel and name it here.` }];
  if (builtIn.needsEmbeddings && hasEmbeddingModel === false) return [{ field: "input.model", message: `${builtIn.name} compares embeddings, and the model names no embeddingModel. Make a model that does.` }];
  if (!builtIn.needsModel && !MAY_HAVE_MODEL.has(builtIn.name) && modelId !== null) return [{ field: "input.model", message: `${builtIn.name} needs no model.` }];
  return [];
}

/** The rules of scores: a BINARY built-in says all of it itself, a CATEGORICAL one but for what passes, a NUMERIC one needs a threshold within its range. */
function scoreProblems(builtIn: BuiltIn, definition: MetricDefinition, changes: MetricFields): Problem[] {
  const problems: Problem[] = [];
  const wrong = (field: string, message: string): void => void problems.push({ field: `input.${field}`, message });
  const { minScore, maxScore, threshold } = definition;
  if (changes.scoreType != null && changes.scoreType !== builtIn.scoreType) wrong("scoreType", `${builtIn.name} gives a ${builtIn.scoreType} score.`);
  if (builtIn.minScore !== null && minScore !== builtIn.minScore) wrong("minScore", `The scores of ${builtIn.name} begin at ${builtIn.minScore}.`);
  if (builtIn.maxScore !== null && maxScore !== builtIn.maxScore) wrong("maxScore", `The scores of ${builtIn.name} end at ${builtIn.maxScore}.`);
  if (minScore !== null && maxScore !== null && minScore >= maxScore) wrong("minScore", `minScore (${minScore}) must be below maxScore (${maxScore}).`);
  if (builtIn.scoreType !== "NUMERIC") {
    const isBinary = builtIn.scoreType === "BINARY";
    if (changes.threshold != null) wrong("threshold", isBinary ? `${builtIn.name} is BINARY: it passes or fails by itself, without a threshold.` : `${builtIn.name} is CATEGORICAL: it passes by passingCategories.`);
    if (changes.thresholdOperator != null && changes.thresholdOperator !== builtIn.thresholdOperator) wrong("thresholdOperator", isBinary ? `${builtIn.name} is BINARY. To turn its verdict around, give the parameter negate.` : `${builtIn.name} is CATEGORICAL: it passes by passingCategories.`);
  } else if (threshold === null) wrong("threshold", `${builtIn.name} gives a number and needs a threshold to pass or fail by.`);
  else if ((minScore !== null && threshold < minScore) || (maxScore !== null && threshold > maxScore)) wrong("threshold", `It must be within the range ${minScore ?? "-∞"} to ${maxScore ?? "∞"}; it is ${threshold}.`);
  problems.push(...passingProblems(builtIn, definition));
  for (const field of ["categories", "passingCategories"] as const) {
    if (changes[field] != null && changes[field].join("\n") !== definition[field].join("\n") && !(field === "passingCategories" && builtIn.scoreType === "CATEGORICAL")) wrong(field, definition[field].length === 0 ? `${builtIn.name} gives a number, not a category.` : `Those of ${builtIn.name} are ${definition[field].join(", ")}.`);
  }
  return problems;
}

function passingProblems(builtIn: BuiltIn, { passingCategories }: MetricDefinition): Problem[] {
  if (builtIn.scoreType !== "CATEGORICAL") return [];
  if (passingCategories.length === 0) return [{ field: "input.passingCategories", message: "At least one category must pass. Name those that do." }];
  return passingCategories.flatMap((category, index) => (builtIn.categories.includes(category) ? [] : [{ field: `input.passingCategories.${index}`, message: `"${category}" is none of the categories of ${builtIn.name}: ${builtIn.categories.join(", ")}.` }]));
}
