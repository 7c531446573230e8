import type { MetricKind, StoredDefinition } from "./metric.js";

export interface MetricTable {
  organizationId: string;
  id: string;
  name: string;
  kind: MetricKind;
  scope: string[];
  latestVersion: number;
  secret: string | null;
  createdAt: Date;
  updatedAt: Date;
  deletedAt: Date | null;
}

export interface MetricVersionTable {
  organizationId: string;
  id: string;
  metricId: string;
  number: number;
  definition: StoredDefinition;
  createdById: string | null;
  createdAt: Date;
}

export interface TestSetMetricTable {
  organizationId: string;
  testSetId: string;
  metricId: string;
  position: number;
}

export interface BehaviorMetricTable {
  organizationId: string;
  behaviorId: string;
  metricId: string;
  position: number;
}

declare module "../db/database.js" {
  interface Database {
    metrics: MetricTable;
    metricVersions: MetricVersionTable;
    testSetMetrics: TestSetMetricTable;
    behaviorMetrics: BehaviorMetricTable;
  }
}
