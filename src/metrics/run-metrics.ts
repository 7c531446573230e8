import type { Db } from "../db/index.js";
import { findModelsByIds } from "../endpoints/index.js";
import { assertNotDeleted, type EntityRef } from "../entity-ref.js";
import type { Scope } from "../viewer.js";
import { findMetricsOf } from "./metric-assignments.repository.js";
import type { Metric } from "./metric.js";
import { getUsableMetrics } from "./metric-refs.js";

/** A metric that a run pins. */
export interface RunMetric {
  readonly metricId: string;
  readonly metricVersionId: string;
  /** The behaviors whose tests it judges; null: all tests. */
  readonly behaviorIds: readonly string[] | null;
}

/** The metrics that a run pins, with the level that they come from. */
export interface RunMetrics {
  readonly source: "EXECUTION" | "TEST_SET" | "BEHAVIOR";
  readonly metrics: readonly RunMetric[];
}

/** Where a run's metrics may come from, from the first that has some. */
export interface RunMetricSources {
  /** Given for this execution; null or empty counts as not given. */
  readonly refs: readonly EntityRef[] | null;
  /** Null for a run without a set. */
  readonly testSetId: string | null;
  /** The behaviors of the run's tests. */
  readonly behaviorIds: readonly string[];
}

/**
 * The metrics that a run pins, in their latest versions: those given for the execution, else the set's, else each
 * behavior's; levels are never merged. Without any the source is BEHAVIOR with no metrics: every result then ends in
 * NO_METRICS. NOT_FOUND; FAILED_PRECONDITION, DELETED for a metric or its model; BAD_USER_INPUT for more than 20.
 */
export async function resolveRunMetrics(db: Db, scope: Scope, sources: RunMetricSources): Promise<RunMetrics> {
  if (sources.refs !== null && sources.refs.length > 0) {
    const metrics = await getUsableMetrics(db, scope, sources.refs, "input.metrics");
    await assertModelsUsable(db, scope, metrics);
    return { source: "EXECUTION", metrics: metrics.map((metric) => ({ metricId: metric.id, metricVersionId: metric.versionId, behaviorIds: null })) };
  }
  const ofSet = sources.testSetId === null ? [] : await findMetricsOf(db, scope, "testSet", [sources.testSetId]);
  if (ofSet.length > 0) {
    await assertModelsUsable(db, scope, ofSet);
    return { source: "TEST_SET", metrics: ofSet.map((metric) => ({ metricId: metric.id, metricVersionId: metric.versionId, behaviorIds: null })) };
  }
  const ofBehaviors = sources.behaviorIds.length === 0 ? [] : await findMetricsOf(db, scope, "behavior", sources.behaviorIds);
  await assertModelsUsable(db, scope, ofBehaviors);
  const byId = new Map<string, { metricId: string; metricVersionId: string; behaviorIds: string[] }>();
  for (const { id, versionId, ownerId } of ofBehaviors) {
    const metric = byId.get(id) ?? { metricId: id, metricVersionId: versionId, behaviorIds: [] };
    metric.behaviorIds.push(ownerId);
    byId.set(id, metric);
  }
  return { source: "BEHAVIOR", metrics: [...byId.values()] };
}

/** A run that begins may not use a deleted model; those that are queued or running go on with it. */
async function assertModelsUsable(db: Db, scope: Scope, metrics: readonly Metric[]): Promise<void> {
  const modelIds = [...new Set(metrics.flatMap(({ modelId }) => modelId ?? []))];
  if (modelIds.length === 0) return;
  for (const model of await findModelsByIds(db, scope, modelIds)) assertNotDeleted("model", model);
}
