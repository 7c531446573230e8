// Times a re-score of a large run by deterministic metrics: npm run bench -- rescore.
import { randomBytes } from "node:crypto";
import { composeServices } from "../../src/app/services.js";
import { PgEventBus } from "../../src/events/index.js";
import { startWorker } from "../../src/execution/index.js";
import { IdKind, newId } from "../../src/ids.js";
import { createLogger } from "../../src/log.js";
import { findRunsByIds, isTerminal } from "../../src/runs/index.js";
import { Role, type Viewer } from "../../src/viewer.js";
import { type BenchDatabase, withBenchDatabase } from "./bench-database.js";
import { report } from "./figures.js";
import { seedRuns } from "./run-world.js";

const RESULTS = Number(process.env["BENCH_TESTS"] ?? "100000");
/** What is promised on two cores. */
const PROMISED_RATE = 5_000;
const METRICS = [
  { name: "has the word", builtIn: "contains", parameters: { value: "word7" } },
  { name: "short enough", builtIn: "length", parameters: { unit: "words", max: 100 } },
];

const megabytes = (bytes: number): number => Math.round(bytes / 1024 / 1024);

async function main({ db, pool, url }: BenchDatabase): Promise<void> {
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
  report({ name: `rescore of ${RESULTS} results answers`, value: Math.round(performance.now() - started), unit: "ms", limit: null });
  for (;;) {
    const [run] = await findRunsByIds(db, viewer, [id]);
    if (run === undefined || isTerminal(run.status)) {
      if (run === undefined || run.passed + run.failed !== RESULTS) throw new Error(`The re-score ended as ${run?.status} with ${run?.errored} errors.`);
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const seconds = (performance.now() - started) / 1_000;
  clearInterval(watch);
  const { user, system } = process.cpuUsage(cpu);
  report({ name: "results re-scored", value: Math.round(RESULTS / seconds), unit: "results/s", limit: PROMISED_RATE, limitName: "promise" });
  report({ name: "CPU of the worker for each", value: Math.round((user + system) / RESULTS), unit: "µs", limit: null });
  report({ name: "memory at the end", value: megabytes(memory.at(-1) ?? 0), unit: "MB", limit: megabytes(memory[Math.floor(memory.length / 4)] ?? 0), limitName: "MB after a quarter" });
  await worker.stop(1_000);
  await services.close();
  await bus.close();
}

await withBenchDatabase(main);
