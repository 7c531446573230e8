import type { ScoreType } from "../metrics/index.js";
import type { Attempt, MetricResult, TestOutput, TestResult, TestRun } from "../runs/index.js";
import type { Prompt, TestRevision } from "../test-sets/index.js";

/** A planned result as it is downloaded. Times are ISO texts, as they go into files. */
export interface ExportedResult extends Pick<TestResult, "ordinal" | "status" | "automatedStatus" | "testId" | "testRevisionId" | "outputRunId" | "error" | "latencyMs" | "seq"> {
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly attemptCount: number;
  /** Empty unless everything is read. */
  readonly attempts: readonly Attempt[];
}

/** A test as it was run, and its prompt, where it has one, in the same row. */
export interface ExportedTest extends Pick<TestRevision, "id" | "testSetId" | "position" | "type" | "key" | "tags" | "metadata" | "conversation" | "behaviorId" | "categoryId" | "topicId" | "useCaseId"> {
  readonly promptId: string | null;
  readonly content: string | null;
  readonly expectedResponse: string | null;
  readonly languageCode: string | null;
  readonly context: Prompt["context"] | null;
}

/** An answer as it is downloaded. */
export interface ExportedOutput extends Pick<TestOutput, "runId" | "ordinal" | "output" | "inputTokens" | "outputTokens" | "sessionId" | "stopReason" | "turns"> {
  /** Empty unless everything is read, like the three after it. */
  readonly context: readonly string[];
  readonly metadata: unknown;
  readonly toolCalls: unknown;
  /** JSON text, as it goes into the file as it is. */
  readonly raw: string | null;
}

/** What one metric made of a result. Those after the message are empty unless everything is read. */
export type ExportedMetricResult = Pick<MetricResult, "ordinal" | "metricIndex" | "status" | "automatedStatus" | "score" | "category" | "reason" | "errorCode" | "errorMessage"> &
  Pick<MetricResult, "threshold" | "metadata" | "inputTokens" | "outputTokens" | "cost"> & { readonly durationMs: number | null };

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
  readonly result: ExportedResult;
  readonly test: ExportedTest | null;
  readonly testSetName: string | null;
  readonly behavior: string | null;
  readonly category: string | null;
  readonly topic: string | null;
  readonly useCase: string | null;
  readonly output: ExportedOutput | null;
  readonly metricResults: readonly ExportedMetricResult[];
  readonly reviews: readonly ExportedReview[];
}
