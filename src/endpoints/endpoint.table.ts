import type { ColumnType, JSONColumnType } from "kysely";
import type { ConnectionType, EndpointAuth, HttpMethod } from "./endpoint.js";

export interface EndpointTable {
  organizationId: string;
  id: string;
  projectId: string;
  name: string;
  description: string | null;
  /** The present version. */
  versionId: string;
  /** Sealed JSON of Credentials, or null when there are none. */
  credentials: string | null;
  timeoutMs: number;
  maxConcurrency: number;
  requestsPerMinute: number | null;
  maxAttempts: number;
  createdAt: Date;
  updatedAt: Date;
  deletedAt: Date | null;
}

/** What shapes a call; immutable. */
export interface EndpointVersionTable {
  organizationId: string;
  id: string;
  endpointId: string;
  versionHash: string;
  connectionType: ConnectionType;
  url: string;
  method: HttpMethod;
  requestHeaders: JSONColumnType<Record<string, string>>;
  queryParams: JSONColumnType<Record<string, string>>;
  /** Any JSON; null stands for the default of the connection type. */
  requestMapping: ColumnType<unknown, string | null, never>;
  responseMapping: JSONColumnType<Record<string, string | number>>;
  auth: JSONColumnType<EndpointAuth>;
  createdAt: Date;
}

declare module "../db/database.js" {
  interface Database {
    endpoints: EndpointTable;
    endpointVersions: EndpointVersionTable;
  }
}
