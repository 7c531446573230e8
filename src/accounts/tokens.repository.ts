import { type Db, isOneOf, type Page, type PageArgs, pageOf, parsePaging } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { ApiToken } from "./account.js";

export function findApiTokensByIds(db: Db, scope: Scope, ids: readonly string[]): Promise<ApiToken[]> {
  return db.selectFrom("apiTokens").selectAll().where("organizationId", "=", scope.organizationId).where(isOneOf("id", ids)).execute();
}

/** A page, newest first. */
export function listApiTokens(db: Db, scope: Scope, page: PageArgs): Promise<Page<ApiToken>> {
  const query = db.selectFrom("apiTokens").selectAll().where("organizationId", "=", scope.organizationId);
  return pageOf(query, [{ ref: "apiTokens.id", key: "id", direction: "desc", type: "uuid" }], parsePaging(page, "apiTokens"));
}

export async function countApiTokens(db: Db, scope: Scope): Promise<number> {
  return (await db.selectFrom("apiTokens").select((eb) => eb.fn.countAll<number>().as("count")).where("organizationId", "=", scope.organizationId).executeTakeFirstOrThrow()).count;
}

/** The token, revoked now; null when it is not there, or was revoked before. */
export async function revokeApiToken(db: Db, scope: Scope, id: string, now: Date): Promise<ApiToken | null> {
  const revoked = await db
    .updateTable("apiTokens")
    .set({ revokedAt: now })
    .where("organizationId", "=", scope.organizationId)
    .where("id", "=", id)
    .where("revokedAt", "is", null)
    .returningAll()
    .executeTakeFirst();
  return revoked ?? null;
}
