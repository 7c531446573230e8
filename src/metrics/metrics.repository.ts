import { sql } from "kysely";
import { type Db, isNamed, isOneOf, type Page, pageOf, type Paging, stringConditions, type StringFilter } from "../db/index.js";
import type { TestType } from "../test-sets/index.js";
import type { Scope } from "../viewer.js";
import { type Metric, type MetricDefinition, type MetricKind, type StoredDefinition, toDefinition } from "./metric.js";

/** Which metrics a list shows; its fields are ANDed. */
export interface MetricFilter {
  readonly name?: StringFilter | null | undefined;
  readonly kind?: MetricKind | null | undefined;
  readonly scope?: TestType | null | undefined;
}

/** A row of a metric with its latest version, which `toMetric` turns into the metric. */
export interface MetricRow {
  readonly organizationId: string;
  readonly id: string;
  readonly version: number;
  readonly versionId: string;
  readonly hasSecret: boolean;
  readonly definition: StoredDefinition;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly deletedAt: Date | null;
}

export function toMetric({ definition, ...identity }: MetricRow): Metric {
  return { ...toDefinition(definition), ...identity };
}

/** Metrics with their latest versions: both tables keyed by the tenant. */
export function selectMetrics(db: Db, scope: Scope) {
  return db
    .selectFrom("metrics")
    .innerJoin("metricVersions", (join) =>
      join.onRef("metricVersions.organizationId", "=", "metrics.organizationId").onRef("metricVersions.metricId", "=", "metrics.id").onRef("metricVersions.number", "=", "metrics.latestVersion"),
    )
    .where("metrics.organizationId", "=", scope.organizationId)
    .select(["metrics.organizationId", "metrics.id", "metrics.latestVersion as version", "metricVersions.id as versionId", "metricVersions.definition", sql<boolean>`metrics.secret is not null`.as("hasSecret"), "metrics.createdAt", "metrics.updatedAt", "metrics.deletedAt"]);
}

/** With deleted ones. */
export async function findMetricsByIds(db: Db, scope: Scope, ids: readonly string[]): Promise<Metric[]> {
  return (await selectMetrics(db, scope).where(isOneOf("metrics.id", ids)).execute()).map(toMetric);
}

/** By names in whatever case, without deleted ones. */
export async function findMetricsByNames(db: Db, scope: Scope, names: readonly string[]): Promise<Metric[]> {
  const rows = await selectMetrics(db, scope)
    .where(isNamed("metrics.name", names))
    .where("metrics.deletedAt", "is", null)
    .execute();
  return rows.map(toMetric);
}

/** The oldest metric whose latest definition has these fields, or null. */
export async function findMetricDefinedAs(db: Db, scope: Scope, fields: Partial<MetricDefinition>): Promise<Metric | null> {
  const row = await selectMetrics(db, scope)
    .where("metrics.deletedAt", "is", null)
    .where(sql<boolean>`metric_versions.definition @> ${JSON.stringify(fields)}::jsonb`)
    .orderBy("metrics.id")
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : toMetric(row);
}

