import { type Selectable, sql } from "kysely";
import { type Db, isOneOf, type OrderColumn, type Page, pagesOfParents, type Paging, subqueries } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { type MetricVersion, toDefinition } from "./metric.js";
import type { MetricVersionTable } from "./metrics.table.js";

const NEWEST_FIRST: readonly OrderColumn[] = [{ ref: "metricVersions.number", key: "number", direction: "desc", type: "integer" }];

function toVersion(row: Selectable<MetricVersionTable>): MetricVersion {
  return { ...row, definition: toDefinition(row.definition) };
}

export async function findMetricVersionsByIds(db: Db, scope: Scope, ids: readonly string[]): Promise<MetricVersion[]> {
  const rows = await db.selectFrom("metricVersions").selectAll().where("organizationId", "=", scope.organizationId).where(isOneOf("id", ids)).execute();
  return rows.map(toVersion);
}

/** A page of versions of each metric, newest first. */
export async function listVersionsOfMetrics(db: Db, scope: Scope, metricIds: readonly string[], paging: Paging): Promise<Map<string, Page<MetricVersion>>> {
  const children = () => subqueries().selectFrom("metricVersions").selectAll("metricVersions").where("metricVersions.organizationId", "=", scope.organizationId).where(sql<boolean>`metric_versions.metric_id = parents.id`);
  const pages = await pagesOfParents<Selectable<MetricVersionTable>>(db, metricIds, { children, order: NEWEST_FIRST, parentOf: (row) => row.metricId }, paging);
  return new Map([...pages].map(([id, page]) => [id, { ...page, rows: page.rows.map(toVersion) }]));
}

export async function countVersionsByMetricIds(db: Db, scope: Scope, metricIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom("metricVersions")
    .select((eb) => ["metricId", eb.fn.countAll<number>().as("count")])
    .where("organizationId", "=", scope.organizationId)
    .where(isOneOf("metricId", metricIds))
    .groupBy("metricId")
    .execute();
  return new Map(rows.map((row) => [row.metricId, row.count]));
}
