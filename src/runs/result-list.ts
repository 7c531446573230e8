import { cursorOf, type Db, type Page, type Paging } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { findOpenRuns, type OpenRun } from "./planned-result.repository.js";
import type { TestResult } from "./result.js";
import { readBegun } from "./result-begun.js";
import { asksElsewhere, matchesNothing, statusesWith, unstoredStatuses } from "./result-filter.js";
import { findNearRuns } from "./result-near.js";
import { aheadSpan, behindSpan, cursorColumns, isByValues, pageSpan, type Span, spanInRun } from "./result-order.js";
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
  const wanted: Wanted = { items: span, behind: behindSpan(span), ahead: aheadSpan(span) };
  const begun = isByValues(list.order) ? await readBegunParts(db, scope, list, wanted) : NOTHING;
  const found = await complete(begun, wanted, (missing) => (list.parents.kind === "all" ? readOverRuns(db, scope, list, missing) : readOpened(db, scope, list, missing)));
  const has = (part: Items | null, id: string): boolean => (part?.get(id) ?? []).length > 0;
  return new Map(list.parents.ids.map((id) => [id, toPage(list, paging, found.items?.get(id) ?? [], { behind: has(found.behind, id), ahead: has(found.ahead, id) })]));
}

type Items = ReadonlyMap<string, readonly Keyed[]>;

/** What a page needs: its items, and one of what lies beyond the cursors that it was asked with; null for what is not wanted. */
interface Wanted {
  readonly items: Span | null;
  readonly behind: Span | null;
  readonly ahead: Span | null;
}
type Found = { readonly [K in keyof Wanted]: Items | null };

const NOTHING: Found = { items: null, behind: null, ahead: null };

type Opened = Omit<OpenList, "lookups">;

/** What is known, and what is read of the rest of what is wanted. */
async function complete(known: Found, wanted: Wanted, read: (missing: Wanted) => Promise<Found>): Promise<Found> {
  const missing: Wanted = { items: known.items === null ? wanted.items : null, behind: known.behind === null ? wanted.behind : null, ahead: known.ahead === null ? wanted.ahead : null };
  if (Object.values(missing).every((part) => part === null)) return known;
  const found = await read(missing);
  return { items: known.items ?? found.items, behind: known.behind ?? found.behind, ahead: known.ahead ?? found.ahead };
}

/** Of a list ordered by values: what the parts tell in which the stretches begin. That something lies before the page of a list over all runs is told by the cursor's own run as a rule. */
async function readBegunParts(db: Db, scope: Scope, list: ResultList, { items, behind, ahead }: Wanted): Promise<Found> {
  const readPart = async (part: Span | null): Promise<Items | null> => (part === null ? null : readBegun(db, scope, list, part));
  const [page, before, after] = await Promise.all([readPart(items), list.parents.kind === "all" ? behindInRun(db, scope, list, behind) : readPart(behind), readPart(ahead)]);
  return { items: page, behind: before, ahead: after };
}

async function readOpened(db: Db, scope: Scope, list: ResultList, wanted: Wanted): Promise<Found> {
  return readAll(db, scope, { ...list, open: await knownOpenRuns(db, scope, list) }, wanted);
}

async function readAll(db: Db, scope: Scope, list: Opened, { items, behind, ahead }: Wanted): Promise<Found> {
  const read = async (snapshot: Db): Promise<Found> => {
    const lookups = createLookups(snapshot, scope, list);
    const readPart = async (part: Span | null): Promise<Items | null> => (part === null ? null : readSpan(snapshot, scope, { ...list, lookups }, part));
    // One connection does one thing at a time.
    if (snapshot.isTransaction) return { items: await readPart(items), behind: await readPart(behind), ahead: await readPart(ahead) };
    const [page, before, after] = await Promise.all([readPart(items), readPart(behind), readPart(ahead)]);
    return { items: page, behind: before, ahead: after };
  };
  return list.open?.length === 0 ? read(db) : inSnapshot(db, read);
}

