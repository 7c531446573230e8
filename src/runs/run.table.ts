import type { ColumnType, Generated } from "kysely";
import type { ExecutionMode, MetricsSource, RunError, TestRunKind, TestRunStatus } from "./run.js";
import type { RunSummary } from "./run-summary.js";

/** jsonb: parsed on the way out, JSON text on the way in (the driver would write a JavaScript array as an SQL array). */
export type Json<T> = ColumnType<T, string, string>;
/** jsonb with a default. */
export type JsonDefault<T> = ColumnType<T, string | undefined, string>;

/** Sums over a run's calls and judgements, as they stand in jsonb. Tokens are null-free sums of what was reported. */
export interface RunUsage {
  readonly endpointCalls?: number;
  readonly endpointInputTokens?: number;
  readonly endpointOutputTokens?: number;
  readonly judgeCalls?: number;
  readonly judgeInputTokens?: number;
  readonly judgeOutputTokens?: number;
  readonly judgeCost?: number;
}

/** What was asked for, so that a re-run can ask for the same. */
export interface RunRequest {
  /** Ids of the execution-time metrics, or null when none were given. */
  readonly metricIds?: readonly string[] | null;
  readonly experimentVersion?: number | null;
  /** Of a re-score: whether it took the tests as they were at its time. */
  readonly currentTests?: boolean;
}

export interface TestConfigurationTable {
  organizationId: string;
  id: string;
  endpointId: string;
  testSetId: string | null;
  behaviorId: string | null;
  categoryId: string | null;
  topicId: string | null;
  promptId: string | null;
  useCaseId: string | null;
  mode: ExecutionMode;
  trials: number;
  attributes: JsonDefault<Record<string, unknown>>;
  contentHash: string;
  createdAt: Date;
  deletedAt: Date | null;
}

export interface TestRunTable {
  organizationId: string;
  id: string;
  projectId: string;
  name: string;
  kind: TestRunKind;
  status: TestRunStatus;
  mode: ExecutionMode;
  trials: number;
  testSetId: string | null;
  testSetVersion: number | null;
  selection: ColumnType<Record<string, unknown> | null, string | null, string | null>;
  endpointId: string;
  endpointVersionId: string;
  configurationId: string;
  experimentId: string | null;
  experimentVersionId: string | null;
  parameters: JsonDefault<Record<string, unknown>>;
  metricsSource: MetricsSource;
  sourceRunId: string | null;
  outputRunId: string | null;
  request: JsonDefault<RunRequest>;
  overrides: JsonDefault<{ timeoutMs?: number; maxAttempts?: number }>;
  userModelId: string | null;
  error: ColumnType<RunError | null, string | null, string | null>;
  testCount: number;
  total: number;
  executed: Generated<number>;
  answered: Generated<number>;
  passed: Generated<number>;
  failed: Generated<number>;
  errored: Generated<number>;
  cancelled: Generated<number>;
  reviewed: Generated<number>;
  corrected: Generated<number>;
  usage: JsonDefault<RunUsage>;
  summary: ColumnType<RunSummary | null, string | null | undefined, string | null>;
  seq: Generated<number>;
  version: Generated<number>;
  laneCount: number;
  tags: string[];
  attributes: JsonDefault<Record<string, unknown>>;
  ownerId: string | null;
  assigneeId: string | null;
  createdById: string | null;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
}

export interface RunSegmentTable {
  organizationId: string;
  runId: string;
  firstPosition: number;
  testCount: number;
  testSetId: string;
  testSetVersion: number;
  positions: readonly number[] | null;
}

export interface RunMetricTable {
  organizationId: string;
  runId: string;
  metricIndex: number;
  metricId: string;
  metricVersionId: string;
  behaviorIds: readonly string[] | null;
}

export interface RunLaneTable {
  organizationId: string;
  runId: string;
  lane: number;
  nextOrdinal: number;
  running: Generated<readonly number[]>;
  jobId: string | null;
  done: Generated<boolean>;
  failures: Generated<number>;
}

declare module "../db/database.js" {
  interface Database {
    testConfigurations: TestConfigurationTable;
    testRuns: TestRunTable;
    runSegments: RunSegmentTable;
    runMetrics: RunMetricTable;
    runLanes: RunLaneTable;
  }
}
