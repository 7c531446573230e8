import { sql } from "kysely";
import { type Db, isOneOf, systemScope } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { ApiToken, Organization, Project, User } from "./account.js";

/** Organizations have no tenant column: they are the tenants. Callers pass ids from their own scope only. */
export function findOrganizationsByIds(db: Db, ids: readonly string[]): Promise<Organization[]> {
  return db.selectFrom("organizations").selectAll().where(isOneOf("id", ids)).execute();
}

export function findProjectsByIds(db: Db, scope: Scope, ids: readonly string[]): Promise<Project[]> {
  return db.selectFrom("projects").selectAll().where("organizationId", "=", scope.organizationId).where(isOneOf("id", ids)).execute();
}

export function findUsersByIds(db: Db, scope: Scope, ids: readonly string[]): Promise<User[]> {
  return db.selectFrom("users").selectAll().where("organizationId", "=", scope.organizationId).where(isOneOf("id", ids)).execute();
}

/** The token with the hash, of whatever organization: it is what tells the organization. With its user. */
export async function findTokenByHash(db: Db, secretHash: string): Promise<{ token: ApiToken; user: User } | null> {
  const system = systemScope(db);
  const token = await system.selectFrom("apiTokens").selectAll().where("secretHash", "=", secretHash).executeTakeFirst();
  if (token === undefined) return null;
  const user = await system.selectFrom("users").selectAll().where("organizationId", "=", token.organizationId).where("id", "=", token.userId).executeTakeFirstOrThrow();
  return { token, user };
}

/** Users of that address in any organization: for shells on the gateway's machine, which have no viewer. */
export function findUsersByEmail(db: Db, email: string): Promise<User[]> {
  return systemScope(db).selectFrom("users").selectAll().where(sql<boolean>`lower(email) = lower(${email})`).execute();
}

/** Notes that the token was used. */
export async function touchToken(db: Db, scope: Scope, tokenId: string, now: Date): Promise<void> {
  await db.updateTable("apiTokens").set({ lastUsedAt: now }).where("organizationId", "=", scope.organizationId).where("id", "=", tokenId).execute();
}

/** Whether there is any organization yet. */
export async function hasOrganization(db: Db): Promise<boolean> {
  return (await db.selectFrom("organizations").select("id").limit(1).executeTakeFirst()) !== undefined;
}

/** Adds an organization with its default project and first user. */
export async function insertOrganization(trx: Db, rows: { organization: Organization; project: Project; user: User }): Promise<void> {
  await trx.insertInto("organizations").values(rows.organization).execute();
  await trx.insertInto("projects").values(rows.project).execute();
  await trx.insertInto("users").values(rows.user).execute();
}

export async function insertApiToken(trx: Db, token: ApiToken): Promise<void> {
  await trx.insertInto("apiTokens").values(token).execute();
}
