import type { Insertable } from "kysely";
import { storableJson, type Trx } from "../db/index.js";
import type { EventBus } from "../events/index.js";
import { IdKind, newId } from "../ids.js";
import type { JobQueue } from "../queue/index.js";
import { takeRunNumber, type TestSegment } from "../test-sets/index.js";
import type { Scope, Viewer } from "../viewer.js";
import { firstInLane, laneCountFor } from "./lanes.js";
import { insertPlan, type RunMetric, type RunSegment } from "./plan.repository.js";
import { ExecutionMode, TestRunKind, TestRunStatus } from "./run.js";
import { overridesOf } from "./run-limits.js";
import type { RunPlan } from "./run-plan.js";
import { RUN_CHANGED } from "./run.events.js";
import { runLaneJob } from "./run.jobs.js";
import type { TestRunTable } from "./run.table.js";
import { insertRun } from "./run-write.repository.js";
import { takeProjectRunNumber } from "./test-configuration.repository.js";

/** What a run is queued from: its row but for what follows from its being new, and its plan. */
export interface NewRun {
  readonly row: Omit<Insertable<TestRunTable>, "organizationId" | "id" | "status" | "laneCount" | "createdAt" | "createdById" | "ownerId" | "assigneeId" | "startedAt" | "finishedAt" | "error">;
  readonly segments: readonly TestSegment[];
  readonly metrics: readonly Pick<RunMetric, "metricId" | "metricVersionId" | "behaviorIds">[];
  /** Calls of the run at once, at the most; judgements for one that makes no calls. */
  readonly maxConcurrency: number;
}

/** Queues planned runs: a handful of rows however many tests there are. */
export class RunWriter {
  readonly #deps: { bus: EventBus; queue: JobQueue };

  constructor(deps: { bus: EventBus; queue: JobQueue }) {
    this.#deps = deps;
  }

  /** Writes the run with its plan, jobs and notification in the caller's transaction; answers its id. */
  async write(trx: Trx, viewer: Viewer, plan: RunPlan, args: { configurationId: string; now: Date }): Promise<string> {
    const name = await takeRunName(trx, viewer, { name: plan.options.name, testSet: plan.testSet, endpoint: plan.endpoint });
    return this.queue(trx, viewer, { row: rowOf(plan, { ...args, name }), segments: plan.segments, metrics: plan.metrics.metrics, maxConcurrency: plan.endpoint.limits.maxConcurrency }, args.now);
  }

  /** Like `write`, for a run that is not planned anew. */
  async queue(trx: Trx, viewer: Viewer, run: NewRun, now: Date): Promise<string> {
    const { organizationId, userId } = viewer;
    const runId = newId(IdKind.TEST_RUN, now.getTime());
    const { total, mode, kind } = run.row;
    const laneCount = laneCountFor({ total, sequential: mode === ExecutionMode.SEQUENTIAL && kind === TestRunKind.EXECUTION, maxConcurrency: run.maxConcurrency });
    const birth = { status: TestRunStatus.QUEUED, error: null, ownerId: userId, assigneeId: null, createdById: userId, createdAt: now, startedAt: null, finishedAt: null };
    await insertRun(trx, { ...run.row, ...birth, organizationId, id: runId, laneCount });
    const lanes = Array.from({ length: laneCount }, (_, lane) => ({ organizationId, runId, lane, nextOrdinal: firstInLane(1, lane, laneCount), jobId: null }));
    await insertPlan(trx, {
      segments: placeSegments(organizationId, runId, run.segments),
      metrics: run.metrics.map(({ metricId, metricVersionId, behaviorIds }, metricIndex) => ({ organizationId, runId, metricIndex, metricId, metricVersionId, behaviorIds })),
      lanes,
    });
    await this.#deps.queue.enqueue(trx, lanes.map((lane) => runLaneJob(lane)));
    await this.#deps.bus.publish(trx, RUN_CHANGED, runId);
    return runId;
  }
}

function rowOf(plan: RunPlan, { configurationId, name }: { configurationId: string; name: string }): NewRun["row"] {
  const { testSet, endpoint, options, metrics, parameters } = plan;
  return {
    projectId: testSet?.projectId ?? endpoint.projectId,
    name,
    kind: TestRunKind.EXECUTION,
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
    outputRunId: null,
    request: JSON.stringify({ metricIds: metrics.source === "EXECUTION" ? metrics.metrics.map((metric) => metric.metricId) : null, experimentVersion: options.experimentVersion }),
    overrides: JSON.stringify(overridesOf(plan.attributes)),
    userModelId: plan.userModelId,
    testCount: plan.testCount,
    total: plan.testCount * plan.trials,
    tags: [...options.tags],
    attributes: storableJson(plan.attributes),
  };
}

/** The given name, else the set's with a number; a run without a set takes the endpoint's, counted over the runs of that kind. */
export async function takeRunName(trx: Trx, scope: Scope, args: { name: string | null; testSet: { id: string; name: string } | null; endpoint: { id: string; name: string } }): Promise<string> {
  const { name, testSet, endpoint } = args;
  // Counted for a named run, too: a number is a run's place among all runs of the set.
  const number = testSet === null ? await takeProjectRunNumber(trx, scope, endpoint.id) : await takeRunNumber(trx, scope, testSet.id);
  return name ?? `${testSet?.name ?? endpoint.name} - Run ${number}`;
}

/** The segments with their places in the run, one after another from 1. */
function placeSegments(organizationId: string, runId: string, segments: readonly TestSegment[]): RunSegment[] {
  let firstPosition = 1;
  return segments.map(({ testSetId, testSetVersion, testCount, positions }) => {
    const placed = { organizationId, runId, firstPosition, testSetId, testSetVersion, testCount, positions };
    firstPosition += testCount;
    return placed;
  });
}
