import type { OrderColumn, PageArgs } from "../db/index.js";
import type { ComparisonOutcome, SideCounts } from "./comparison.js";
import type { RunPair } from "./run-pair.js";

/** A test in one run of a comparison. */
export interface PairSide {
  /** The test's place in the run, from 1. */
  readonly place: number;
  readonly counts: SideCounts;
}

/** A test in two runs; a side is null where the run does not have the test. */
export interface TestPair extends RunPair {
  readonly testId: string;
  readonly outcome: ComparisonOutcome;
  readonly baseline: PairSide | null;
  readonly candidate: PairSide | null;
}

/** Which tests of a comparison are listed; null: all. */
export interface TestPairFilter {
  readonly outcome: readonly ComparisonOutcome[] | null;
  /** Anywhere in what was sent, expected or answered in either run. */
  readonly search: string | null;
}

export interface TestPairListArgs {
  readonly filter: TestPairFilter;
  readonly page: PageArgs;
}

/** The candidate's tests in its order, then those that only the baseline has in that of the baseline. */
export const ORDER: readonly OrderColumn[] = [
  { ref: "listed.section", key: "section", direction: "asc", type: "integer" },
  { ref: "listed.ordinal", key: "ordinal", direction: "asc", type: "integer" },
  { ref: "listed.test_id", key: "testId", direction: "asc", type: "uuid" },
];

/** A test of two runs with its place in their list. */
export interface PairRow {
  /** 0: the candidate has it; 1: only the baseline has. */
  readonly section: number;
  /** Of its first trial, in the run that the section goes by. */
  readonly ordinal: number;
  readonly testId: string;
  readonly outcome: ComparisonOutcome;
  /** Of its first trial in each run; null where the run does not have it. */
  readonly baselineOrdinal: number | null;
  readonly candidateOrdinal: number | null;
  readonly baselineCounts: SideCounts;
  readonly candidateCounts: SideCounts;
}

/** What a page is made of: its rows in reading order, one more than it holds, and whether there are others past its cursors. */
export interface PairRows {
  readonly rows: readonly PairRow[];
  readonly hasBehind: boolean;
  readonly hasAhead: boolean;
}
