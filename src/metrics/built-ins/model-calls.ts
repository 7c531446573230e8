import type { MetricDefinition } from "../metric.js";
import { findBuiltIn, withDefaults } from "./catalog.js";

/** Built-ins that ask for more than one thing for a judgement. Embeddings are asked for one text at a time. */
const CALLS: Readonly<Record<string, (parameters: Readonly<Record<string, unknown>>) => number>> = {
  faithfulness: () => 2,
  answer_relevancy: ({ strictness }) => 3 * Number(strictness),
  answer_similarity: () => 2,
  answer_correctness: ({ answerSimilarityWeight }) => (answerSimilarityWeight === 0 ? 1 : 3),
};

/** How often a metric asks a model for one judgement: repeats of what failed come on top. Assertions that ask are the tests' own, and not known here. */
export function modelCallsOf({ kind, builtIn, parameters }: Pick<MetricDefinition, "kind" | "builtIn" | "parameters">): number {
  const votes = typeof parameters["votes"] === "number" ? parameters["votes"] : 1;
  if (kind === "LLM_JUDGE") return votes;
  const found = kind === "BUILT_IN" ? findBuiltIn(builtIn ?? "") : null;
  if (found?.needsModel !== true) return 0;
  return CALLS[found.name]?.(withDefaults(found, parameters)) ?? votes;
}
