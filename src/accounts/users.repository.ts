import { type Db, type Page, type PageArgs, pageOf, parsePaging, type Trx } from "../db/index.js";
import { Role, type Scope } from "../viewer.js";
import type { User } from "./account.js";

/** A page, newest first. */
export function listUsers(db: Db, scope: Scope, page: PageArgs): Promise<Page<User>> {
  const query = db.selectFrom("users").selectAll().where("organizationId", "=", scope.organizationId);
  return pageOf(query, [{ ref: "users.id", key: "id", direction: "desc", type: "uuid" }], parsePaging(page, "users"));
}

export async function countUsers(db: Db, scope: Scope): Promise<number> {
  return (await db.selectFrom("users").select((eb) => eb.fn.countAll<number>().as("count")).where("organizationId", "=", scope.organizationId).executeTakeFirstOrThrow()).count;
}

export async function insertUser(db: Db, user: User): Promise<void> {
  await db.insertInto("users").values(user).execute();
}

/** The ids of the organization's ADMIN users, under lock: two changes of roles come one after the other. */
export async function lockAdmins(trx: Trx, scope: Scope): Promise<string[]> {
  const admins = await trx.selectFrom("users").select("id").where("organizationId", "=", scope.organizationId).where("role", "=", Role.ADMIN).orderBy("id").forUpdate().execute();
  return admins.map((admin) => admin.id);
}

/** The user after the change, or null when it is not there. What is undefined stays. */
export async function updateUser(trx: Trx, scope: Scope, id: string, changes: { name?: string | undefined; role?: Role | undefined }): Promise<User | null> {
  const updated = await trx
    .updateTable("users")
    .set({ id, name: changes.name, role: changes.role }) // the id: an update of nothing would be no statement
    .where("organizationId", "=", scope.organizationId)
    .where("id", "=", id)
    .returningAll()
    .executeTakeFirst();
  return updated ?? null;
}
