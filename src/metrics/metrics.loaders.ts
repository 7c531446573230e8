import type DataLoader from "dataloader";
import { byParentAndArgs, type ChildKey, type Db, EMPTY_PAGE, type LoaderOptions, manyByKey, oneByKey, type Page, type PageArgs, parsePaging, valueByKey } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { Metric, MetricVersion } from "./metric.js";
import { type AssignedMetric, findMetricsOf } from "./metric-assignments.repository.js";
import { countVersionsByMetricIds, findMetricVersionsByIds, listVersionsOfMetrics } from "./metric-versions.repository.js";
import { findMetricsByIds } from "./metrics.repository.js";

export interface MetricsLoaders {
  /** With deleted ones. */
  readonly byId: DataLoader<string, Metric | null>;
  readonly versionById: DataLoader<string, MetricVersion | null>;
  readonly versionsPage: DataLoader<ChildKey<PageArgs>, Page<MetricVersion>, string>;
  readonly versionCount: DataLoader<string, number>;
  readonly ofTestSet: DataLoader<string, readonly AssignedMetric[]>;
  readonly ofBehavior: DataLoader<string, readonly AssignedMetric[]>;
}

/** The loaders of one viewer over metrics. */
export function createMetricsLoaders(db: Db, scope: Scope, options: LoaderOptions): MetricsLoaders {
  return {
    byId: oneByKey(options, (ids) => findMetricsByIds(db, scope, ids), (metric) => metric.id),
    versionById: oneByKey(options, (ids) => findMetricVersionsByIds(db, scope, ids), (version) => version.id),
    versionsPage: byParentAndArgs(options, (ids, args: PageArgs) => listVersionsOfMetrics(db, scope, ids, parsePaging(args, "metric.versions")), () => EMPTY_PAGE),
    versionCount: valueByKey(options, (ids) => countVersionsByMetricIds(db, scope, ids), 0),
    ofTestSet: manyByKey(options, (ids) => findMetricsOf(db, scope, "testSet", ids), (metric) => metric.ownerId),
    ofBehavior: manyByKey(options, (ids) => findMetricsOf(db, scope, "behavior", ids), (metric) => metric.ownerId),
  };
}

declare module "../graphql/context.js" {
  interface Loaders {
    metrics: MetricsLoaders;
  }
}
