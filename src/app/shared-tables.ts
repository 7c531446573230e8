/** The tables without a tenant column. Everything else is refused by the tenant guard unless a query names the organization. */
export const SHARED_TABLES: readonly string[] = ["organizations"];
