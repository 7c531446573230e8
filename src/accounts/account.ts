import { createHash, randomBytes } from "node:crypto";
import type { Selectable } from "kysely";
import type { ApiTokenTable, AuditEventTable, OrganizationTable, ProjectTable, UserTable } from "./accounts.table.js";

export type Organization = Selectable<OrganizationTable>;
export type Project = Selectable<ProjectTable>;
export type User = Selectable<UserTable>;
export type ApiToken = Selectable<ApiTokenTable>;
export type AuditEvent = Selectable<AuditEventTable>;

/** A new token's secret: 256 random bits, with a prefix that secret scanners can look for. */
export function newTokenSecret(): string {
  return `assay_${randomBytes(32).toString("base64url")}`;
}

/** What is stored of a secret. SHA-256 without salt is enough: the secrets are random and long, not passwords. */
export function hashTokenSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** The part of a secret that lists show, too short to help anyone guess the rest. */
export function tokenPrefix(secret: string): string {
  return secret.slice(0, 10);
}
