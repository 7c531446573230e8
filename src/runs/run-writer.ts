import { storableJson, type Trx } from "../db/index.js";
import type { EventBus } from "../events/index.js";
import { IdKind, newId } from "../ids.js";
import type { JobQueue } from "../queue/index.js";
import { takeRunNumber, type TestSegment } from "../test-sets/index.js";
import type { Viewer } from "../viewer.js";
import { firstInLane, laneCountFor } from "./lanes.js";
import { insertPlan } from "./plan.repository.js";
import { ExecutionMode, TestRunKind, TestRunStatus } from "./run.js";
import { overridesOf } from "./run-limits.js";
import type { RunPlan } from "./run-plan.js";
import { RUN_CHANGED } from "./run.events.js";
import { runLaneJob } from "./run.jobs.js";
import { insertRun } from "./run-write.repository.js";
import { takeProjectRunNumber } from "./test-configuration.repository.js";

/** Queues planned runs: a handful of rows however many tests there are. */
export class RunWriter {
  readonly #deps: { bus: EventBus; queue: JobQueue };

  constructor(deps: { bus: EventBus; queue: JobQueue }) {
    this.#deps = deps;
  }

  /** Writes the run with its plan, jobs and notification in the caller's transaction; answers its id. */
  async write(trx: Trx, viewer: Viewer, plan: RunPlan, args: { configurationId: string; now: Date }): Promise<string> {
    const { organizationId } = viewer;
    const runId = newId(IdKind.TEST_RUN, args.now.getTime());
    const total = plan.testCount * plan.trials;
    const laneCount = laneCountFor({ total, sequential: plan.mode === ExecutionMode.SEQUENTIAL, maxConcurrency: plan.endpoint.limits.maxConcurrency });
    await insertRun(trx, { ...(await rowOf(trx, viewer, plan, args)), id: runId, total, laneCount });
    const lanes = Array.from({ length: laneCount }, (_, lane) => ({ organizationId, runId, lane, nextOrdinal: firstInLane(1, lane, laneCount), jobId: null }));
    await insertPlan(trx, {
      segments: placeSegments(organizationId, runId, plan.segments),
      metrics: plan.metrics.metrics.map((metric, metricIndex) => ({ organizationId, runId, metricIndex, metricId: metric.metricId, metricVersionId: metric.metricVersionId, behaviorIds: metric.behaviorIds })),
      lanes,
    });
    await this.#deps.queue.enqueue(trx, lanes.map((lane) => runLaneJob(lane)));
    await this.#deps.bus.publish(trx, RUN_CHANGED, runId);
    return runId;
  }
}

/** The run's row, but for what follows from its size. */
async function rowOf(trx: Trx, viewer: Viewer, plan: RunPlan, { configurationId, now }: { configurationId: string; now: Date }) {
  const { testSet, endpoint, options, metrics, parameters } = plan;
  return {
    organizationId: viewer.organizationId,
    projectId: testSet?.projectId ?? endpoint.projectId,
    name: await nameOf(trx, viewer, plan),
    kind: TestRunKind.EXECUTION,
    status: TestRunStatus.QUEUED,
    mode: plan.mode,
    trials: plan.trials,
    testSetId: testSet?.id ?? null,
    testSetVersion: testSet?.version ?? null,
    selection: plan.selection === null ? null : storableJson(plan.selection),
    endpointId: endpoint.id,
    endpointVersionId: endpoint.versionId,
    configurationId,
    experimentId: parameters.experimentId,
    experimentVersionId: parameters.experimentVersionId,
    parameters: storableJson(parameters.values),
    metricsSource: metrics.source,
    sourceRunId: null,
    request: JSON.stringify({ metricIds: metrics.source === "EXECUTION" ? metrics.metrics.map((metric) => metric.metricId) : null, experimentVersion: options.experimentVersion }),
    overrides: JSON.stringify(overridesOf(plan.attributes)),
    error: null,
    testCount: plan.testCount,
    tags: [...options.tags],
    attributes: storableJson(plan.attributes),
    ownerId: viewer.userId,
    assigneeId: null,
    createdById: viewer.userId,
    createdAt: now,
    startedAt: null,
    finishedAt: null,
  };
}

/** The given name, else the set's with a number; a run without a set takes the endpoint's, counted over the runs of that kind. */
async function nameOf(trx: Trx, viewer: Viewer, { testSet, endpoint, options }: RunPlan): Promise<string> {
  // Counted for a named run, too: a number is a run's place among all runs of the set.
  const number = testSet === null ? await takeProjectRunNumber(trx, viewer, endpoint.id) : await takeRunNumber(trx, viewer, testSet.id);
  return options.name ?? `${testSet?.name ?? endpoint.name} - Run ${number}`;
}

/** The segments with their places in the run, one after another from 1. */
function placeSegments(organizationId: string, runId: string, segments: readonly TestSegment[]) {
  let firstPosition = 1;
  return segments.map((segment) => {
    const placed = { organizationId, runId, firstPosition, ...segment };
    firstPosition += segment.testCount;
    return placed;
  });
}
