import type { Pool } from "pg";
import { type Db, SessionConnection } from "../db/index.js";
import type { EndpointClient, EndpointTargets } from "../endpoints/index.js";
import type { EventBus } from "../events/index.js";
import type { Logger } from "../log.js";
import { silentTelemetry, type Telemetry } from "../observability/index.js";
import { type JobQueue, QueueWorker } from "../queue/index.js";
import { createPurgeHandler, type LaneService, PURGE_RUN_JOB, RUN_CONTROL, RUN_LANE_JOB } from "../runs/index.js";
import { createScorer, ModelCalls, type ModelCallsDeps } from "../scoring/index.js";
import { ActiveRuns } from "./active-run.js";
import { CallGate } from "./call-gate.js";
import { EndpointHolds } from "./endpoint-holds.js";
import { EndpointPermits } from "./endpoint-permits.js";
import { FairPlaces } from "./fair-places.js";
import { createLaneHandler } from "./lane.handler.js";
import { LimitedCalls } from "./limited-calls.js";
import { loopGauge } from "./loop-load.js";
import { SliceBoard } from "./slice-board.js";
import { WorkerTelemetry } from "./worker-telemetry.js";

/** Slices in work at once in a process: four big runs' lanes. Beyond that they give way to each other. */
const CONCURRENT_SLICES = 32;

export interface WorkerDeps {
  readonly db: Db;
  readonly pool: Pool;
  readonly databaseUrl: string;
  readonly bus: EventBus;
  readonly queue: JobQueue;
  readonly lanes: LaneService;
  readonly targets: EndpointTargets;
  readonly client: EndpointClient;
  readonly outbound: ModelCallsDeps["outbound"];
  readonly models: ModelCallsDeps["models"];
  readonly remoteMetrics: ModelCallsDeps["remoteMetrics"];
  readonly now: () => Date;
  readonly random: () => number;
  readonly log: Logger;
  /** Calls in flight in this process. */
  readonly concurrency: number;
  /** Where the work is counted and traced; nowhere when absent. */
  readonly telemetry?: Telemetry;
}

/** Executes runs. */
export interface Worker {
  /** Takes no more work; calls in flight may end within `graceMs`, the rest is handed over. */
  stop(graceMs: number): Promise<void>;
}

/** Starts to execute runs in this process. */
export async function startWorker(deps: WorkerDeps): Promise<Worker> {
  const session = new SessionConnection({ url: deps.databaseUrl, applicationName: "assay-worker-session" });
  const permits = new EndpointPermits(session);
  const telemetry = new WorkerTelemetry(deps.telemetry ?? silentTelemetry());
  const unsubscribe: (() => void)[] = [];
  const activeRuns = new ActiveRuns({
    ...deps,
    telemetry,
    onControl: (listener) => {
      unsubscribe.push(deps.bus.subscribe(RUN_CONTROL, listener));
      unsubscribe.push(deps.bus.onGap(() => listener(null)));
    },
  });
  const slices = new SliceBoard(deps);
  const places = new FairPlaces(deps.concurrency, { isSaturated: loopGauge(), runsAtWork: () => slices.runIds() });
  const gate = new CallGate({ db: deps.db, permits, places, onWait: () => telemetry.callWaits() });
  const holds = new EndpointHolds(deps);
  unsubscribe.push(holds.listen());
  const calls = new ModelCalls({ ...deps, runner: new LimitedCalls({ ...deps, gate, holds }) });
  const scorer = createScorer({ calls, onInternalError: (error, definition) => deps.log.error({ err: error, metric: definition.name }, "a metric failed inside the gateway") });
  const observed = { client: telemetry.client(deps.client), scorer: telemetry.scorer(scorer) };
  const worker = new QueueWorker({
    pool: deps.pool,
    session,
    concurrentJobs: CONCURRENT_SLICES,
    log: deps.log,
    handlers: { [RUN_LANE_JOB]: telemetry.slice(RUN_LANE_JOB, createLaneHandler({ ...deps, ...observed, modelCalls: calls, gate, holds, activeRuns, slices })), [PURGE_RUN_JOB]: createPurgeHandler(deps) },
  });
  await session.open();
  await worker.start();
  return {
    stop: async (graceMs) => {
      await worker.stop(graceMs);
      for (const stop of unsubscribe) stop();
      await scorer.close();
      await session.close();
    },
  };
}
