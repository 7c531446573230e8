import type DataLoader from "dataloader";
import { type Db, type LoaderOptions, oneByKey } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { ApiToken, AuditEvent, Organization, Project, User } from "./account.js";
import { findOrganizationsByIds, findProjectsByIds, findUsersByIds } from "./accounts.repository.js";
import { findAuditEventsByIds } from "./audit-events.repository.js";
import { findApiTokensByIds } from "./tokens.repository.js";

export interface AccountsLoaders {
  readonly organizationById: DataLoader<string, Organization | null>;
  readonly projectById: DataLoader<string, Project | null>;
  readonly userById: DataLoader<string, User | null>;
  readonly tokenById: DataLoader<string, ApiToken | null>;
  readonly auditEventById: DataLoader<string, AuditEvent | null>;
}

/** The loaders of one viewer over accounts. */
export function createAccountsLoaders(db: Db, scope: Scope, options: LoaderOptions): AccountsLoaders {
  return {
    // Only the viewer's own organization exists for it.
    organizationById: oneByKey(options, async (ids) => findOrganizationsByIds(db, ids.filter((id) => id === scope.organizationId)), (row) => row.id),
    projectById: oneByKey(options, (ids) => findProjectsByIds(db, scope, ids), (row) => row.id),
    userById: oneByKey(options, (ids) => findUsersByIds(db, scope, ids), (row) => row.id),
    tokenById: oneByKey(options, (ids) => findApiTokensByIds(db, scope, ids), (row) => row.id),
    auditEventById: oneByKey(options, (ids) => findAuditEventsByIds(db, scope, ids), (row) => row.id),
  };
}

declare module "../graphql/context.js" {
  interface Loaders {
    accounts: AccountsLoaders;
  }
}
