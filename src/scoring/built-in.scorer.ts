import { findBuiltIn } from "../metrics/index.js";
import { scoreGoal } from "./built-ins/goal-scorer.js";
import { BUILT_IN_SCORERS } from "./built-ins/registry.js";
import { type Finding, toFinding } from "./finding.js";
import { isLibraryMetric, scoreByLibrary } from "./library/library.scorer.js";
import { fillParameters } from "./parameters.js";
import { ScoringFault } from "./score.js";
import type { ScoringContext } from "./scoring-context.js";

/** Judges by a built-in. ScoringFault and TextWorkError where there is no verdict. */
export async function scoreBuiltIn(context: ScoringContext): Promise<Finding> {
  const { definition, input, workers, signal } = context;
  const name = definition.builtIn ?? "";
  const builtIn = findBuiltIn(name);
  if (builtIn !== null && isLibraryMetric(name)) return scoreByLibrary(context, fillParameters(builtIn, definition.parameters, input));
  if (name === "goal_achievement") return scoreGoal(context);
  const scorer = BUILT_IN_SCORERS[name];
  if (builtIn === null || scorer === undefined) throw new ScoringFault("INVALID_PARAMETERS", `This release has no built-in "${name}".`);
  const parameters = fillParameters(builtIn, definition.parameters, input);
  const found = await scorer({ parameters, input, workers, signal, context });
  return toFinding(builtIn, definition, found, parameters["negate"] === true);
}
