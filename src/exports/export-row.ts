import type { ScoreType } from "../metrics/index.js";
import type { Attempt, MetricResult, ResultError, StoredTurn, TestResult, TestRun } from "../runs/index.js";
import type { TestRevision } from "../test-sets/index.js";

/** An answer as it is downloaded; what a format does not show is not read. */
export interface ExportedOutput {
  readonly ordinal: number;
  readonly output: string;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly sessionId: string | null;
  readonly stopReason: string | null;
  readonly turns: readonly StoredTurn[];
  /** With everything only, like the three after it. */
  readonly context?: readonly string[];
  readonly metadata?: unknown;
  readonly toolCalls?: unknown;
  /** JSON text, as it goes into the file as it is. */
  readonly raw?: string | null;
}

/** What one metric made of a result; of a few columns only JSONL shows. */
export type ExportedMetricResult = Omit<MetricResult, "id" | "organizationId" | "runId">;

/** A person's verdict on a result, one of its metrics or one of its turns. */
export interface ExportedReview {
  readonly id: string;
  readonly ordinal: number;
  readonly target: "RESULT" | "METRIC" | "TURN";
  readonly metricIndex: number | null;
  readonly turn: number | null;
  readonly verdict: "PASS" | "FAIL";
  readonly comment: string;
  readonly author: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A metric that the run pins. */
export interface ExportedMetric {
  readonly metricIndex: number;
  readonly metricId: string;
  readonly version: number;
  readonly name: string;
  readonly scoreType: ScoreType;
}

/** What is the same for all rows of a download. */
export interface ExportHead {
  readonly run: TestRun;
  readonly metrics: readonly ExportedMetric[];
  readonly endpointName: string;
  readonly testSetName: string | null;
}

/** A planned result with all that is downloaded of it. */
export interface ExportRow {
  readonly result: TestResult & { readonly error: ResultError | null; readonly attempts: readonly Attempt[] };
  /** The test as it was run. */
  readonly test: TestRevision | null;
  readonly testSetName: string | null;
  readonly behavior: string | null;
  readonly category: string | null;
  readonly topic: string | null;
  readonly useCase: string | null;
  readonly output: ExportedOutput | null;
  readonly metricResults: readonly ExportedMetricResult[];
  readonly reviews: readonly ExportedReview[];
}