/** A list over all runs: what is wanted is looked for in the runs near by first. */
async function readOverRuns(db: Db, scope: Scope, list: ResultList, wanted: Wanted): Promise<Found> {
  const near = await readNear(db, scope, list, wanted);
  if (near === null) return readOpened(db, scope, list, wanted);
  return complete(near, wanted, (missing) => readOpened(db, scope, { ...list, isRare: true }, missing));
}

/** What the cursor's own run has stored behind it, the cursor's result as a rule; null where that is nothing. */
async function behindInRun(db: Db, scope: Scope, list: ResultList, span: Span | null): Promise<Items | null> {
  const runId = (span?.after ?? span?.before)?.key.runId ?? null;
  const [id] = list.parents.ids;
  if (runId === null || id === undefined) return null;
  const { behind } = await readRunOf(db, scope, { ...list, open: [] }, { wanted: { items: null, behind: span, ahead: null }, id, runId });
  return (behind?.get(id) ?? []).length > 0 ? behind : null;
}

/**
 * What of a list over all runs lies in the runs next to where it begins, as pages of large runs and of unfiltered lists
 * do: statements that name these runs spare the planner all partitions but theirs. What does not lie there is null;
 * null where the list is not ordered by runs.
 */
async function readNear(db: Db, scope: Scope, list: ResultList, wanted: Wanted): Promise<Found | null> {
  const near = wanted.items === null ? null : await findNearRuns(db, scope, list, wanted.items);
  const [id] = list.parents.ids;
  if (near === null || wanted.items === null || id === undefined) return null;
  const { take } = wanted.items;
  const statuses = statusesWith(unstoredStatuses(list.filter));
  const open = near.runs.filter(({ status }) => statuses.includes(status));
  const countOf = (items: Items | null): number => (items?.get(id) ?? []).length;
  const enough = ({ items, behind }: Found, isAll: boolean): Found => ({ items: isAll || countOf(items) >= take ? items : null, behind: countOf(behind) > 0 ? behind : null, ahead: null });
  let known = NOTHING;
  if (near.first !== null) {
    const found = await readRunOf(db, scope, { ...list, open }, { wanted, id, runId: near.first });
    known = enough(found, near.isAll && near.runs.length === 1);
    // So few in this run are not enough in all of them, as far as one can tell.
    if (known.items !== null || (!near.isAll && countOf(found.items) * near.runs.length < take)) return known;
  }
  // What is looked up for several runs is looked up for all of them.
  if (asksElsewhere(list.filter)) return known;
  const found = enough(await readAll(db, scope, { ...list, within: near.runs.map((run) => run.id), isRare: near.first !== null, open }, { ...wanted, behind: known.behind === null ? wanted.behind : null }), near.isAll);
  return { items: found.items, behind: known.behind ?? found.behind, ahead: null };
}

/** What a list over all runs has in one of them, read as the run's own list. */
async function readRunOf(db: Db, scope: Scope, list: Opened, { wanted, id, runId }: { wanted: Wanted; id: string; runId: string }): Promise<Found> {
  const inRun = (span: Span | null): Span | null => span && spanInRun(span, runId);
  const ofRun: Opened = { ...list, parents: { kind: "run", ids: [runId] }, order: { ...list.order, acrossRuns: false }, open: list.open?.filter((run) => run.id === runId) ?? null };
  const found = await readAll(db, scope, ofRun, { items: inRun(wanted.items), behind: inRun(wanted.behind), ahead: null });
  const renamed = (items: Items | null): Items | null => items && new Map([[id, (items.get(runId) ?? []).map((item): Keyed => ({ ...item, runId }))]]);
  return { items: renamed(found.items), behind: renamed(found.behind), ahead: null };
}

/** The open ones of the lists' runs; null where there are some and the lists are over several. */
async function knownOpenRuns(db: Db, scope: Scope, { parents, filter }: ResultList): Promise<readonly OpenRun[] | null> {
  const statuses = statusesWith(unstoredStatuses(filter));
  if (statuses.length === 0) return [];
  if (parents.kind !== "run") {
    const [some] = await findOpenRuns(db, scope, { statuses, filter, ids: null, from: null, to: null, newestFirst: true, limit: 1 });
    return some === undefined ? [] : null;
  }
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
