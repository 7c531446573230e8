export { GraphileJobQueue } from "./graphile-job-queue.js";
export type { JobHandler, JobQueue, NewJob, RunningJob } from "./job-queue.js";
export { migrateQueue } from "./migrate-queue.js";
export { addQueueMetrics } from "./queue-metrics.js";
export { ClaimLostError, QueueWorker } from "./queue-worker.js";
