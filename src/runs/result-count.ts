import { TestResultStatus } from "./result.js";
import { statusesOf, type TestResultFilter } from "./result-filter.js";
import { finishedCount, type RunCounters } from "./run.js";

/** The count of a run's results where its counters tell it: under no filter, or under one of statuses. Null where they do not. */
export function countByCounters(run: RunCounters, filter: TestResultFilter, running: number | null): number | null {
  if (Object.keys(filter).some((field) => field !== "status" && field !== "runId")) return null;
  const statuses = statusesOf(filter);
  if (statuses === null) return run.total;
  const unfinished = run.total - finishedCount(run);
  const [pending, busy] = [statuses.includes(TestResultStatus.PENDING), statuses.includes(TestResultStatus.RUNNING)];
  if (pending !== busy && running === null) return null;
  const open = pending && busy ? unfinished : busy ? (running ?? 0) : pending ? unfinished - (running ?? 0) : 0;
  const counts = { PASSED: run.passed, FAILED: run.failed, ERROR: run.errored, CANCELLED: run.cancelled, PENDING: 0, RUNNING: 0 };
  return statuses.reduce((sum, status) => sum + counts[status], open);
}
