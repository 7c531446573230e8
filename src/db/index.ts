export * from "./batching.js";
export * from "./client.js";
export * from "./filters.js";
export type { Database, Db, Trx } from "./database.js";
export * from "./migrator.js";
export * from "./paging.js";
export * from "./pg-errors.js";
export { systemScope, TenantGuard } from "./tenant-guard.js";
export { SessionConnection } from "./session-connection.js";
