import { type Db, isOneOf } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { Metric } from "./metric.js";
import { selectMetrics, toMetric } from "./metrics.repository.js";

/** What metrics are assigned to. */
export type MetricOwner = "testSet" | "behavior";

/** A metric as assigned to something. */
export interface AssignedMetric extends Metric {
  /** The id of the test set or behavior. */
  readonly ownerId: string;
}

/** The metrics of each owner in the order of their assignment, without deleted ones: one statement for all owners. */
export async function findMetricsOf(db: Db, scope: Scope, owner: MetricOwner, ownerIds: readonly string[]): Promise<AssignedMetric[]> {
  const metrics = selectMetrics(db, scope).where("metrics.deletedAt", "is", null);
  const rows =
    owner === "testSet"
      ? await metrics
          .innerJoin("testSetMetrics", (join) => join.onRef("testSetMetrics.organizationId", "=", "metrics.organizationId").onRef("testSetMetrics.metricId", "=", "metrics.id"))
          .where(isOneOf("testSetMetrics.testSetId", ownerIds))
          .select("testSetMetrics.testSetId as ownerId")
          .orderBy("testSetMetrics.position")
          .execute()
      : await metrics
          .innerJoin("behaviorMetrics", (join) => join.onRef("behaviorMetrics.organizationId", "=", "metrics.organizationId").onRef("behaviorMetrics.metricId", "=", "metrics.id"))
          .where(isOneOf("behaviorMetrics.behaviorId", ownerIds))
          .select("behaviorMetrics.behaviorId as ownerId")
          .orderBy("behaviorMetrics.position")
          .execute();
  return rows.map(({ ownerId, ...row }) => ({ ...toMetric(row), ownerId }));
}

/** Makes the owner's metrics just these, in this order. The caller has locked the owner. */
export async function replaceMetricsOf(trx: Db, scope: Scope, owner: MetricOwner, ownerId: string, metricIds: readonly string[]): Promise<void> {
  const { organizationId } = scope;
  if (owner === "testSet") {
    await trx.deleteFrom("testSetMetrics").where("organizationId", "=", organizationId).where("testSetId", "=", ownerId).execute();
    if (metricIds.length > 0) await trx.insertInto("testSetMetrics").values(metricIds.map((metricId, index) => ({ organizationId, testSetId: ownerId, metricId, position: index + 1 }))).execute();
    return;
  }
  await trx.deleteFrom("behaviorMetrics").where("organizationId", "=", organizationId).where("behaviorId", "=", ownerId).execute();
  if (metricIds.length > 0) await trx.insertInto("behaviorMetrics").values(metricIds.map((metricId, index) => ({ organizationId, behaviorId: ownerId, metricId, position: index + 1 }))).execute();
}

/** Takes the metric off everything that it is assigned to. */
export async function removeMetricEverywhere(trx: Db, scope: Scope, metricId: string): Promise<void> {
  await trx.deleteFrom("testSetMetrics").where("organizationId", "=", scope.organizationId).where("metricId", "=", metricId).execute();
  await trx.deleteFrom("behaviorMetrics").where("organizationId", "=", scope.organizationId).where("metricId", "=", metricId).execute();
}

/** Makes concurrent changes of a behavior's metrics wait for each other. */
export async function lockBehavior(trx: Db, scope: Scope, behaviorId: string): Promise<void> {
  await trx.selectFrom("behaviors").select("id").where("organizationId", "=", scope.organizationId).where("id", "=", behaviorId).forNoKeyUpdate().execute();
}
