import { type Client, createClient } from "graphql-ws";
import { WebSocket } from "ws";
import { startApi } from "../../src/app/api.js";
import type { GatewayServer } from "../../src/http/index.js";
import { createLogger } from "../../src/log.js";
import { silentTelemetry, type Telemetry } from "../../src/observability/index.js";
import type { TestApp } from "./app.js";

/** The token of the ADMIN that `createTestApp` makes. */
export const ADMIN_TOKEN = "bootstrap-token-of-the-tests";

/** The app behind real doors on a free port. */
export function startTestServer(app: TestApp, options: { telemetry?: Telemetry; metricsToken?: string | null } = {}): Promise<GatewayServer> {
  return startApi({
    db: app.database.db,
    services: app.services,
    telemetry: options.telemetry ?? silentTelemetry(),
    metricsToken: options.metricsToken ?? null,
    log: createLogger({ level: process.env["LOG_LEVEL"] ?? "silent", service: "test-api" }),
    isReady: () => Promise.resolve(true),
    settings: { host: "127.0.0.1", port: 0, corsOrigins: [], playground: false, introspection: true, playgroundDir: null },
  });
}

/** A graphql-ws client that does not reconnect by itself. */
export function socketClient(server: GatewayServer, token = ADMIN_TOKEN): Client {
  return createClient({ url: server.url.replace(/^http/, "ws"), webSocketImpl: WebSocket, connectionParams: { authorization: `Bearer ${token}` }, retryAttempts: 0, lazy: true });
}
