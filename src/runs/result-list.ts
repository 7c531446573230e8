import { cursorOf, type Db, type Page, type Paging } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { findOpenRuns, type OpenRun } from "./planned-result.repository.js";
import type { TestResult } from "./result.js";
import { matchesNothing, statusesWith, unstoredStatuses } from "./result-filter.js";
import { findNearRuns } from "./result-near.js";
import { aheadSpan, behindSpan, cursorColumns, pageSpan, type Span, spanInRun } from "./result-order.js";
import type { Keyed, ResultList } from "./result-page.repository.js";
import { createLookups } from "./result-stored.js";
import { type OpenList, readSpan } from "./result-stretch.js";
import { inSnapshot } from "./snapshot.js";

/**
 * A page of each list of results, planned results without a row included. The number of statements does not depend on
 * the number of lists; where runs are open, all of them see one snapshot, so that a result that is stored between two
 * of them is neither lost nor doubled.
 */
export async function pageResults(db: Db, scope: Scope, list: ResultList, paging: Paging): Promise<ReadonlyMap<string, Page<TestResult>>> {
  const span = pageSpan(list.order, paging);
  if (list.parents.ids.length === 0 || matchesNothing(list.filter)) return new Map();
  const near = list.parents.kind === "all" ? await readNear(db, scope, list, span) : null;
  const found = near ?? (await readAll(db, scope, { ...list, open: await knownOpenRuns(db, scope, list) }, span));
  const has = (part: Items | null, id: string): boolean => (part?.get(id) ?? []).length > 0;
  return new Map(list.parents.ids.map((id) => [id, toPage(list, paging, found.items.get(id) ?? [], { behind: has(found.behind, id), ahead: has(found.ahead, id) })]));
}

type Items = ReadonlyMap<string, readonly Keyed[]>;

/** What a page needs: its items, and whether there are any beyond the cursors that it was asked with; null without such a cursor. */
interface Found {
  readonly items: Items;
  readonly behind: Items | null;
  readonly ahead: Items | null;
}

type Opened = Omit<OpenList, "lookups">;

async function readAll(db: Db, scope: Scope, list: Opened, span: Span): Promise<Found> {
  const [behind, ahead] = [behindSpan(span), aheadSpan(span)];
  const read = async (snapshot: Db): Promise<Found> => {
    const lookups = createLookups(snapshot, scope, list);
    const readPart = async (part: Span | null): Promise<Items | null> => (part === null ? null : readSpan(snapshot, scope, { ...list, lookups }, part));
    // One connection does one thing at a time.
    if (snapshot.isTransaction) return { items: (await readPart(span)) ?? new Map(), behind: await readPart(behind), ahead: await readPart(ahead) };
    const [items, ...flags] = await Promise.all([readPart(span), readPart(behind), readPart(ahead)]);
    return { items: items ?? new Map(), behind: flags[0], ahead: flags[1] };
  };
  return list.open?.length === 0 ? read(db) : inSnapshot(db, read);
}

/**
 * The page of a list over all runs where it lies in the runs next to where it begins, as it does in large runs and in
 * lists of few: statements that name these runs spare the planner all partitions but theirs. Null where it does not.
 */
async function readNear(db: Db, scope: Scope, list: ResultList, span: Span): Promise<Found | null> {
  const near = await findNearRuns(db, scope, list, span);
  const [id] = list.parents.ids;
  if (near === null || id === undefined) return null;
  const statuses = statusesWith(unstoredStatuses(list.filter));
  const open = near.runs.filter(({ status }) => statuses.includes(status));
  const countOf = (items: Items): number => (items.get(id) ?? []).length;
  const suffices = ({ items, behind }: Found, isAll: boolean): boolean => (isAll || countOf(items) >= span.take) && (behind === null || countOf(behind) > 0);
  if (near.first !== null) {
    const found = await readRunOf(db, scope, { ...list, open }, { span, id, runId: near.first });
    if (suffices(found, near.isAll && near.runs.length === 1)) return found;
    // So few in this run are not enough in all of them, as far as one can tell.
    if (!near.isAll && countOf(found.items) * near.runs.length < span.take) return null;
  }
  const found = await readAll(db, scope, { ...list, within: near.runs.map((run) => run.id), open }, span);
  return suffices(found, near.isAll) ? found : null;
}

/** What a list over all runs has in one of them, read as the run's own list. */
async function readRunOf(db: Db, scope: Scope, list: Opened, { span, id, runId }: { span: Span; id: string; runId: string }): Promise<Found> {
  const found = await readAll(db, scope, { ...list, parents: { kind: "run", ids: [runId] }, order: { ...list.order, acrossRuns: false }, open: list.open?.filter((run) => run.id === runId) ?? null }, spanInRun(span, runId));
  const renamed = (items: Items): Items => new Map([[id, (items.get(runId) ?? []).map((item): Keyed => ({ ...item, runId }))]]);
  return { items: renamed(found.items), behind: found.behind && renamed(found.behind), ahead: found.ahead && renamed(found.ahead) };
}

/** The open ones of the lists' runs; null where the lists are over several. */
async function knownOpenRuns(db: Db, scope: Scope, { parents, filter }: ResultList): Promise<readonly OpenRun[] | null> {
  const statuses = statusesWith(unstoredStatuses(filter));
  if (statuses.length === 0) return [];
  if (parents.kind !== "run") return null;
  return findOpenRuns(db, scope, { statuses, filter, ids: parents.ids, from: null, to: null, newestFirst: true, limit: parents.ids.length });
}

function toPage(list: ResultList, paging: Paging, items: readonly Keyed[], outside: { readonly behind: boolean; readonly ahead: boolean }): Page<TestResult> {
  const ahead = items.length > paging.limit || outside.ahead;
  const kept = items.slice(0, paging.limit);
  if (paging.backward) kept.reverse();
  const columns = cursorColumns(list.order);
  return {
    rows: kept.map(({ result }) => result),
    cursors: kept.map((item) => cursorOf(item, columns, paging.fingerprint)),
    hasNextPage: paging.backward ? outside.behind : ahead,
    hasPreviousPage: paging.backward ? ahead : outside.behind,
  };
}
