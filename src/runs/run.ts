import type { Selectable } from "kysely";
import type { TestRunTable } from "./run.table.js";

/** Edges: see `terminalStatus` and the guarded updates of the repository. */
export const TestRunStatus = {
  QUEUED: "QUEUED",
  RUNNING: "RUNNING",
  PAUSED: "PAUSED",
  CANCELLING: "CANCELLING",
  CANCELLED: "CANCELLED",
  COMPLETED: "COMPLETED",
  PARTIAL: "PARTIAL",
  FAILED: "FAILED",
} as const;
export type TestRunStatus = (typeof TestRunStatus)[keyof typeof TestRunStatus];

export const TestRunKind = { EXECUTION: "EXECUTION", RESCORE: "RESCORE" } as const;
export type TestRunKind = (typeof TestRunKind)[keyof typeof TestRunKind];

export const TestRunPhase = { EXECUTING: "EXECUTING", EVALUATING: "EVALUATING", DONE: "DONE" } as const;
export type TestRunPhase = (typeof TestRunPhase)[keyof typeof TestRunPhase];

export const ExecutionMode = { PARALLEL: "PARALLEL", SEQUENTIAL: "SEQUENTIAL" } as const;
export type ExecutionMode = (typeof ExecutionMode)[keyof typeof ExecutionMode];

export const MetricsSource = { EXECUTION: "EXECUTION", TEST_SET: "TEST_SET", BEHAVIOR: "BEHAVIOR" } as const;
export type MetricsSource = (typeof MetricsSource)[keyof typeof MetricsSource];

/** How exactly a run is run again. */
export const RerunPin = { LATEST: "LATEST", EXACT: "EXACT" } as const;
export type RerunPin = (typeof RerunPin)[keyof typeof RerunPin];

/** A run as stored, its plan's size and counters included. Its summary is read by itself: with many metrics it is larger than all else. */
export type TestRun = Omit<Selectable<TestRunTable>, "summary">;

/** Why a run failed as a whole. */
export interface RunError {
  readonly code: string;
  readonly message: string;
}

/** How many of each; all are counts of planned results (tests times trials). */
export interface RunCounters {
  readonly total: number;
  readonly executed: number;
  readonly answered: number;
  readonly passed: number;
  readonly failed: number;
  readonly errored: number;
  readonly cancelled: number;
}

const TERMINAL: ReadonlySet<TestRunStatus> = new Set([TestRunStatus.CANCELLED, TestRunStatus.COMPLETED, TestRunStatus.PARTIAL, TestRunStatus.FAILED]);

/** The statuses that a run leaves only by a retry. */
export const TERMINAL_STATUSES: readonly TestRunStatus[] = [...TERMINAL];
/** The statuses of a run that is still going on. */
export const ACTIVE_STATUSES: readonly TestRunStatus[] = Object.values(TestRunStatus).filter((status) => !TERMINAL.has(status));

/** Whether the run has ended. */
export function isTerminal(status: TestRunStatus): boolean {
  return TERMINAL.has(status);
}

/** Results with a verdict, or cancelled. */
export function finishedCount(counters: RunCounters): number {
  return counters.passed + counters.failed + counters.errored + counters.cancelled;
}

/** The status of a run in which every planned result has a verdict: failed verdicts are an answer, errors are none. */
export function terminalStatus(counters: RunCounters): TestRunStatus {
  if (counters.errored === 0) return TestRunStatus.COMPLETED;
  return counters.errored === counters.total ? TestRunStatus.FAILED : TestRunStatus.PARTIAL;
}

/** Calling until every planned result has an output or an error, then judging, then done. A re-score makes no calls. */
export function phaseOf(run: RunCounters & { readonly status: TestRunStatus; readonly kind: TestRunKind }): TestRunPhase {
  if (isTerminal(run.status)) return TestRunPhase.DONE;
  if (run.kind === TestRunKind.RESCORE) return TestRunPhase.EVALUATING;
  return run.answered >= run.total ? TestRunPhase.EVALUATING : TestRunPhase.EXECUTING;
}

/** passed / (passed + failed); null without a verdict: errors are no fails. */
export function passRate(counters: Pick<RunCounters, "passed" | "failed">): number | null {
  const verdicts = counters.passed + counters.failed;
  return verdicts === 0 ? null : counters.passed / verdicts;
}

/** (passed + failed) / total: the share of planned results that got a verdict. */
export function coverage(counters: Pick<RunCounters, "passed" | "failed" | "total">): number | null {
  return counters.total === 0 ? null : (counters.passed + counters.failed) / counters.total;
}
