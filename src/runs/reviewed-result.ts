import type { Trx } from "../db/index.js";
import type { EventBus } from "../events/index.js";
import type { Scope } from "../viewer.js";
import type { MetricResultStatus } from "./result.table.js";
import { type JudgedResult, updateReviewedMetrics, updateReviewedResult } from "./reviewed-result.repository.js";
import type { StoredResultStatus } from "./result.js";
import type { TestRun } from "./run.js";
import { RUN_CHANGED } from "./run.events.js";
import { withVerdictChanges } from "./run-summary.js";
import { findStoredSummary } from "./run-summary.repository.js";
import { updateLockedRun } from "./run-write.repository.js";

/** What a result comes to with the reviews that stand. */
export interface ReviewedVerdict {
  readonly status: StoredResultStatus;
  readonly reviewCount: number;
  /** By metric index: the status that counts of every metric of the result. */
  readonly metrics: ReadonlyMap<number, MetricResultStatus>;
}

/**
 * Makes the verdict that reviews lead to the one that counts, and moves the run's counters and its kept summary with
 * it: nothing is counted anew. The run's status stays, and so does all that is automated. The caller has locked the
 * run, and read the result since.
 */
export async function settleReviewedResult(deps: { bus: EventBus }, trx: Trx, scope: Scope, run: TestRun, before: JudgedResult, after: ReviewedVerdict): Promise<TestRun> {
  const changes = before.metrics.map(({ metricIndex, status }) => ({ metricIndex, from: status, to: after.metrics.get(metricIndex) ?? status })).filter(({ from, to }) => from !== to);
  await updateReviewedResult(trx, scope, before, { status: after.status, reviewCount: after.reviewCount });
  await updateReviewedMetrics(trx, scope, before, changes);
  const isCorrected = (status: StoredResultStatus): boolean => status !== before.automatedStatus;
  const counters = {
    passed: run.passed + step(before.status === "PASSED", after.status === "PASSED"),
    failed: run.failed + step(before.status === "FAILED", after.status === "FAILED"),
    errored: run.errored + step(before.status === "ERROR", after.status === "ERROR"),
    reviewed: run.reviewed + step(before.reviewCount > 0, after.reviewCount > 0),
    corrected: run.corrected + step(isCorrected(before.status), isCorrected(after.status)),
  };
  const summary = changes.length === 0 ? null : await findStoredSummary(trx, scope, run.id);
  const changed = await updateLockedRun(trx, scope, run.id, { ...counters, ...(summary === null ? {} : { summary: JSON.stringify(withVerdictChanges(summary, changes)) }) });
  await deps.bus.publish(trx, RUN_CHANGED, run.id);
  return changed;
}

function step(was: boolean, is: boolean): number {
  return Number(is) - Number(was);
}
