import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { partsFrom, type Span } from "./result-order.js";
import { type Keyed, type ResultList, readStretch } from "./result-page.repository.js";
import { isSearched } from "./result-stored.js";

/**
 * A stretch of a list that is ordered by values, as far as the part of it tells in which it begins, which holds all of
 * the stretch as a rule. No planned result belongs to such a part, so one statement tells it, whatever runs are open.
 * Null where more of the list is needed, and for several lists at once.
 */
export async function readBegun(db: Db, scope: Scope, list: ResultList, span: Span): Promise<ReadonlyMap<string, readonly Keyed[]> | null> {
  const [id, ...ids] = list.parents.ids;
  const [part, ...parts] = partsFrom(list.order, span);
  if (id === undefined || ids.length > 0 || part === undefined || part.unstored.length > 0 || isSearched(list)) return null;
  const found = await readStretch(db, scope, { ...list, order: { ...list.order, parts: [part] } }, { span, search: { kind: "walk" } });
  const items = found.get(id)?.items ?? [];
  return items.length >= span.take || parts.length === 0 ? new Map([[id, items]]) : null;
}
