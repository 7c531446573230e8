import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Config } from "../config/config.js";
import { addPoolMetrics, pendingMigrations } from "../db/index.js";
import { PgEventBus } from "../events/index.js";
import { migrations } from "../../migrations/index.js";
import type { Logger } from "../log.js";
import { openTelemetry, type Telemetry } from "../observability/index.js";
import { addQueueMetrics } from "../queue/index.js";
import type { ProcessKind, Running } from "./process.js";
import { composeServices, type Services } from "./services.js";
import { openStorage, type Storage } from "./storage.js";
import { packageVersion } from "./version.js";
import { startWorkerDoor } from "./worker-door.js";

export interface GatewayOptions {
  readonly config: Config;
  readonly kind: ProcessKind;
  readonly log: Logger;
  /** Writes a line to standard output. */
  readonly print: (line: string) => void;
}

/** A gateway that serves; `url` is null in a worker. */
export interface Gateway extends Running {
  readonly url: string | null;
  readonly services: Services;
  /** The secret of the first token, when this start made it. */
  readonly madeSecret: string | null;
}

/** Starts the halves that the kind asks for, in order: database, bus, services, then the doors and the worker. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { config, kind, log } = options;
  const stops: ((graceMs: number) => Promise<void>)[] = [];
  const stop = async (graceMs: number): Promise<void> => {
    for (const step of stops.splice(0).reverse()) await step(graceMs).catch((error: unknown) => log.warn({ err: error }, "a part did not stop in order"));
  };
  try {
    const telemetry = await openTelemetry(config.traces === null ? null : { ...config.traces, serviceName: `assay-${kind}`, serviceVersion: packageVersion() });
    stops.push(() => telemetry.tracer.close());
    const storage = await openStorage(config, kind, log);
    stops.push(() => storage.close());
    addStorageMetrics(telemetry, storage);
    const bus = new PgEventBus({ url: storage.url, applicationName: `assay-${kind}-events` });
    await bus.start();
    stops.push(() => bus.close());
    const { secretKey, previousSecretKeys, readSecretKeys } = storage;
    const allowPrivateAddresses = config.endpointAllowPrivate ?? storage.isEmbedded;
    const services = composeServices({ db: storage.client.db, bus, now: () => new Date(), log, secretKey, previousSecretKeys, readSecretKeys, allowPrivateAddresses });
    stops.push(() => services.close());
    const madeSecret = kind === "worker" ? null : ((await services.accounts.bootstrap(config.bootstrapToken))?.madeSecret ?? null);
    if (madeSecret !== null) options.print(`token ${madeSecret}`);
    const base = { config, storage, services, telemetry, log, bus };
    const parts: Part[] = [];
    // The halves end at the same time: a run that is handed over must not wait for sockets, nor they for it.
    stops.push((graceMs) => Promise.all(parts.map((part) => part.stop(graceMs))).then(() => undefined));
    // The doors first: a port that is taken must not let a worker begin.
    if (kind !== "worker") parts.push(await startApiPart(base));
    if (kind !== "api") parts.push(await startWorkerPart(base));
    if (kind === "worker" && config.workerPort !== null) parts.push(await startWorkerDoorPart(base, config.workerPort));
    const url = parts.map((part) => part.url).find((found) => found !== null) ?? null;
    if (url !== null) options.print(`ready ${url}`);
    return { url, services, madeSecret, stop };
  } catch (error) {
    await stop(0);
    throw error;
  }
}

function addStorageMetrics({ registry }: Telemetry, { client }: Storage): void {
  addPoolMetrics(registry, client.pool);
  addQueueMetrics(registry, client.pool);
}

interface Part extends Running {
  readonly url: string | null;
}

/** What the halves of a process share. */
interface Base {
  readonly config: Config;
  readonly storage: Storage;
  readonly services: Services;
  readonly telemetry: Telemetry;
  readonly log: Logger;
}

async function startWorkerPart({ config, storage, services, telemetry, log, bus }: Base & { bus: PgEventBus }): Promise<Part> {
  const { startWorker } = await import("../execution/index.js");
  const worker = await startWorker({
    ...services.execution,
    db: storage.client.db,
    pool: storage.client.pool,
    databaseUrl: storage.url,
    bus,
    now: () => new Date(),
    random: Math.random,
    log,
    telemetry,
    concurrency: config.workerConcurrency,
  });
  return { url: null, stop: (graceMs) => worker.stop(graceMs) };
}

/** Probes and metrics of a process without doors of its own. */
async function startWorkerDoorPart({ config, storage, telemetry, log }: Base, port: number): Promise<Part> {
  const door = await startWorkerDoor({ host: config.host, port, registry: telemetry.registry, metricsToken: config.metricsToken, isReady: () => isMigrated(storage) });
  log.info({ port: door.port }, "probes and metrics are served");
  return { url: null, stop: (graceMs) => door.stop(graceMs) };
}

/** Imported only here: a worker never loads type-graphql or Apollo. */
async function startApiPart({ config, storage, services, telemetry, log }: Base): Promise<Part> {
  const { startApi } = await import("./api.js");
  const server = await startApi({
    db: storage.client.db,
    services,
    log,
    telemetry,
    isReady: () => isMigrated(storage),
    settings: { ...config, playgroundDir: findPlayground() },
    metricsToken: config.metricsToken,
  });
  return { url: server.url, stop: (graceMs) => server.close(graceMs) };
}

async function isMigrated(storage: Storage): Promise<boolean> {
  return (await pendingMigrations(storage.client.db, migrations)).length === 0;
}

/** The built playground: beside the compiled code, or in dist/ when running from source. */
function findPlayground(): string | null {
  const candidates = ["../../playground", "../../dist/playground"].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  return candidates.find((path) => existsSync(`${path}/index.html`)) ?? null;
}
