import type { NodeSource } from "../graphql/index.js";
import { IdKind } from "../ids.js";
import { BehaviorMetricsResolver, TestSetMetricsResolver } from "./metric-assignments.resolver.js";
import { MetricsResolver, MetricVersionResolver } from "./metrics.resolver.js";

export { MetricType } from "./metric.type.js";
export { BehaviorMetricsResolver, MetricsResolver, MetricVersionResolver, TestSetMetricsResolver };

/** How `node` finds what this room holds. */
export const metricsNodes: readonly NodeSource[] = [
  { kind: IdKind.METRIC, typename: "Metric", load: (loaders, id) => loaders.metrics.byId.load(id) },
  { kind: IdKind.METRIC_VERSION, typename: "MetricVersion", load: (loaders, id) => loaders.metrics.versionById.load(id) },
];
