import { type BuiltIn, findBuiltIn, meetsThreshold, type MetricDefinition } from "../metrics/index.js";
import type { TemplateValues } from "../templates.js";
import type { Held, Measured } from "./built-ins/built-in-scorer.js";
import { BUILT_IN_SCORERS } from "./built-ins/registry.js";
import { fillParameters } from "./parameters.js";
import { type MetricVerdict, type ScoreInput, ScoringFault, templateValues } from "./score.js";
import type { TextWorkers } from "./text-work/text-workers.js";

/** What a scorer finds before its duration is added. */
export type Finding = Pick<MetricVerdict, "status" | "score" | "category" | "threshold" | "reason" | "metadata">;

/** Template values of an answer: several metrics judge the same one. */
const valuesByInput = new WeakMap<ScoreInput, TemplateValues>();

function valuesOf(input: ScoreInput): TemplateValues {
  const known = valuesByInput.get(input);
  if (known !== undefined) return known;
  const values = templateValues(input);
  valuesByInput.set(input, values);
  return values;
}

/** Judges by a built-in. ScoringFault and TextWorkError where there is no verdict. */
export async function scoreBuiltIn(definition: MetricDefinition, input: ScoreInput, workers: TextWorkers, signal: AbortSignal): Promise<Finding> {
  const builtIn = findBuiltIn(definition.builtIn ?? "");
  const scorer = BUILT_IN_SCORERS[definition.builtIn ?? ""];
  if (builtIn === null || scorer === undefined) throw new ScoringFault("INVALID_PARAMETERS", `This release has no built-in "${definition.builtIn}".`);
  const parameters = fillParameters(builtIn, definition.parameters, valuesOf(input));
  const found = await scorer({ parameters, input, workers, signal });
  return toFinding(builtIn, definition, found, parameters["negate"] === true);
}

/** The verdict of what was found: BINARY by itself, NUMERIC by the metric's threshold. */
export function toFinding(builtIn: BuiltIn, definition: Pick<MetricDefinition, "threshold" | "thresholdOperator">, found: Held | Measured, negate: boolean): Finding {
  const { reason, metadata = {} } = found;
  if ("holds" in found) {
    const passed = found.nothingToJudge !== true && found.holds !== negate;
    return { status: passed ? "PASSED" : "FAILED", score: passed ? 1 : 0, category: passed ? "pass" : "fail", threshold: null, reason, metadata };
  }
  const threshold = definition.threshold ?? builtIn.threshold;
  if (threshold === null) throw new ScoringFault("INVALID_PARAMETERS", `${builtIn.name} gives a number and needs a threshold to pass or fail by.`);
  return { status: meetsThreshold(found.score, definition.thresholdOperator, threshold) ? "PASSED" : "FAILED", score: found.score, category: null, threshold, reason, metadata };
}