/** Makes transactions that take it in one organization wait for each other until they end. */
export async function lockAssertionsMetric(trx: Db, scope: Scope): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`assertions metric of ${scope.organizationId}`}, 0))`.execute(trx);
}

function filtered<Q extends ReturnType<typeof selectMetrics>>(query: Q, filter: MetricFilter): Q {
  let result = query.where("metrics.deletedAt", "is", null);
  for (const condition of stringConditions("metrics.name", filter.name)) result = result.where(condition);
  if (filter.kind != null) result = result.where("metrics.kind", "=", filter.kind);
  if (filter.scope != null) result = result.where(sql<boolean>`${filter.scope} = any(metrics.scope)`);
  return result as Q; // the same query with more conditions
}

/** Newest first, without deleted ones. */
export async function listMetrics(db: Db, scope: Scope, filter: MetricFilter, paging: Paging): Promise<Page<Metric>> {
  const page = await pageOf(filtered(selectMetrics(db, scope), filter), [{ ref: "metrics.id", key: "id", direction: "desc", type: "uuid" }], paging);
  return { ...page, rows: page.rows.map(toMetric) };
}

export async function countMetrics(db: Db, scope: Scope, filter: MetricFilter): Promise<number> {
  const { count } = await filtered(selectMetrics(db, scope), filter)
    .clearSelect()
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return count;
}

/**
 * The metric under lock, so that its versions stay gapless. In two statements: a join that waits for a lock compares
 * the row as the other transaction left it with versions as they were before, and finds nothing.
 */
export async function lockMetricById(trx: Db, scope: Scope, id: string): Promise<Metric | null> {
  await trx.selectFrom("metrics").select("id").where("organizationId", "=", scope.organizationId).where("id", "=", id).forNoKeyUpdate().execute();
  const [metric] = await findMetricsByIds(trx, scope, [id]);
  return metric ?? null;
}

/** A version to write: the definition with whose it is. */
export interface NewMetricVersion {
  readonly metricId: string;
  readonly versionId: string;
  readonly number: number;
  readonly definition: MetricDefinition;
  readonly createdById: string | null;
  readonly now: Date;
}

/** Adds a metric with its first version; `secret` is sealed. The unique name may be taken: metrics_name_key. */
export async function insertMetric(trx: Db, scope: Scope, version: NewMetricVersion, secret: string | null = null): Promise<void> {
  const { metricId, definition, now } = version;
  await trx
    .insertInto("metrics")
    .values({
      organizationId: scope.organizationId,
      id: metricId,
      name: definition.name,
      kind: definition.kind,
      scope: [...definition.scope],
      latestVersion: version.number,
      secret,
      createdAt: now,
      updatedAt: now,
      deletedAt: null,
    })
    .execute();
  await insertVersion(trx, scope, version);
}

/** Makes a new version the latest one. */
export async function updateMetric(trx: Db, scope: Scope, version: NewMetricVersion): Promise<void> {
  const { definition } = version;
  await trx
    .updateTable("metrics")
    .set({ name: definition.name, scope: [...definition.scope], latestVersion: version.number, updatedAt: version.now })
    .where("organizationId", "=", scope.organizationId)
    .where("id", "=", version.metricId)
    .execute();
  await insertVersion(trx, scope, version);
}

async function insertVersion(trx: Db, scope: Scope, version: NewMetricVersion): Promise<void> {
  await trx
    .insertInto("metricVersions")
    .values({
      organizationId: scope.organizationId,
      id: version.versionId,
      metricId: version.metricId,
      number: version.number,
      definition: version.definition,
      createdById: version.createdById,
      createdAt: version.now,
    })
    .execute();
}

/** Hides the metric; whether it was there to hide. */
export async function markMetricDeleted(trx: Db, scope: Scope, id: string, now: Date): Promise<boolean> {
  const { numUpdatedRows } = await trx.updateTable("metrics").set({ deletedAt: now, updatedAt: now }).where("organizationId", "=", scope.organizationId).where("id", "=", id).where("deletedAt", "is", null).executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Makes it the metric's sealed secret; null is none. */
export async function updateMetricSecret(trx: Db, scope: Scope, metric: { id: string; secret: string | null; now: Date }): Promise<void> {
  await trx.updateTable("metrics").set({ secret: metric.secret, updatedAt: metric.now }).where("organizationId", "=", scope.organizationId).where("id", "=", metric.id).execute();
}

/** The sealed secrets by the ids of their metrics; null for none. */
export async function findSealedSecrets(db: Db, scope: Scope, ids: readonly string[]): Promise<ReadonlyMap<string, string | null>> {
  const rows = await db.selectFrom("metrics").select(["id", "secret"]).where("organizationId", "=", scope.organizationId).where(isOneOf("id", ids)).execute();
  return new Map(rows.map((row) => [row.id, row.secret]));
}
