import { createHash } from "node:crypto";
import { type TestRun, TestResultStatus, TestRunStatus } from "../runs/index.js";
import { exactMcNemar } from "./statistics.js";

/** What became of a test between two runs. */
export const ComparisonOutcome = { IMPROVED: "IMPROVED", REGRESSED: "REGRESSED", UNCHANGED: "UNCHANGED", ADDED: "ADDED", REMOVED: "REMOVED", NOT_COMPARABLE: "NOT_COMPARABLE" } as const;
export type ComparisonOutcome = (typeof ComparisonOutcome)[keyof typeof ComparisonOutcome];

/** What a comparison shows as a whole. */
export const ComparisonVerdict = { IMPROVED: "IMPROVED", REGRESSED: "REGRESSED", NO_EVIDENCE: "NO_EVIDENCE", INSUFFICIENT_DATA: "INSUFFICIENT_DATA" } as const;
export type ComparisonVerdict = (typeof ComparisonVerdict)[keyof typeof ComparisonVerdict];

/** A p-value up to it counts as evidence. */
export const SIGNIFICANCE = 0.05;

/** Two runs side by side. */
export interface TestRunComparison {
  readonly id: string;
  readonly baseline: TestRun;
  readonly candidate: TestRun;
}

/** Counts of tests by what became of them. */
export interface ComparisonSummary {
  readonly improved: number;
  readonly regressed: number;
  readonly unchanged: number;
  readonly added: number;
  readonly removed: number;
  readonly notComparable: number;
}

/** The summary of two runs without a test. */
export const EMPTY_SUMMARY: ComparisonSummary = { improved: 0, regressed: 0, unchanged: 0, added: 0, removed: 0, notComparable: 0 };

/** The exact McNemar test over the tests that both runs gave a verdict; null without such tests. */
export function pValueOf({ improved, regressed, unchanged }: ComparisonSummary): number | null {
  return improved + regressed + unchanged === 0 ? null : exactMcNemar(improved, regressed);
}

/** Whether the candidate is better or worse than its baseline by more than luck. */
export function verdictOf(summary: ComparisonSummary): ComparisonVerdict {
  const pValue = pValueOf(summary);
  if (pValue === null) return ComparisonVerdict.INSUFFICIENT_DATA;
  if (pValue > SIGNIFICANCE) return ComparisonVerdict.NO_EVIDENCE;
  return summary.improved > summary.regressed ? ComparisonVerdict.IMPROVED : ComparisonVerdict.REGRESSED;
}

/** How many of the outcomes' tests there are. */
export function countOf(summary: ComparisonSummary, outcomes: readonly ComparisonOutcome[] | null): number {
  const byOutcome: Record<ComparisonOutcome, number> = {
    IMPROVED: summary.improved,
    REGRESSED: summary.regressed,
    UNCHANGED: summary.unchanged,
    ADDED: summary.added,
    REMOVED: summary.removed,
    NOT_COMPARABLE: summary.notComparable,
  };
  return [...new Set(outcomes ?? Object.values(ComparisonOutcome))].reduce((sum, outcome) => sum + byOutcome[outcome], 0);
}

/** The trials of a test in one run, counted by status; planned ones without a row are in none of the counts. */
export interface SideCounts {
  readonly passed: number;
  readonly failed: number;
  readonly errored: number;
  readonly cancelled: number;
  readonly running: number;
}

/**
 * The status of a test in a run: the majority of its trials' verdicts, null where they are tied. Without a verdict it
 * is what keeps it from one: trials that go on, else errors, else the cancelling.
 */
export function sideStatus(counts: SideCounts, run: { readonly status: TestRunStatus; readonly trials: number }): TestResultStatus | null {
  if (counts.passed !== counts.failed) return counts.passed > counts.failed ? TestResultStatus.PASSED : TestResultStatus.FAILED;
  if (counts.passed > 0) return null;
  if (counts.running > 0) return TestResultStatus.RUNNING;
  const left = run.trials - counts.errored - counts.cancelled;
  if (left > 0 && run.status !== TestRunStatus.CANCELLED) return TestResultStatus.PENDING;
  return counts.errored > 0 ? TestResultStatus.ERROR : TestResultStatus.CANCELLED;
}

/**
 * An id that follows from what it names: comparisons are computed and stored nowhere, yet a frontend's cache needs the
 * same id for the same thing. A UUID of version 8 (RFC 9562), so that it is never taken for a stored thing's.
 */
export function derivedId(...parts: readonly string[]): string {
  const hex = createHash("sha256").update(parts.join(" ")).digest("hex");
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** What became of a test: by the signs of passes minus fails, as `OUTCOME` of the pairing has it in SQL. Null: the run does not have the test. */
export function outcomeOf(baseline: Pick<SideCounts, "passed" | "failed"> | null, candidate: Pick<SideCounts, "passed" | "failed"> | null): ComparisonOutcome {
  if (baseline === null) return ComparisonOutcome.ADDED;
  if (candidate === null) return ComparisonOutcome.REMOVED;
  const [before, now] = [Math.sign(baseline.passed - baseline.failed), Math.sign(candidate.passed - candidate.failed)];
  if (before === 0 || now === 0) return ComparisonOutcome.NOT_COMPARABLE;
  if (before === now) return ComparisonOutcome.UNCHANGED;
  return now > 0 ? ComparisonOutcome.IMPROVED : ComparisonOutcome.REGRESSED;
}
