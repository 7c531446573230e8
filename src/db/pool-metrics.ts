import type { Pool } from "pg";
import { Gauge, type Registry } from "../observability/index.js";

/** Adds how the process's pool of connections is used. */
export function addPoolMetrics(registry: Registry, pool: Pool): void {
  new Gauge({
    name: "assay_database_connections",
    help: "Connections of this process's pool: in use or idle.",
    labelNames: ["state"],
    registers: [registry],
    collect() {
      this.set({ state: "in use" }, pool.totalCount - pool.idleCount);
      this.set({ state: "idle" }, pool.idleCount);
    },
  });
  new Gauge({
    name: "assay_database_waiting",
    help: "Who waits for a connection of this process's pool.",
    registers: [registry],
    collect() {
      this.set(pool.waitingCount);
    },
  });
}
