import type { ColumnType } from "kysely";

export interface EvaluationTestCaseTable {
  organizationId: string;
  id: string;
  projectId: string;
  /** Of the latest version, here for the index that keeps names apart. */
  name: string;
  /** The latest version's number. */
  version: number;
  createdById: string | null;
  createdAt: Date;
  updatedAt: Date;
  archivedAt: Date | null;
}

export interface EvaluationTestCaseVersionTable {
  organizationId: string;
  id: string;
  testCaseId: string;
  version: number;
  name: string;
  description: string | null;
  testSetId: string;
  metricIds: string[];
  starMetricId: string | null;
  successThreshold: number | null;
  successThresholdPct: number | null;
  createdById: string | null;
  createdAt: Date;
}

/** The endpoint as it stood when an evaluation run was queued. */
export interface AgentSnapshot {
  readonly name: string;
  readonly versionHash: string;
  readonly projectId: string;
}

export interface EvaluationRunTable {
  organizationId: string;
  id: string;
  name: string;
  testCaseId: string;
  testCaseVersionId: string;
  testCaseVersion: number;
  runId: string;
  agentId: string;
  endpointId: string;
  /** JSON on the way in, parsed on the way out. */
  agent: ColumnType<AgentSnapshot, string, never>;
  createdById: string | null;
  queuedAt: Date;
}

declare module "../db/database.js" {
  interface Database {
    evaluationTestCases: EvaluationTestCaseTable;
    evaluationTestCaseVersions: EvaluationTestCaseVersionTable;
    evaluationRuns: EvaluationRunTable;
  }
}
