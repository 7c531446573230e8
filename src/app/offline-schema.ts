import { randomBytes } from "node:crypto";
import type { GraphQLSchema } from "graphql";
import { createDatabaseClient } from "../db/index.js";
import { PgEventBus } from "../events/index.js";
import { createLogger } from "../log.js";
import { composeResolvers } from "./resolvers.js";
import { createSchema } from "./schema.js";
import { composeServices } from "./services.js";
import { SHARED_TABLES } from "./shared-tables.js";

/** The schema of the code for whoever only reads it: nothing of it may be executed, as its database is never connected. */
export function createOfflineSchema(): GraphQLSchema {
  const { db } = createDatabaseClient({
    url: "postgres://localhost/none",
    maxConnections: 1,
    applicationName: "assay-schema",
    statementTimeoutMs: 0,
    sharedTables: SHARED_TABLES,
  });
  const services = composeServices({
    db,
    bus: new PgEventBus({ url: "postgres://localhost/none", applicationName: "assay-schema" }),
    now: () => new Date(),
    log: createLogger({ level: "silent", service: "schema" }),
    secretKey: randomBytes(32),
    allowPrivateAddresses: false,
  });
  return createSchema(composeResolvers(services), services.audit);
}
