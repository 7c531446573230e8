// Times a re-score of a large run by deterministic metrics: tsx test/bench/rescore.ts, on TEST_DATABASE_URL (a database of its own is made and dropped there).
import { randomBytes } from "node:crypto";
import type { Pool } from "pg";
import pg from "pg";
import { migrations } from "../../migrations/index.js";
import { composeServices } from "../../src/app/services.js";
import { SHARED_TABLES } from "../../src/app/shared-tables.js";
import { createDatabaseClient, type Db, migrateToLatest } from "../../src/db/index.js";
import { PgEventBus } from "../../src/events/index.js";
import { startWorker } from "../../src/execution/index.js";
import { IdKind, newId } from "../../src/ids.js";
import { createLogger } from "../../src/log.js";
import { migrateQueue } from "../../src/queue/index.js";
import { findRunsByIds, isTerminal } from "../../src/runs/index.js";
import { Role, type Viewer } from "../../src/viewer.js";
import { seedRuns } from "./run-world.js";

const RESULTS = Number(process.env["BENCH_TESTS"] ?? "100000");
/** What is promised on two cores. */
const PROMISED_RATE = 5_000;
const METRICS = [
  { name: "has the word", builtIn: "contains", parameters: { value: "word7" } },
  { name: "short enough", builtIn: "length", parameters: { unit: "words", max: 100 } },
];

interface Server {
  readonly db: Db;
  readonly pool: Pool;
  readonly url: string;
}

async function withDatabase(act: (server: Server) => Promise<void>): Promise<void> {
  const given = process.env["TEST_DATABASE_URL"];
  if (given === undefined || given === "") throw new Error("Set TEST_DATABASE_URL to a server that may create databases.");
  const name = `assay_bench_${process.pid}`;
  const admin = new pg.Client({ connectionString: given });
  await admin.connect();
  await admin.query(`create database ${name}`);
  const url = new URL(given);
  url.pathname = `/${name}`;
  const client = createDatabaseClient({ url: url.href, maxConnections: 10, applicationName: "assay-bench", statementTimeoutMs: 0, sharedTables: SHARED_TABLES });
  try {
    await migrateToLatest(client.db, migrations);
    await migrateQueue(client.pool);
    await act({ db: client.db, pool: client.pool, url: url.href });
  } finally {
    await client.close();
    await admin.query(`drop database ${name} with (force)`);
    await admin.end();
  }
}

const megabytes = (bytes: number): number => Math.round(bytes / 1024 / 1024);
const report = (figure: Record<string, unknown>): void => void process.stdout.write(`${JSON.stringify(figure)}\n`);

async function main({ db, pool, url }: Server): Promise<void> {
  const log = createLogger({ level: "warn", service: "bench" });
  const bus = new PgEventBus({ url, applicationName: "assay-bench-events" });
  await bus.start();
  const services = composeServices({ db, bus, now: () => new Date(), log, secretKey: randomBytes(32), allowPrivateAddresses: true });
  const world = await seedRuns(db, { tests: RESULTS, runs: 1 });
  const worker = await startWorker({ ...services.execution, db, pool, databaseUrl: url, bus, now: () => new Date(), random: Math.random, log, concurrency: 64 });
  const viewer: Viewer = { organizationId: world.owner.organizationId, userId: newId(IdKind.USER), tokenId: null, role: Role.ADMIN, expiresAt: null };
  for (const metric of METRICS) await services.metrics.createMetric(viewer, { kind: "BUILT_IN", ...metric });
  const memory: number[] = [];
  const watch = setInterval(() => memory.push(process.memoryUsage().rss), 250);
  const [cpu, started] = [process.cpuUsage(), performance.now()];
  const { id } = await services.rescores.rescore(viewer, { testSet: null, endpoint: null, run: { id: world.runIds[0] ?? "" }, currentTests: false, metrics: METRICS.map(({ name }) => ({ name })), name: null, idempotencyKey: null });
  report({ name: `rescore of ${RESULTS} results answers`, value: Math.round(performance.now() - started), unit: "ms" });
  for (;;) {
    const [run] = await findRunsByIds(db, viewer, [id]);
    if (run === undefined || isTerminal(run.status)) {
      report({ name: "the re-score", status: run?.status, passed: run?.passed, failed: run?.failed, errored: run?.errored });
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const seconds = (performance.now() - started) / 1_000;
  clearInterval(watch);
  const { user, system } = process.cpuUsage(cpu);
  report({ name: "results re-scored", value: Math.round(RESULTS / seconds), unit: "results/s", limit: PROMISED_RATE, limitName: "promise", workerMicrosecondsEach: Math.round((user + system) / RESULTS) });
  report({ name: "memory at the end", value: megabytes(memory.at(-1) ?? 0), unit: "MB", limit: megabytes(memory[Math.floor(memory.length / 4)] ?? 0), limitName: "MB after a quarter" });
  await worker.stop(1_000);
  await services.close();
  await bus.close();
}

await withDatabase(main);
