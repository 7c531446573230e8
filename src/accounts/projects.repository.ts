import type { SelectQueryBuilder } from "kysely";
import { type Database, type Db, type Page, type PageArgs, pageOf, parsePaging, type StringFilter, stringConditions } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { Project } from "./account.js";

/** A page, newest first. */
export function listProjects(db: Db, scope: Scope, args: { name: StringFilter | null; page: PageArgs }): Promise<Page<Project>> {
  return pageOf(listed(db, scope, args.name).selectAll(), [{ ref: "projects.id", key: "id", direction: "desc", type: "uuid" }], parsePaging(args.page, ["projects", args.name]));
}

export async function countProjects(db: Db, scope: Scope, name: StringFilter | null): Promise<number> {
  return (await listed(db, scope, name).select((eb) => eb.fn.countAll<number>().as("count")).executeTakeFirstOrThrow()).count;
}

function listed(db: Db, scope: Scope, name: StringFilter | null): SelectQueryBuilder<Database, "projects", object> {
  const query: SelectQueryBuilder<Database, "projects", object> = db.selectFrom("projects").where("organizationId", "=", scope.organizationId);
  return stringConditions("name", name).reduce((narrowed, condition) => narrowed.where(condition), query);
}

export async function insertProject(db: Db, project: Project): Promise<void> {
  await db.insertInto("projects").values(project).execute();
}

/** The project after the change, or null when it is not there. What is undefined stays. */
export async function updateProject(db: Db, scope: Scope, id: string, changes: { name?: string | undefined; description?: string | null | undefined }): Promise<Project | null> {
  const updated = await db
    .updateTable("projects")
    .set({ id, name: changes.name, description: changes.description }) // the id: an update of nothing would be no statement
    .where("organizationId", "=", scope.organizationId)
    .where("id", "=", id)
    .returningAll()
    .executeTakeFirst();
  return updated ?? null;
}
