export type { ApiToken, AuditEvent, Organization, Project, User } from "./account.js";
export { type AccountsLoaders, createAccountsLoaders } from "./accounts.loaders.js";
export { AccountsService, type Bootstrap } from "./accounts.service.js";
export type * from "./accounts.table.js";
export { type AuditedChange, AuditTrail } from "./audit-trail.js";
export { MemberService } from "./member.service.js";
export { ProjectService } from "./project.service.js";
export { type IdempotencyRequest, once } from "./idempotency.repository.js";
