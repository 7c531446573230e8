import { BINARY_CATEGORIES, type MetricDefinition, toDefinition } from "../../metrics/index.js";
import type { Finding } from "../finding.js";
import { ScoringFault } from "../score.js";
import type { ScoringContext } from "../scoring-context.js";
import { scoreByJudge } from "./judge.scorer.js";

/** The type of an assertion that a model judges, as imports write it. */
export const JUDGE_ASSERTION = "llm_judge";

/** What an assertion says beside its type: the prompt, and what every assertion may say. */
interface Given {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly threshold: number | null;
  readonly thresholdOperator: MetricDefinition["thresholdOperator"] | null;
}

/**
 * Judges by `{ type: "llm_judge", evaluationPrompt, threshold?, negate? }` with the model of the assertions metric: a
 * score of 0 to 1 against the threshold, else pass or fail. ScoringFault.
 */
export async function judgeAssertion(context: ScoringContext, given: Given): Promise<Finding> {
  const { evaluationPrompt, negate = false, ...others } = given.parameters;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw new ScoringFault("INVALID_PARAMETERS", `An llm_judge assertion has no ${unknown}. It takes evaluationPrompt, threshold, thresholdOperator, negate and weight.`);
  if (typeof evaluationPrompt !== "string" || evaluationPrompt.trim() === "") throw new ScoringFault("INVALID_PARAMETERS", "evaluationPrompt must be a text that says what to judge.");
  if (typeof negate !== "boolean") throw new ScoringFault("INVALID_PARAMETERS", "negate must be true or false.");
  const { modelId } = context.definition;
  if (modelId === null) throw new ScoringFault("INVALID_PARAMETERS", `It is judged by a model, and the metric "${context.definition.name}" has none. Give the metric one by updateMetric.`);
  const finding = await scoreByJudge({ ...context, definition: definitionOf(evaluationPrompt, given, modelId) });
  return negate ? { ...finding, status: finding.status === "PASSED" ? "FAILED" : "PASSED" } : finding;
}

function definitionOf(evaluationPrompt: string, { threshold, thresholdOperator }: Given, modelId: string): MetricDefinition {
  const score = threshold === null ? { scoreType: "BINARY" as const, categories: BINARY_CATEGORIES, passingCategories: BINARY_CATEGORIES.slice(0, 1) } : { scoreType: "NUMERIC" as const, threshold, thresholdOperator: thresholdOperator ?? "GTE" };
  return toDefinition({ name: JUDGE_ASSERTION, kind: "LLM_JUDGE", evaluationPrompt, modelId, minScore: 0, maxScore: 1, ...score });
}
