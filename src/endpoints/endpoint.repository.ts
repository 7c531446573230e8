import { type SelectQueryBuilder, sql } from "kysely";
import { type Database, type Db, isNamed, isOneOf, type OrderColumn, type Page, pageOf, type Paging, type StringFilter, stringConditions, type Trx } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { Endpoint, EndpointLimits, EndpointShape, EndpointVersion } from "./endpoint.js";

/** What a list of endpoints is narrowed by. */
export interface EndpointFilter {
  readonly name?: StringFilter | null;
  readonly projectId?: string | null;
  readonly includeDeleted: boolean;
}

/** Newest first: ids begin with the time. */
export const ENDPOINT_ORDER: readonly OrderColumn[] = [{ ref: "endpoints.id", key: "id", direction: "desc", type: "uuid" }];

function endpointsOf(db: Db, scope: Scope) {
  return db
    .selectFrom("endpoints")
    .innerJoin("endpointVersions", (join) => join.onRef("endpointVersions.organizationId", "=", "endpoints.organizationId").onRef("endpointVersions.id", "=", "endpoints.versionId"))
    .where("endpoints.organizationId", "=", scope.organizationId)
    .select(["endpoints.organizationId", "endpoints.id", "endpoints.projectId", "endpoints.name", "endpoints.description", "endpoints.versionId"])
    .select(["endpoints.createdAt", "endpoints.updatedAt", "endpoints.deletedAt"])
    .select(["endpoints.timeoutMs", "endpoints.maxConcurrency", "endpoints.requestsPerMinute", "endpoints.maxAttempts"])
    .select(["endpointVersions.versionHash", "endpointVersions.connectionType", "endpointVersions.url", "endpointVersions.method", "endpointVersions.auth"])
    .select(["endpointVersions.requestHeaders", "endpointVersions.queryParams", "endpointVersions.requestMapping", "endpointVersions.responseMapping"])
    // The credentials themselves stay in the database: only readCredentials takes them out.
    .select(sql<boolean>`endpoints.credentials is not null`.as("hasCredentials"));
}

type EndpointRow = Awaited<ReturnType<ReturnType<typeof endpointsOf>["execute"]>>[number];

function toEndpoint(row: EndpointRow): Endpoint {
  const { timeoutMs, maxConcurrency, requestsPerMinute, maxAttempts, ...rest } = row;
  return { ...rest, authType: row.auth.type, limits: { timeoutMs, maxConcurrency, requestsPerMinute, maxAttempts } };
}

/** With deleted ones. */
export async function findEndpointsByIds(db: Db, scope: Scope, ids: readonly string[]): Promise<Endpoint[]> {
  return (await endpointsOf(db, scope).where(isOneOf("endpoints.id", ids)).execute()).map(toEndpoint);
}

/** Without deleted ones; of all projects unless one is given. */
export async function findEndpointsByNames(db: Db, scope: Scope, names: readonly string[], projectId: string | null): Promise<Endpoint[]> {
  let query = endpointsOf(db, scope).where("endpoints.deletedAt", "is", null).where(isNamed("endpoints.name", names));
  if (projectId !== null) query = query.where("endpoints.projectId", "=", projectId);
  return (await query.orderBy("endpoints.id").execute()).map(toEndpoint);
}

function filtered<TB extends keyof Database, O>(query: SelectQueryBuilder<Database, TB | "endpoints", O>, filter: EndpointFilter): SelectQueryBuilder<Database, TB | "endpoints", O> {
  let result = query;
  for (const condition of stringConditions("endpoints.name", filter.name)) result = result.where(condition);
  if (filter.projectId != null) result = result.where(isOneOf("endpoints.projectId", [filter.projectId]));
  if (!filter.includeDeleted) result = result.where(sql<boolean>`endpoints.deleted_at is null`);
  return result;
}

/** A page, newest first. */
export async function listEndpoints(db: Db, scope: Scope, args: { filter: EndpointFilter; paging: Paging }): Promise<Page<Endpoint>> {
  const page = await pageOf(filtered(endpointsOf(db, scope), args.filter), ENDPOINT_ORDER, args.paging);
  return { ...page, rows: page.rows.map(toEndpoint) };
}

