import type { Pool } from "pg";
import { Gauge, type Registry } from "../observability/index.js";

const DEPTHS = `
  select count(*) filter (where locked_at is not null) as running,
         count(*) filter (where locked_at is null and run_at <= now()) as waiting,
         count(*) filter (where locked_at is null and run_at > now()) as scheduled
  from graphile_worker._private_jobs`;

/** Adds the queue's depth over all processes, read when the metrics are asked for. */
export function addQueueMetrics(registry: Registry, pool: Pool): void {
  new Gauge({
    name: "assay_queue_jobs",
    help: "Jobs in the queue, over all processes: running, waiting for a free worker, or scheduled for later.",
    labelNames: ["state"],
    registers: [registry],
    async collect() {
      try {
        const { rows } = await pool.query<Record<string, number>>(DEPTHS);
        for (const [state, count] of Object.entries(rows[0] ?? {})) this.set({ state }, count);
      } catch {
        this.reset(); // a database that is away leaves a gap here, and the rest of the metrics is answered
      }
    },
  });
}
