import { type SelectQueryBuilder, sql } from "kysely";
import { type Database, type Db, isNamed, isOneOf, type OrderColumn, type Page, pageOf, type Paging, type StringFilter, stringConditions, type Trx } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { Model, ModelDraft } from "./model.js";

/** Newest first: ids begin with the time. */
const MODEL_ORDER: readonly OrderColumn[] = [{ ref: "models.id", key: "id", direction: "desc", type: "uuid" }];

function modelsOf(db: Db, scope: Scope) {
  return db
    .selectFrom("models")
    .where("models.organizationId", "=", scope.organizationId)
    .select(["organizationId", "id", "name", "provider", "baseUrl", "model", "embeddingModel", "createdAt", "deletedAt"])
    .select(["timeoutMs", "maxConcurrency", "requestsPerMinute", "maxAttempts", "inputCostPerMillionTokens", "outputCostPerMillionTokens"])
    .select(sql<boolean>`models.api_key is not null`.as("hasApiKey"));
}

function toModel(row: Awaited<ReturnType<ReturnType<typeof modelsOf>["execute"]>>[number]): Model {
  const { timeoutMs, maxConcurrency, requestsPerMinute, maxAttempts, ...rest } = row;
  return { ...rest, limits: { timeoutMs, maxConcurrency, requestsPerMinute, maxAttempts } };
}

/** With deleted ones. */
export async function findModelsByIds(db: Db, scope: Scope, ids: readonly string[]): Promise<Model[]> {
  return (await modelsOf(db, scope).where(isOneOf("models.id", ids)).execute()).map(toModel);
}

/** Without deleted ones. */
export async function findModelsByNames(db: Db, scope: Scope, names: readonly string[]): Promise<Model[]> {
  return (await modelsOf(db, scope).where("deletedAt", "is", null).where(isNamed("models.name", names)).execute()).map(toModel);
}

function filtered<O>(query: SelectQueryBuilder<Database, "models", O>, name: StringFilter | null): SelectQueryBuilder<Database, "models", O> {
  return stringConditions("models.name", name).reduce((narrowed, condition) => narrowed.where(condition), query.where("deletedAt", "is", null));
}

/** A page of those that are not deleted, newest first. */
export async function listModels(db: Db, scope: Scope, args: { name: StringFilter | null; paging: Paging }): Promise<Page<Model>> {
  const page = await pageOf(filtered(modelsOf(db, scope), args.name), MODEL_ORDER, args.paging);
  return { ...page, rows: page.rows.map(toModel) };
}

export async function countModels(db: Db, scope: Scope, name: StringFilter | null): Promise<number> {
  const query = db.selectFrom("models").where("models.organizationId", "=", scope.organizationId).select(sql<number>`count(*)`.as("count"));
  return (await filtered(query, name).executeTakeFirstOrThrow()).count;
}

/** The sealed keys, by the ids of their models; null for none. */
export async function findSealedApiKeys(db: Db, scope: Scope, ids: readonly string[]): Promise<ReadonlyMap<string, string | null>> {
  const rows = await db.selectFrom("models").select(["id", "apiKey"]).where("organizationId", "=", scope.organizationId).where(isOneOf("id", ids)).execute();
  return new Map(rows.map((row) => [row.id, row.apiKey]));
}

/** Takes the model's row for the rest of the transaction; false when it is not there. */
export async function lockModelById(trx: Trx, scope: Scope, id: string): Promise<boolean> {
  return (await trx.selectFrom("models").select("id").where("organizationId", "=", scope.organizationId).where("id", "=", id).forUpdate().executeTakeFirst()) !== undefined;
}

/** `draft.apiKey` is sealed. */
export async function insertModel(db: Db, scope: Scope, row: { id: string; draft: ModelDraft; now: Date }): Promise<void> {
  const { limits, ...columns } = row.draft;
  await db.insertInto("models").values({ organizationId: scope.organizationId, id: row.id, ...columns, ...limits, createdAt: row.now, deletedAt: null }).execute();
}

/** `draft.apiKey` is sealed. */
export async function updateModel(trx: Trx, scope: Scope, row: { id: string; draft: ModelDraft }): Promise<void> {
  const { limits, ...columns } = row.draft;
  await trx.updateTable("models").set({ ...columns, ...limits }).where("organizationId", "=", scope.organizationId).where("id", "=", row.id).execute();
}

/** Hides the model; false when it was hidden before. */
export async function markModelDeleted(db: Db, scope: Scope, args: { id: string; now: Date }): Promise<boolean> {
  const result = await db.updateTable("models").set({ deletedAt: args.now }).where("organizationId", "=", scope.organizationId).where("id", "=", args.id).where("deletedAt", "is", null).executeTakeFirst();
  return result.numUpdatedRows > 0n;
}
