import { type BuiltIn, toDefinition } from "../../metrics/index.js";
import type { Finding } from "../finding.js";
import { fillParameters } from "../parameters.js";
import { ScoringFault } from "../score.js";
import type { ScoringContext } from "../scoring-context.js";
import { scoreByLibrary } from "./library.scorer.js";

type Rule = Pick<ScoringContext["definition"], "parameters" | "threshold"> & { readonly thresholdOperator: ScoringContext["definition"]["thresholdOperator"] | null };

/** Judges a test's own assertion by a metric of the library, with the model of the metric that reads the assertions. Faults as scoreByLibrary. */
export function scoreLibraryAssertion({ definition, input, calls }: Pick<ScoringContext, "definition" | "input" | "calls">, builtIn: BuiltIn, { parameters, threshold, thresholdOperator }: Rule): Promise<Finding> {
  if (definition.modelId === null) throw new ScoringFault("INVALID_PARAMETERS", `It is judged by a model, and the metric "${definition.name}" has none. Give the metric one by updateMetric.`);
  if (builtIn.contextRequired && input.context.length === 0 && input.answerContext.length === 0) throw new ScoringFault("NO_CONTEXT", "Neither the test nor the answer has context.", "SKIPPED");
  const asserted = toDefinition({
    name: builtIn.name,
    kind: "BUILT_IN",
    builtIn: builtIn.name,
    scoreType: threshold === null ? builtIn.scoreType : "NUMERIC",
    threshold,
    thresholdOperator: thresholdOperator ?? builtIn.thresholdOperator,
    categories: builtIn.categories,
    passingCategories: builtIn.passingCategories,
    modelId: definition.modelId,
  });
  return scoreByLibrary({ definition: asserted, input, calls }, fillParameters(builtIn, parameters, input));
}
