import { type SelectQueryBuilder, sql } from "kysely";
import { type Database, type Db, isNamed, isOneOf, type OrderColumn, type Page, type PageArgs, pageOf, parsePaging, type StringFilter, stringConditions, type Trx } from "../db/index.js";
import type { RefSource } from "../entity-ref.js";
import { IdKind, newId } from "../ids.js";
import type { Scope } from "../viewer.js";
import { type Label, LABEL_KINDS, LABEL_THING, type LabelKind } from "./label.js";

const TABLE = { behavior: "behaviors", category: "categories", topic: "topics", useCase: "useCases" } as const satisfies Record<LabelKind, string>;
const ID_KIND = { behavior: IdKind.BEHAVIOR, category: IdKind.CATEGORY, topic: IdKind.TOPIC, useCase: IdKind.USE_CASE } as const satisfies Record<LabelKind, IdKind>;

/** Names to find or make, of each kind. */
export type LabelNames = Readonly<Record<LabelKind, ReadonlySet<string>>>;
/** Of each kind, ids by the names as they were asked for. */
export type LabelIdsByName = Readonly<Record<LabelKind, ReadonlyMap<string, string>>>;

export function findLabelsByIds(db: Db, scope: Scope, kind: LabelKind, ids: readonly string[]): Promise<Label[]> {
  return db.selectFrom(TABLE[kind]).selectAll().where("organizationId", "=", scope.organizationId).where(isOneOf("id", ids)).execute();
}

/** Labels by their names in whatever case. */
export function findLabelsByNames(db: Db, scope: Scope, kind: LabelKind, names: readonly string[]): Promise<Label[]> {
  return db.selectFrom(TABLE[kind]).selectAll().where("organizationId", "=", scope.organizationId).where(isNamed("name", names)).execute();
}

/** How refs find labels. */
export function labelRefs(db: Db, scope: Scope, kind: LabelKind): RefSource<Label> {
  return { kind: ID_KIND[kind], thing: LABEL_THING[kind], findByIds: (ids) => findLabelsByIds(db, scope, kind, ids), findByNames: (names) => findLabelsByNames(db, scope, kind, names) };
}

/** A page of the labels, newest first. */
export function listLabels(db: Db, scope: Scope, kind: LabelKind, args: { name: StringFilter | null; page: PageArgs }): Promise<Page<Label>> {
  const order: readonly OrderColumn[] = [{ ref: "createdAt", key: "createdAt", direction: "desc", type: "timestamptz" }, { ref: "id", key: "id", direction: "desc", type: "uuid" }];
  return pageOf(listedLabels(db, scope, kind, args.name).selectAll(), order, parsePaging(args.page, [TABLE[kind], args.name]));
}

/** How many labels match. */
export async function countLabels(db: Db, scope: Scope, kind: LabelKind, name: StringFilter | null): Promise<number> {
  return (await listedLabels(db, scope, kind, name).select((eb) => eb.fn.countAll<number>().as("count")).executeTakeFirstOrThrow()).count;
}

function listedLabels(db: Db, scope: Scope, kind: LabelKind, name: StringFilter | null): SelectQueryBuilder<Database, "behaviors", object> {
  // All four tables have the columns of the first.
  const table = TABLE[kind] as "behaviors";
  const query = db.selectFrom(table).where("organizationId", "=", scope.organizationId);
  return stringConditions("name", name).reduce((narrowed, condition) => narrowed.where(condition), query);
}

/** Adds a behavior of its own accord; the unique index behaviors_name_key refuses a name that is there. */
export async function insertBehavior(trx: Trx, scope: Scope, row: { name: string; description: string | null; createdAt: Date }): Promise<Label> {
  const id = newId(IdKind.BEHAVIOR, row.createdAt.getTime());
  return trx.insertInto("behaviors").values({ organizationId: scope.organizationId, id, name: row.name, description: row.description, createdAt: row.createdAt }).returningAll().executeTakeFirstOrThrow();
}

/** The behavior after the change; what is undefined stays. */
export async function updateBehavior(db: Db, scope: Scope, id: string, changes: { name: string | undefined; description: string | null | undefined }): Promise<Label> {
  // Setting the id to itself: an update of nothing would be no statement.
  return db.updateTable("behaviors").set({ id, ...changes }).where("organizationId", "=", scope.organizationId).where("id", "=", id).returningAll().executeTakeFirstOrThrow();
}

/**
 * The ids of the names, making what is new. Writes kind by kind and in the order of the names, as every transaction
 * does: two that make the same names wait for each other instead of deadlocking. Call it once a transaction.
 */
export async function ensureLabels(trx: Trx, scope: Scope, names: LabelNames, now: Date): Promise<LabelIdsByName> {
  const ids = await findLabelIds(trx, scope, names);
  for (const kind of LABEL_KINDS) {
    const missing = [...names[kind]].filter((name) => !ids[kind].has(name));
    if (missing.length === 0) continue;
    await insertLabels(trx, scope, kind, missing, now);
    for (const [name, id] of await findIdsByNames(trx, scope, kind, missing)) ids[kind].set(name, id);
  }
  return ids;
}

/** The ids of those names that are there. */
export async function findLabelIds(db: Db, scope: Scope, names: LabelNames): Promise<Record<LabelKind, Map<string, string>>> {
  const ids: Record<LabelKind, Map<string, string>> = { behavior: new Map(), category: new Map(), topic: new Map(), useCase: new Map() };
  for (const kind of LABEL_KINDS) if (names[kind].size > 0) ids[kind] = await findIdsByNames(db, scope, kind, [...names[kind]]);
  return ids;
}

/** Which names are the same but for case, PostgreSQL tells: its rules are those of the unique index, and not quite JavaScript's. */
async function findIdsByNames(db: Db, scope: Scope, kind: LabelKind, names: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await sql<{ name: string; id: string }>`
    select listed as name, label.id
    from unnest(${names}::text[]) as listed
    join ${sql.table(TABLE[kind])} label on label.organization_id = ${scope.organizationId} and lower(label.name) = lower(listed)`.execute(db);
  return new Map(rows.map((row) => [row.name, row.id]));
}

/** Adds the names that are not there yet, of several that differ in case the first; another transaction may be adding them, too. */
async function insertLabels(trx: Trx, scope: Scope, kind: LabelKind, names: readonly string[], now: Date): Promise<void> {
  const ids = names.map(() => newId(ID_KIND[kind], now.getTime()));
  await sql`
    insert into ${sql.table(TABLE[kind])} (organization_id, id, name, created_at)
    select ${scope.organizationId}::uuid, id, name, ${now}::timestamptz
    from unnest(${ids}::uuid[], ${names}::text[]) with ordinality as listed(id, name, place)
    order by lower(name), place
    on conflict (organization_id, lower(name)) do nothing`.execute(trx);
}
