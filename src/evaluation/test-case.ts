import type { Selectable } from "kysely";
import { BadUserInputError, type Problem } from "../errors.js";
import { type Metric, ScoreType, ThresholdOperator } from "../metrics/index.js";
import { nameProblems, textFault } from "../texts.js";
import type { EvaluationTestCaseTable, EvaluationTestCaseVersionTable } from "./evaluation.table.js";

/** An immutable statement of a test case: what is asked, how it is judged, and what decides. */
export type EvaluationTestCaseVersion = Selectable<EvaluationTestCaseVersionTable>;

/** What decides, and from which value on. */
export interface StarMetric {
  readonly metricId: string;
  readonly successThreshold: number | null;
  readonly successThresholdPct: number | null;
}

/** What every version says. */
export type TestCaseContent = Pick<EvaluationTestCaseVersion, "name" | "description" | "testSetId" | "metricIds" | "starMetricId" | "successThreshold" | "successThresholdPct">;

/** A test case with what its latest version says. By hand, as it joins two tables. */
export interface EvaluationTestCase extends Selectable<EvaluationTestCaseTable>, TestCaseContent {}

/** The star metric of a test case or of one of its versions; null without one. */
export function starMetricOf(content: Pick<TestCaseContent, "starMetricId" | "successThreshold" | "successThresholdPct">): StarMetric | null {
  return content.starMetricId === null ? null : { metricId: content.starMetricId, successThreshold: content.successThreshold, successThresholdPct: content.successThresholdPct };
}

/** What is wrong with the wording of a test case. */
export function wordingProblems(wording: { readonly name?: string | null | undefined; readonly description?: string | null | undefined }): Problem[] {
  const problems = wording.name == null ? [] : nameProblems("input.name", wording.name);
  const fault = wording.description == null ? null : textFault(wording.description);
  return fault === null ? problems : [...problems, { field: "input.description", message: fault }];
}

/**
 * Refuses a star metric that cannot decide. BAD_USER_INPUT: THRESHOLD_NEEDED unless exactly one threshold is given that
 * fits the metric's score type; INPUT_INVALID for one that is not among the metrics or has no better end.
 */
export function assertStarDecides(star: StarMetric, metric: Metric, metricIds: readonly string[]): void {
  const { successThreshold, successThresholdPct } = star;
  const fail = (field: string, message: string, reason?: string): never => {
    throw new BadUserInputError(message, [{ field, message }], reason);
  };
  if (!metricIds.includes(metric.id)) fail("input.starMetric.metric", `The star metric "${metric.name}" must be among the test case's metrics.`);
  if (metric.thresholdOperator === ThresholdOperator.EQ || metric.thresholdOperator === ThresholdOperator.NE) {
    fail("input.starMetric.metric", `"${metric.name}" compares by ${metric.thresholdOperator}, which says neither that more is better nor that less is. Choose another star metric.`);
  }
  if ((successThreshold === null) === (successThresholdPct === null)) fail("input.starMetric", "Give exactly one of successThreshold and successThresholdPct.", "THRESHOLD_NEEDED");
  if (successThreshold !== null && metric.scoreType !== ScoreType.NUMERIC) {
    fail("input.starMetric.successThreshold", `successThreshold is for NUMERIC metrics; "${metric.name}" is ${metric.scoreType}. Give successThresholdPct, the share of passes from 0 to 100.`, "THRESHOLD_NEEDED");
  }
  if (successThreshold !== null && !Number.isFinite(successThreshold)) fail("input.starMetric.successThreshold", "It must be a finite number.");
  if (successThresholdPct !== null && (successThresholdPct < 0 || successThresholdPct > 100)) fail("input.starMetric.successThresholdPct", `It must be from 0 to 100; it is ${successThresholdPct}.`);
  if (successThresholdPct !== null && metric.scoreType === ScoreType.NUMERIC && (metric.minScore === null || metric.maxScore === null)) {
    fail("input.starMetric.successThresholdPct", `"${metric.name}" has no range (minScore, maxScore) to map it onto. Give successThreshold in the metric's own units.`, "THRESHOLD_NEEDED");
  }
}
