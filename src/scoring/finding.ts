import { type BuiltIn, meetsThreshold, type MetricDefinition } from "../metrics/index.js";
import type { Held, Measured } from "./built-ins/built-in-scorer.js";
import { type MetricVerdict, ScoringFault } from "./score.js";

/** What a scorer finds before its duration is added. */
export type Finding = Pick<MetricVerdict, "status" | "score" | "category" | "threshold" | "reason" | "metadata">;

/** The verdict of what was found: BINARY by itself, NUMERIC by the threshold. ScoringFault where there is none. */
export function toFinding(builtIn: BuiltIn, rule: Pick<MetricDefinition, "threshold" | "thresholdOperator">, found: Held | Measured, negate: boolean): Finding {
  const { reason, metadata = {} } = found;
  if ("holds" in found) {
    const passed = found.nothingToJudge !== true && found.holds !== negate;
    return { status: passed ? "PASSED" : "FAILED", score: passed ? 1 : 0, category: passed ? "pass" : "fail", threshold: null, reason, metadata };
  }
  const threshold = found.threshold ?? rule.threshold ?? builtIn.threshold;
  if (threshold === null) throw new ScoringFault("INVALID_PARAMETERS", `${builtIn.name} gives a number and needs a threshold to pass or fail by.`);
  const passed = found.score !== null && meetsThreshold(found.score, rule.thresholdOperator, threshold);
  return { status: passed ? "PASSED" : "FAILED", score: found.score, category: null, threshold, reason, metadata };
}