export async function countEndpoints(db: Db, scope: Scope, filter: EndpointFilter): Promise<number> {
  const query = db.selectFrom("endpoints").where("endpoints.organizationId", "=", scope.organizationId).select(sql<number>`count(*)`.as("count"));
  return (await filtered(query, filter).executeTakeFirstOrThrow()).count;
}

/** Versions by their ids, of whatever endpoint: what runs pin. */
export function findEndpointVersionsByIds(db: Db, scope: Scope, ids: readonly string[]): Promise<EndpointVersion[]> {
  return db.selectFrom("endpointVersions").selectAll().where("organizationId", "=", scope.organizationId).where(isOneOf("id", ids)).execute();
}

/** What is read live for a call: the limits and the sealed credentials. With deleted endpoints, whose runs go on. */
export function findLiveSettings(db: Db, scope: Scope, ids: readonly string[]): Promise<({ id: string; credentials: string | null } & EndpointLimits)[]> {
  return db
    .selectFrom("endpoints")
    .select(["id", "credentials", "timeoutMs", "maxConcurrency", "requestsPerMinute", "maxAttempts"])
    .where("organizationId", "=", scope.organizationId)
    .where(isOneOf("id", ids))
    .execute();
}

/** Takes the endpoint's row for the rest of the transaction, so that two updates do not mix. Its sealed credentials; null when it is not there. */
export async function lockEndpointById(trx: Trx, scope: Scope, id: string): Promise<{ credentials: string | null } | null> {
  return (await trx.selectFrom("endpoints").select("credentials").where("organizationId", "=", scope.organizationId).where("id", "=", id).forUpdate().executeTakeFirst()) ?? null;
}

/** What an endpoint is besides its version. */
export interface EndpointRecord {
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  readonly description: string | null;
  readonly versionId: string;
  readonly credentials: string | null;
  readonly limits: EndpointLimits;
  readonly now: Date;
}

export async function insertEndpoint(trx: Trx, scope: Scope, record: EndpointRecord): Promise<void> {
  const { limits, now, ...columns } = record;
  await trx.insertInto("endpoints").values({ organizationId: scope.organizationId, ...columns, ...limits, createdAt: now, updatedAt: now, deletedAt: null }).execute();
}

export async function updateEndpoint(trx: Trx, scope: Scope, record: Omit<EndpointRecord, "projectId">): Promise<void> {
  const { id, limits, now, ...columns } = record;
  await trx.updateTable("endpoints").set({ ...columns, ...limits, updatedAt: now }).where("organizationId", "=", scope.organizationId).where("id", "=", id).execute();
}

/** Hides the endpoint; false when it was hidden before or is not there. */
export async function markEndpointDeleted(db: Db, scope: Scope, args: { id: string; now: Date }): Promise<boolean> {
  const result = await db
    .updateTable("endpoints")
    .set({ deletedAt: args.now, updatedAt: args.now })
    .where("organizationId", "=", scope.organizationId)
    .where("id", "=", args.id)
    .where("deletedAt", "is", null)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** The id of the endpoint's version of this shape: the one that is there, as versions are shared by equal shapes, else a new one. */
export async function upsertEndpointVersion(trx: Trx, scope: Scope, version: { id: string; endpointId: string; versionHash: string; shape: EndpointShape; now: Date }): Promise<string> {
  const { connectionType, url, method, requestHeaders, queryParams, requestMapping, responseMapping, auth } = version.shape;
  await trx
    .insertInto("endpointVersions")
    .values({
      organizationId: scope.organizationId,
      id: version.id,
      endpointId: version.endpointId,
      versionHash: version.versionHash,
      connectionType,
      url,
      method,
      requestHeaders: JSON.stringify(requestHeaders),
      queryParams: JSON.stringify(queryParams),
      requestMapping: requestMapping === null ? null : JSON.stringify(requestMapping),
      responseMapping: JSON.stringify(responseMapping),
      auth: JSON.stringify(auth),
      createdAt: version.now,
    })
    .onConflict((conflict) => conflict.columns(["organizationId", "endpointId", "versionHash"]).doNothing())
    .execute();
  const row = await trx
    .selectFrom("endpointVersions")
    .select("id")
    .where("organizationId", "=", scope.organizationId)
    .where("endpointId", "=", version.endpointId)
    .where("versionHash", "=", version.versionHash)
    .executeTakeFirstOrThrow();
  return row.id;
}
