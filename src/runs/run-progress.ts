import { finishedCount, isTerminal, type RunCounters, type TestRunStatus } from "./run.js";

/** Counts of a run's planned results; pending + running + passed + failed + errored + cancelled = total, always. */
export interface RunProgress {
  readonly runId: string;
  readonly status: TestRunStatus;
  readonly total: number;
  readonly pending: number;
  readonly running: number;
  /** With an output. */
  readonly executed: number;
  readonly passed: number;
  readonly failed: number;
  readonly errored: number;
  readonly cancelled: number;
  /** passed + failed + errored + cancelled. */
  readonly finished: number;
}

/** The counts of a run with the ordinals that its lanes have in work; those were read beside the run and may be ahead of it or behind. */
export function progressOf(run: RunCounters & { readonly id: string; readonly status: TestRunStatus }, runningOrdinals: readonly number[]): RunProgress {
  const { id, status, total, executed, passed, failed, errored, cancelled } = run;
  const finished = finishedCount(run);
  const running = isTerminal(status) ? 0 : Math.min(new Set(runningOrdinals).size, Math.max(0, total - finished));
  return { runId: id, status, total, pending: total - finished - running, running, executed, passed, failed, errored, cancelled, finished };
}
