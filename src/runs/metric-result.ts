import type { Selectable } from "kysely";
import { type MetricVersion, ScoreType } from "../metrics/index.js";
import type { MetricResultTable, MetricResultStatus as StoredStatus } from "./result.table.js";

/** What a metric made of an answer. */
export const MetricResultStatus = { PASSED: "PASSED", FAILED: "FAILED", ERROR: "ERROR", SKIPPED: "SKIPPED", INCONCLUSIVE: "INCONCLUSIVE" } as const satisfies Record<StoredStatus, StoredStatus>;
export type MetricResultStatus = StoredStatus;

/** What one metric made of one result. */
export type MetricResult = Selectable<MetricResultTable> & { readonly id: string };

/** The value that a result's scores show: the category of a CATEGORICAL metric, else the score; null without a verdict. */
export function scoreValue(result: Pick<MetricResult, "automatedStatus" | "score" | "category">, version: { readonly definition: Pick<MetricVersion["definition"], "scoreType"> }): number | string | null {
  if (result.automatedStatus !== MetricResultStatus.PASSED && result.automatedStatus !== MetricResultStatus.FAILED) return null;
  return version.definition.scoreType === ScoreType.CATEGORICAL ? result.category : result.score;
}
