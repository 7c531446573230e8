import { sql } from "kysely";
import { type Db, isOneOf, type Trx } from "../db/index.js";
import { IdKind, newId } from "../ids.js";
import type { Scope } from "../viewer.js";
import { type Label, LABEL_KINDS, LabelKind } from "./label.js";

const TABLE = { behavior: "behaviors", category: "categories", topic: "topics", useCase: "useCases" } as const satisfies Record<LabelKind, string>;
const ID_KIND = { behavior: IdKind.BEHAVIOR, category: IdKind.CATEGORY, topic: IdKind.TOPIC, useCase: IdKind.USE_CASE } as const satisfies Record<LabelKind, IdKind>;

/** Of each kind, ids by names in lower case. */
export type LabelIdsByName = Readonly<Record<LabelKind, ReadonlyMap<string, string>>>;

export function findLabelsByIds(db: Db, scope: Scope, kind: LabelKind, ids: readonly string[]): Promise<Label[]> {
  return db.selectFrom(TABLE[kind]).selectAll().where("organizationId", "=", scope.organizationId).where(isOneOf("id", ids)).execute();
}

/** Labels by their names in lower case. */
export function findLabelsByNames(db: Db, scope: Scope, kind: LabelKind, lowerNames: readonly string[]): Promise<Label[]> {
  return db.selectFrom(TABLE[kind]).selectAll().where("organizationId", "=", scope.organizationId).where(sql<boolean>`lower(name) = any(${lowerNames}::text[])`).execute();
}

/**
 * The ids of the names, making what is new. Writes kind by kind and in the order of the names, as every transaction
 * does: two that make the same names wait for each other instead of deadlocking. Call it once a transaction.
 */
export async function ensureLabels(trx: Trx, scope: Scope, names: Readonly<Record<LabelKind, Iterable<string>>>, now: Date): Promise<LabelIdsByName> {
  const ids: Record<LabelKind, Map<string, string>> = { behavior: new Map(), category: new Map(), topic: new Map(), useCase: new Map() };
  for (const kind of LABEL_KINDS) {
    const byLower = new Map<string, string>();
    for (const name of names[kind]) if (!byLower.has(name.toLowerCase())) byLower.set(name.toLowerCase(), name);
    if (byLower.size === 0) continue;
    const lowerNames = [...byLower.keys()];
    for (const label of await findLabelsByNames(trx, scope, kind, lowerNames)) ids[kind].set(label.name.toLowerCase(), label.id);
    const missing = lowerNames.filter((name) => !ids[kind].has(name)).sort();
    if (missing.length === 0) continue;
    await insertLabels(trx, scope, kind, missing.map((lower) => byLower.get(lower) ?? lower), now);
    for (const label of await findLabelsByNames(trx, scope, kind, missing)) ids[kind].set(label.name.toLowerCase(), label.id);
  }
  return ids;
}

/** Adds the names that are not there yet; another transaction may be adding them, too. */
async function insertLabels(trx: Trx, scope: Scope, kind: LabelKind, names: readonly string[], now: Date): Promise<void> {
  const rows = names.map((name) => ({ id: newId(ID_KIND[kind], now.getTime()), name }));
  await sql`
    insert into ${sql.table(TABLE[kind])} (organization_id, id, name, created_at)
    select ${scope.organizationId}::uuid, id, name, ${now}::timestamptz
    from unnest(${rows.map((row) => row.id)}::uuid[], ${rows.map((row) => row.name)}::text[]) as new_row(id, name)
    on conflict (organization_id, lower(name)) do nothing`.execute(trx);
}
