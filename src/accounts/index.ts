export type { Organization, Project, User } from "./account.js";
export { type AccountsLoaders, createAccountsLoaders } from "./accounts.loaders.js";
export { AccountsService, type Bootstrap } from "./accounts.service.js";
export type * from "./accounts.table.js";
export { type IdempotencyRequest, once } from "./idempotency.repository.js";
