import type { Attempt, ConversationStopReason, ResultError, ResultErrorType, StoredResultStatus, StoredTurn } from "./result.js";
import type { Json, JsonDefault } from "./run.table.js";
import type { ColumnType, Generated } from "kysely";

type NullableJson<T> = ColumnType<T | null, string | null | undefined, string | null>;

export interface TestResultTable {
  organizationId: string;
  runId: string;
  ordinal: number;
  status: StoredResultStatus;
  automatedStatus: StoredResultStatus;
  testId: string;
  testRevisionId: string;
  outputRunId: string | null;
  errorType: ResultErrorType | null;
  error: NullableJson<ResultError>;
  attempts: Json<readonly Attempt[]>;
  earlierAttempts: Generated<number>;
  latencyMs: number | null;
  startedAt: Date | null;
  finishedAt: Date | null;
  seq: number | null;
  reviewCount: Generated<number>;
}

export interface TestOutputTable {
  organizationId: string;
  runId: string;
  ordinal: number;
  output: string;
  inputTokens: number | null;
  outputTokens: number | null;
  sessionId: string | null;
  context: JsonDefault<readonly string[]>;
  metadata: NullableJson<unknown>;
  toolCalls: NullableJson<unknown>;
  raw: NullableJson<unknown>;
  turns: JsonDefault<readonly StoredTurn[]>;
  stopReason: ConversationStopReason | null;
  latencyMs: number | null;
}

export type MetricResultStatus = "PASSED" | "FAILED" | "ERROR" | "SKIPPED" | "INCONCLUSIVE";

export interface MetricResultTable {
  organizationId: string;
  runId: string;
  ordinal: number;
  metricIndex: number;
  status: MetricResultStatus;
  automatedStatus: MetricResultStatus;
  score: number | null;
  category: string | null;
  threshold: number | null;
  reason: string | null;
  errorCode: string | null;
  errorMessage: string | null;
  metadata: JsonDefault<Record<string, unknown>>;
  durationMs: number;
  inputTokens: number | null;
  outputTokens: number | null;
  cost: number | null;
}

declare module "../db/database.js" {
  interface Database {
    testResults: TestResultTable;
    testOutputs: TestOutputTable;
    metricResults: MetricResultTable;
  }
}
