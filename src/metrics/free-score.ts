import type { Problem } from "../errors.js";
import { nameProblems } from "../texts.js";
import { BINARY_CATEGORIES, type MetricDefinition, type MetricKind } from "./metric.js";
import { chosen, type MetricFields } from "./metric-fields.js";

/** What a metric gives when people decide that, as they do for LLM_JUDGE and REMOTE. */
type ScoreFields = Pick<MetricDefinition, "minScore" | "maxScore" | "threshold" | "thresholdOperator" | "categories" | "passingCategories">;

const MIN_CATEGORIES = 2;
const MAX_CATEGORIES = 100;

const NO_SCORE: ScoreFields = { minScore: null, maxScore: null, threshold: null, thresholdOperator: "GTE", categories: [], passingCategories: [] };
const BINARY: ScoreFields = { ...NO_SCORE, minScore: 0, maxScore: 1, categories: BINARY_CATEGORIES, passingCategories: BINARY_CATEGORIES.slice(0, 1) };
const NUMERIC: ScoreFields = { ...NO_SCORE, minScore: 0, maxScore: 1 };

/** The score fields of a new metric before anything is said of them: a range of 0 to 1, passing from the threshold on. */
export function initialScore(scoreType: MetricDefinition["scoreType"]): ScoreFields {
  return scoreType === "NUMERIC" ? NUMERIC : scoreType === "BINARY" ? BINARY : NO_SCORE;
}

/** The score fields with the changes that the score type has a place for; `freeScoreProblems` names the others. */
export function changedScore(before: MetricDefinition, changes: MetricFields): ScoreFields {
  if (before.scoreType === "BINARY") return BINARY;
  if (before.scoreType === "CATEGORICAL") {
    const trimmed = (categories: readonly string[] | null | undefined): readonly string[] | null | undefined => categories?.map((category) => category.trim()) ?? categories;
    return { ...NO_SCORE, categories: chosen(trimmed(changes.categories), before.categories, []), passingCategories: [...new Set(chosen(trimmed(changes.passingCategories), before.passingCategories, []))] };
  }
  return {
    ...NUMERIC,
    minScore: chosen(changes.minScore, before.minScore, NUMERIC.minScore),
    maxScore: chosen(changes.maxScore, before.maxScore, NUMERIC.maxScore),
    threshold: chosen<number | null>(changes.threshold, before.threshold, null),
    thresholdOperator: chosen(changes.thresholdOperator, before.thresholdOperator, NUMERIC.thresholdOperator),
  };
}

/** What is wrong with the score fields of an LLM_JUDGE or REMOTE metric. */
export function freeScoreProblems(kind: MetricKind, definition: MetricDefinition, changes: MetricFields): Problem[] {
  switch (definition.scoreType) {
    case "NUMERIC":
      return [...numericProblems(kind, definition), ...refused(definition, changes, ["categories", "passingCategories"])];
    case "CATEGORICAL":
      return [...categoryProblems(definition), ...refused(definition, changes, ["minScore", "maxScore", "threshold", "thresholdOperator"])];
    case "BINARY":
      return refused(definition, changes, ["minScore", "maxScore", "threshold", "thresholdOperator", "categories", "passingCategories"]);
    default:
      return definition.scoreType satisfies never;
  }
}

function numericProblems(kind: MetricKind, { minScore, maxScore, threshold }: MetricDefinition): Problem[] {
  const problems: Problem[] = [];
  if (minScore !== null && maxScore !== null && minScore >= maxScore) problems.push({ field: "input.minScore", message: `minScore (${minScore}) must be below maxScore (${maxScore}).` });
  if (threshold === null) problems.push({ field: "input.threshold", message: `A NUMERIC ${kind} metric needs a threshold to pass or fail by.` });
  else if ((minScore !== null && threshold < minScore) || (maxScore !== null && threshold > maxScore)) problems.push({ field: "input.threshold", message: `It must be within the range ${minScore ?? "-∞"} to ${maxScore ?? "∞"}; it is ${threshold}.` });
  return problems;
}

function categoryProblems({ categories, passingCategories }: MetricDefinition): Problem[] {
  const problems: Problem[] = [];
  if (categories.length < MIN_CATEGORIES || categories.length > MAX_CATEGORIES) problems.push({ field: "input.categories", message: `A CATEGORICAL metric needs ${MIN_CATEGORIES} to ${MAX_CATEGORIES} categories; it has ${categories.length}.` });
  const seen = new Set<string>();
  for (const [index, category] of categories.entries()) {
    problems.push(...nameProblems(`input.categories.${index}`, category));
    if (seen.has(category.toLowerCase())) problems.push({ field: `input.categories.${index}`, message: `There already is a category "${category}", but for case.` });
    seen.add(category.toLowerCase());
  }
  if (passingCategories.length === 0) problems.push({ field: "input.passingCategories", message: "At least one category must pass. Name those that do." });
  for (const [index, category] of passingCategories.entries()) {
    if (!categories.includes(category)) problems.push({ field: `input.passingCategories.${index}`, message: `"${category}" is none of the categories: ${categories.join(", ")}.` });
  }
  return problems;
}

/** The fields that the score type has no place for, unless they say what holds anyway. */
function refused(definition: MetricDefinition, changes: MetricFields, fields: readonly (keyof ScoreFields)[]): Problem[] {
  return fields
    .filter((field) => changes[field] != null && JSON.stringify(changes[field]) !== JSON.stringify(definition[field]) && JSON.stringify(changes[field]) !== "[]")
    .map((field) => ({ field: `input.${field}`, message: `A ${definition.scoreType} score has no ${field} of its own${definition.scoreType === "BINARY" ? ": it is pass or fail, with the score 1 or 0" : ""}.` }));
}
