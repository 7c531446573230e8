import type { EndpointClient } from "../../src/endpoints/index.js";
import { PgEventBus } from "../../src/events/index.js";
import type { Outbound } from "../../src/address-guard.js";
import { startWorker, type Worker } from "../../src/execution/index.js";
import { createLogger } from "../../src/log.js";
import { silentTelemetry, type Telemetry } from "../../src/observability/index.js";
import type { TestApp } from "./app.js";

/** A worker in this process over the app's database, with a session and a bus of its own, as another process would have. */
export async function startTestWorker(app: TestApp, options: { concurrency?: number; random?: () => number; telemetry?: Telemetry; outbound?: Outbound; client?: EndpointClient; now?: () => Date } = {}): Promise<Worker> {
  const bus = new PgEventBus({ url: app.database.url, applicationName: "assay-test-worker-events" });
  await bus.start();
  const worker = await startWorker({
    ...app.services.execution,
    outbound: options.outbound ?? app.services.execution.outbound, // of models and remote metrics; the endpoint client has its own
    db: app.database.db,
    pool: app.database.pool,
    databaseUrl: app.database.url,
    bus,
    ...(options.client === undefined ? {} : { client: options.client }),
    now: options.now ?? (() => new Date()),
    random: options.random ?? (() => 0.01), // short waits before retries
    log: createLogger({ level: process.env["LOG_LEVEL"] ?? "silent", service: "test-worker" }),
    concurrency: options.concurrency ?? 64,
    telemetry: options.telemetry ?? silentTelemetry(),
  });
  return {
    stop: async (graceMs) => {
      await worker.stop(graceMs);
      await bus.close();
    },
  };
}
