import type { Selectable } from "kysely";
import { type TestRun, TestRunStatus } from "../runs/index.js";
import type { EvaluationRunTable } from "./evaluation.table.js";

/** Where an evaluation run stands: follows from its test run. */
export const EvaluationRunStatus = {
  QUEUED: "QUEUED",
  RUNNING_DATASET: "RUNNING_DATASET",
  EVALUATING_RESULTS: "EVALUATING_RESULTS",
  CANCELLING: "CANCELLING",
  CANCELLED: "CANCELLED",
  SUCCESSFUL: "SUCCESSFUL",
  PARTIALLY_SUCCESSFUL: "PARTIALLY_SUCCESSFUL",
  FAILED: "FAILED",
} as const;
export type EvaluationRunStatus = (typeof EvaluationRunStatus)[keyof typeof EvaluationRunStatus];

/** A test case's run against one agent. All that changes is its test run's. */
export interface EvaluationRun extends Selectable<EvaluationRunTable> {
  /** The test run at the event of a subscription; absent elsewhere: it is loaded. */
  readonly testRun?: TestRun;
}

/** The status that a test run's status and phase amount to. A pause counts as the phase that it interrupts. */
export function evaluationStatus(run: Pick<TestRun, "status" | "answered" | "total">): EvaluationRunStatus {
  switch (run.status) {
    case TestRunStatus.RUNNING:
    case TestRunStatus.PAUSED:
      return run.answered >= run.total ? EvaluationRunStatus.EVALUATING_RESULTS : EvaluationRunStatus.RUNNING_DATASET;
    case TestRunStatus.COMPLETED:
      return EvaluationRunStatus.SUCCESSFUL;
    case TestRunStatus.PARTIAL:
      return EvaluationRunStatus.PARTIALLY_SUCCESSFUL;
    case TestRunStatus.QUEUED:
    case TestRunStatus.CANCELLING:
    case TestRunStatus.CANCELLED:
    case TestRunStatus.FAILED:
      return run.status;
    default:
      return run.status satisfies never;
  }
}
