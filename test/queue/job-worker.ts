// A worker in a process of its own, for tests that kill it: takes jobs, says which, and never ends them.
import { createDatabaseClient, SessionConnection } from "../../src/db/index.js";
import { createLogger } from "../../src/log.js";
import { QueueWorker } from "../../src/queue/index.js";

const url = process.argv[2] ?? "";
const client = createDatabaseClient({ url, maxConnections: 4, applicationName: "job-worker", statementTimeoutMs: 0, sharedTables: [] });
const session = new SessionConnection({ url, applicationName: "job-worker-session" });
const worker = new QueueWorker({
  pool: client.pool,
  session,
  concurrentJobs: 2,
  log: createLogger({ level: "silent", service: "job-worker" }),
  handlers: {
    greet: async (_payload, job) => {
      process.stdout.write(`started ${job.id}\n`);
      await new Promise(() => undefined);
    },
  },
});
await session.open();
await worker.start();
process.stdout.write("ready\n");
