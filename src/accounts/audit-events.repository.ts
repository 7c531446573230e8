import type { SelectQueryBuilder } from "kysely";
import { type Database, type Db, isOneOf, type Page, type PageArgs, pageOf, parsePaging, storableText } from "../db/index.js";
import { kindOf } from "../ids.js";
import type { Scope } from "../viewer.js";
import type { AuditEvent } from "./account.js";

/** Which events are meant; the fields are ANDed. */
export interface AuditEventFilter {
  readonly targetId: string | null;
  readonly action: string | null;
}

export function findAuditEventsByIds(db: Db, scope: Scope, ids: readonly string[]): Promise<AuditEvent[]> {
  return db.selectFrom("auditEvents").selectAll().where("organizationId", "=", scope.organizationId).where(isOneOf("id", ids)).execute();
}

/** A page, newest first. */
export function listAuditEvents(db: Db, scope: Scope, args: { filter: AuditEventFilter; page: PageArgs }): Promise<Page<AuditEvent>> {
  return pageOf(listed(db, scope, args.filter).selectAll(), [{ ref: "auditEvents.id", key: "id", direction: "desc", type: "uuid" }], parsePaging(args.page, ["auditEvents", args.filter]));
}

export async function countAuditEvents(db: Db, scope: Scope, filter: AuditEventFilter): Promise<number> {
  return (await listed(db, scope, filter).select((eb) => eb.fn.countAll<number>().as("count")).executeTakeFirstOrThrow()).count;
}

function listed(db: Db, scope: Scope, { targetId, action }: AuditEventFilter): SelectQueryBuilder<Database, "auditEvents", object> {
  let query: SelectQueryBuilder<Database, "auditEvents", object> = db.selectFrom("auditEvents").where("organizationId", "=", scope.organizationId);
  // An ill-formed id is that of nothing.
  if (targetId !== null) query = query.where(isOneOf("targetId", kindOf(targetId) === null ? [] : [targetId]));
  return action === null ? query : query.where("action", "=", storableText(action));
}

export async function insertAuditEvent(db: Db, event: AuditEvent): Promise<void> {
  await db
    .insertInto("auditEvents")
    .values({ ...event, details: JSON.stringify(event.details) })
    .execute();
}
