import type { ColumnType, Generated } from "kysely";
import type { ParameterValues } from "./experiment.js";

export interface ExperimentTable {
  organizationId: string;
  id: string;
  projectId: string;
  name: string;
  description: string | null;
  /** The number of its latest version; 0 only inside the transaction that makes it. */
  latestVersion: Generated<number>;
  createdAt: Date;
}

export interface ExperimentVersionTable {
  organizationId: string;
  id: string;
  experimentId: string;
  number: number;
  /** jsonb: parsed on the way out, JSON text on the way in. */
  values: ColumnType<ParameterValues, string, never>;
  contentHash: string;
  message: string | null;
  createdById: string | null;
  createdAt: Date;
}

declare module "../db/database.js" {
  interface Database {
    experiments: ExperimentTable;
    experimentVersions: ExperimentVersionTable;
  }
}
