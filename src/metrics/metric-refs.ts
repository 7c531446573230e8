import type { Db } from "../db/index.js";
import { assertNotDeleted, type EntityRef, findByRefs, type RefSource, refText } from "../entity-ref.js";
import { BadUserInputError, NotFoundError } from "../errors.js";
import { IdKind } from "../ids.js";
import type { Scope } from "../viewer.js";
import { MAX_METRICS, type Metric } from "./metric.js";
import { findMetricsByIds, findMetricsByNames } from "./metrics.repository.js";

/** How metrics are found by id or name. */
export function metricRefs(db: Db, scope: Scope): RefSource<Metric> {
  return {
    kind: IdKind.METRIC,
    thing: "metric",
    findByIds: (ids) => findMetricsByIds(db, scope, ids),
    findByNames: (names) => findMetricsByNames(db, scope, names),
  };
}

/**
 * The metrics that the refs name, in their order, each once. NOT_FOUND names every unknown one;
 * FAILED_PRECONDITION, DELETED for a deleted one; BAD_USER_INPUT for more than a level may have.
 */
export async function getUsableMetrics(db: Db, scope: Scope, refs: readonly EntityRef[], field: string): Promise<Metric[]> {
  const found = await findByRefs(metricRefs(db, scope), refs);
  const unknown = refs.filter((_, index) => found[index] === null).map(refText);
  if (unknown.length > 0) throw new NotFoundError("metric", unknown.join('", "'));
  const metrics = [...new Map(found.filter((metric) => metric !== null).map((metric) => [metric.id, metric])).values()];
  for (const metric of metrics) assertNotDeleted("metric", metric);
  assertMetricCount(metrics.length, field);
  return metrics;
}

/** BAD_USER_INPUT when a level has more metrics than it may. */
export function assertMetricCount(count: number, field: string): void {
  if (count <= MAX_METRICS) return;
  const message = `At most ${MAX_METRICS} metrics together; there would be ${count}.`;
  throw new BadUserInputError(message, [{ field, message }]);
}
