import { expressionBuilder, type Selectable, sql } from "kysely";
import { behindCursor, type Database, type Db, isOneOf, keyset, type OrderColumn, type Page, type Paging, toPage } from "../db/index.js";
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

/** A page of versions of each metric: one statement for all of them, and a second one when a cursor is given. */
export async function listVersionsOfMetrics(db: Db, scope: Scope, metricIds: readonly string[], paging: Paging): Promise<Map<string, Page<MetricVersion>>> {
  const ofParent = keyset(expressionBuilder<Database>().selectFrom("metricVersions").selectAll().where("metricVersions.organizationId", "=", scope.organizationId).where(sql<boolean>`metric_versions.metric_id = parents.id`), NEWEST_FIRST, paging);
  const rows = await db
    .selectFrom(sql<{ id: string }>`unnest(${metricIds}::uuid[])`.as<"parents">(sql`parents(id)`))
    .innerJoinLateral(ofParent.as("versions"), (join) => join.onTrue())
    .selectAll("versions")
    .orderBy("versions.number", paging.backward ? "asc" : "desc")
    .execute();
  const behind = paging.after === null && paging.before === null ? new Set<string>() : await metricsWithVersionsBehind(db, scope, metricIds, paging);
  const byMetric = new Map(metricIds.map((id) => [id, [] as MetricVersion[]]));
  for (const row of rows) byMetric.get(row.metricId)?.push(toVersion(row));
  const pages = [...byMetric].map(async ([id, versions]) => [id, await toPage(versions, NEWEST_FIRST, paging, () => Promise.resolve(behind.has(id)))] as const);
  return new Map(await Promise.all(pages));
}

async function metricsWithVersionsBehind(db: Db, scope: Scope, metricIds: readonly string[], paging: Paging): Promise<Set<string>> {
  const rows = await db
    .selectFrom("metricVersions")
    .select("metricId")
    .distinct()
    .where("organizationId", "=", scope.organizationId)
    .where(isOneOf("metricId", metricIds))
    .where(behindCursor(NEWEST_FIRST, paging))
    .execute();
  return new Set(rows.map((row) => row.metricId));
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
