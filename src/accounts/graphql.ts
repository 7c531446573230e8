import type { NodeSource } from "../graphql/index.js";
import { IdKind } from "../ids.js";
import { Role } from "../viewer.js";
import { OrganizationResolver, ViewerResolver } from "./accounts.resolver.js";
import { AuditEventResolver } from "./audit-event.resolver.js";
import { MemberResolver } from "./member.resolver.js";
import { ProjectResolver } from "./project.resolver.js";

export { OrganizationType, ProjectType, UserType, ViewerType } from "./accounts.type.js";
export { AuditEventResolver, MemberResolver, OrganizationResolver, ProjectResolver, ViewerResolver };

/** How `node` finds what this room holds. */
export const accountsNodes: readonly NodeSource[] = [
  { kind: IdKind.ORGANIZATION, typename: "Organization", load: (loaders, id) => loaders.accounts.organizationById.load(id) },
  { kind: IdKind.PROJECT, typename: "Project", load: (loaders, id) => loaders.accounts.projectById.load(id) },
  { kind: IdKind.USER, typename: "User", load: (loaders, id) => loaders.accounts.userById.load(id) },
  { kind: IdKind.API_TOKEN, typename: "ApiToken", role: Role.ADMIN, load: (loaders, id) => loaders.accounts.tokenById.load(id) },
  { kind: IdKind.AUDIT_EVENT, typename: "AuditEvent", role: Role.ADMIN, load: (loaders, id) => loaders.accounts.auditEventById.load(id) },
];
