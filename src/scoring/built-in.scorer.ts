import { findBuiltIn } from "../metrics/index.js";
import { BUILT_IN_SCORERS } from "./built-ins/registry.js";
import { type Finding, toFinding } from "./finding.js";
import { fillParameters } from "./parameters.js";
import { ScoringFault } from "./score.js";
import type { ScoringContext } from "./scoring-context.js";

/** Judges by a built-in. ScoringFault and TextWorkError where there is no verdict. */
export async function scoreBuiltIn(context: ScoringContext): Promise<Finding> {
  const { definition, input, workers, signal } = context;
  const builtIn = findBuiltIn(definition.builtIn ?? "");
  const scorer = BUILT_IN_SCORERS[definition.builtIn ?? ""];
  if (builtIn === null || scorer === undefined) throw new ScoringFault("INVALID_PARAMETERS", `This release has no built-in "${definition.builtIn}".`);
  const parameters = fillParameters(builtIn, definition.parameters, input);
  const found = await scorer({ parameters, input, workers, signal, context });
  return toFinding(builtIn, definition, found, parameters["negate"] === true);
}
