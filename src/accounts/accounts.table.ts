import type { ColumnType } from "kysely";
import type { Role } from "../viewer.js";

export interface OrganizationTable {
  id: string;
  name: string;
  defaultProjectId: string;
  createdAt: Date;
}

export interface ProjectTable {
  organizationId: string;
  id: string;
  name: string;
  description: string | null;
  createdAt: Date;
}

export interface UserTable {
  organizationId: string;
  id: string;
  name: string;
  email: string;
  role: Role;
  createdAt: Date;
}

export interface ApiTokenTable {
  organizationId: string;
  id: string;
  userId: string;
  name: string;
  prefix: string;
  secretHash: string;
  role: Role;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
  revokedAt: Date | null;
  createdAt: Date;
}

export interface AuditEventTable {
  organizationId: string;
  id: string;
  at: Date;
  actorId: string | null;
  tokenId: string | null;
  action: string;
  targetType: string | null;
  targetId: string | null;
  remoteAddress: string | null;
  /** JSON on the way in, parsed on the way out. */
  details: ColumnType<Record<string, unknown>, string, never>;
}

export interface IdempotencyKeyTable {
  organizationId: string;
  mutation: string;
  key: string;
  inputHash: string;
  /** JSON on the way in, parsed on the way out. */
  answer: unknown;
  createdAt: Date;
}

declare module "../db/database.js" {
  interface Database {
    organizations: OrganizationTable;
    projects: ProjectTable;
    users: UserTable;
    apiTokens: ApiTokenTable;
    auditEvents: AuditEventTable;
    idempotencyKeys: IdempotencyKeyTable;
  }
}
