import { BadUserInputError } from "../errors.js";
import { TestResultStatus, type TestRun } from "../runs/index.js";
import { type SideCounts, sideStatus } from "./comparison.js";

/** What became of a test in one finished run. */
export interface TestHistoryPoint {
  readonly testId: string;
  readonly runId: string;
  readonly counts: SideCounts;
}

/** A test whose verdict changed among runs or trials. */
export interface FlakyTest {
  readonly testId: string;
  /** Runs that gave it a verdict. */
  readonly runs: number;
  /** Over all verdicts of all trials. */
  readonly passRate: number;
  /** Changes of the majority's verdict between neighbouring runs that have one. */
  readonly flips: number;
}

/** The most runs that one field looks at. */
const MAX_RUNS = 100;

/** The status of a test in a finished run. A tie counts as FAILED, here and in flips: a point has to have a status, and half is not reliable. */
export function pointStatus(counts: SideCounts, run: Pick<TestRun, "status" | "trials">): TestResultStatus {
  return sideStatus(counts, run) ?? TestResultStatus.FAILED;
}

/** Checks how many runs are looked at. BAD_USER_INPUT. */
export function assertRunCount(lastRuns: number): void {
  if (lastRuns >= 1 && lastRuns <= MAX_RUNS) return;
  const message = `lastRuns must be from 1 to ${MAX_RUNS}; it is ${lastRuns}.`;
  throw new BadUserInputError(message, [{ field: "lastRuns", message }]);
}
