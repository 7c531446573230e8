import type { Selectable } from "kysely";
import { CallErrorType } from "../endpoints/index.js";
import type { TestOutputTable, TestResultTable } from "./result.table.js";

export const TestResultStatus = { PENDING: "PENDING", RUNNING: "RUNNING", PASSED: "PASSED", FAILED: "FAILED", ERROR: "ERROR", CANCELLED: "CANCELLED" } as const;
export type TestResultStatus = (typeof TestResultStatus)[keyof typeof TestResultStatus];

/** A row's status. PENDING has a row only where there is something to keep: an answer that is to be judged again, or attempts. */
export type StoredResultStatus = TestResultStatus;

/** Whether a result, or its row, has no verdict yet. */
export function isOpen(status: TestResultStatus): boolean {
  return status === TestResultStatus.PENDING || status === TestResultStatus.RUNNING;
}

/** Why a result has no verdict: what a call can end in, and what the judging and the run can. */
export const ResultErrorType = {
  ...CallErrorType,
  /** A metric that is needed gave no verdict. */
  METRIC: "METRIC",
  NO_METRICS: "NO_METRICS",
  /** There is no answer to judge. */
  NO_OUTPUT: "NO_OUTPUT",
  CANCELLED: "CANCELLED",
} as const;
export type ResultErrorType = (typeof ResultErrorType)[keyof typeof ResultErrorType];

export interface ResultError {
  readonly type: ResultErrorType;
  readonly message: string;
  readonly httpStatus: number | null;
  readonly retryable: boolean;
}

/** One call of the endpoint for a result. Times are ISO texts, as they stand in jsonb. */
export interface Attempt {
  readonly number: number;
  readonly turn: number | null;
  readonly startedAt: string;
  readonly latencyMs: number;
  readonly httpStatus: number | null;
  readonly error: ResultError | null;
  readonly retryAfterMs: number | null;
}

/** Why a conversation ended. */
export const ConversationStopReason = { GOAL_ACHIEVED: "GOAL_ACHIEVED", GOAL_IMPOSSIBLE: "GOAL_IMPOSSIBLE", MAX_TURNS: "MAX_TURNS", SCRIPT_DONE: "SCRIPT_DONE", ERROR: "ERROR" } as const;
export type ConversationStopReason = (typeof ConversationStopReason)[keyof typeof ConversationStopReason];

/** One exchange of a conversation, as it stands in jsonb. */
export interface StoredTurn {
  readonly number: number;
  readonly message: string;
  readonly response: string | null;
  readonly sessionId: string | null;
  readonly context: readonly string[];
  readonly toolCalls: unknown;
  readonly latencyMs: number;
  readonly error: ResultError | null;
}

export type TestOutput = Selectable<TestOutputTable>;

/** A planned result, whether it has a row or is answered from its run's plan. */
export interface TestResult {
  readonly organizationId: string;
  readonly id: string;
  readonly runId: string;
  readonly ordinal: number;
  /** The test's place in the run, from 1. */
  readonly position: number;
  /** From 1 to the run's trials. */
  readonly trial: number;
  readonly status: TestResultStatus;
  readonly automatedStatus: TestResultStatus;
  readonly testId: string;
  readonly testRevisionId: string;
  readonly configurationId: string;
  readonly outputRunId: string | null;
  readonly error: ResultError | null;
  readonly attempts: readonly Attempt[];
  readonly latencyMs: number | null;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  /** The order of finishing in the run; null until there is a verdict. */
  readonly seq: number | null;
}

export type StoredResult = Selectable<TestResultTable>;

/** The result's place in the run, from the ordinal: trials of a test stand together. */
export function positionOf(ordinal: number, trials: number): number {
  return Math.floor((ordinal - 1) / trials) + 1;
}

/** Which trial of its test the ordinal is, from 1. */
export function trialOf(ordinal: number, trials: number): number {
  return ((ordinal - 1) % trials) + 1;
}
