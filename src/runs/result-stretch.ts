import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { findOpenRuns, findPlacesOfTests, type OpenRun } from "./planned-result.repository.js";
import { statusesWith, type UnstoredStatus } from "./result-filter.js";
import { type Bound, compareKeys, mergeSorted, type Part, type ResultKey, type Span } from "./result-order.js";
import { type Keyed, type ResultList, testsOf } from "./result-page.repository.js";
import { type Lookups, readStored } from "./result-stored.js";
import { type Range, type Search, searchUnstored } from "./unstored-search.js";

/** Open runs that one statement of a list over all runs looks at. */
const RUNS_AT_ONCE = 100;

/** A list with what was looked up for it. */
export interface OpenList extends ResultList {
  /** The runs that may have planned results without a row; null where they are to be looked for. */
  readonly open: readonly OpenRun[] | null;
  readonly lookups: Lookups;
}

/** The items of a stretch of each list, in the order in which it is read. */
export async function readSpan(db: Db, scope: Scope, list: OpenList, span: Span): Promise<ReadonlyMap<string, readonly Keyed[]>> {
  const stored = await readStored(db, scope, list, { span, lookups: list.lookups });
  const unstored = await readUnstored(db, scope, list, span, stored);
  const sign = span.backward ? -1 : 1;
  const compare = (a: ResultKey, b: ResultKey): number => sign * compareKeys(list.order, a, b);
  return new Map(list.parents.ids.map((id) => [id, mergeSorted(stored.get(id) ?? [], unstored.get(id) ?? [], compare, span.take)]));
}

/** The planned results without a row: part by part, and in each run by run, until every list has enough. */
async function readUnstored(db: Db, scope: Scope, list: OpenList, span: Span, stored: ReadonlyMap<string, readonly Keyed[]>): Promise<ReadonlyMap<string, readonly Keyed[]>> {
  const found = new Map<string, Keyed[]>(list.parents.ids.map((id) => [id, []]));
  const parts = list.open?.length === 0 ? [] : list.order.parts.filter((part) => part.unstored.length > 0);
  const filter = parts.length === 0 ? null : await list.lookups.filter();
  if (filter === null) return found;
  const descending = (list.order.ordinalDirection === "desc") !== span.backward;
  for (const part of span.backward ? parts.reverse() : parts) {
    const wanting = wantingLists(list, part, span, stored, found);
    if (wanting.length === 0) continue;
    for await (const runs of openRuns(db, scope, list, part, wanting, span)) {
      const searches = await searchesOf(db, scope, list, part, { runs, wanting, found, take: span.take, descending });
      const results = await searchUnstored(db, scope, searches, { filter, descending });
      searches.forEach(({ parentId }, index) => {
        const items = (results[index] ?? []).map((result): Keyed => ({ rank: part.rank, value: null, runId: list.order.acrossRuns ? result.runId : null, ordinal: result.ordinal, result }));
        found.get(parentId)?.push(...items);
      });
      if (wanting.every(({ id }) => (found.get(id) ?? []).length >= span.take)) break;
    }
  }
  return found;
}

/** A list that wants more, and the stretch of it that may hold that. */
interface Wanting {
  readonly id: string;
  readonly span: Span;
}

/** The lists that a part may still add to: what lies past the last of a full page of stored results is not looked for. */
function wantingLists(list: ResultList, part: Part, span: Span, stored: ReadonlyMap<string, readonly Keyed[]>, found: ReadonlyMap<string, readonly Keyed[]>): Wanting[] {
  return list.parents.ids.flatMap((id) => {
    if ((found.get(id) ?? []).length >= span.take) return [];
    const rows = stored.get(id) ?? [];
    const last = rows.length < span.take ? undefined : rows.at(-1);
    const end: Bound | null = last === undefined ? null : { key: last, inclusive: false };
    const cut = end === null ? span : span.backward ? { ...span, after: end } : { ...span, before: end };
    return reaches(part, cut) ? [{ id, span: cut }] : [];
  });
}

function reaches(part: Part, span: Span): boolean {
  return (span.after === null || part.rank >= span.after.key.rank) && (span.before === null || part.rank <= span.before.key.rank);
}

/** The runs that may have planned results without a row for the part, in the order of reading, some at once. */
async function* openRuns(db: Db, scope: Scope, list: OpenList, part: Part, wanting: readonly Wanting[], span: Span): AsyncGenerator<readonly OpenRun[]> {
  const statuses = statusesWith(part.unstored);
  if (list.open !== null) {
    const open = list.open.filter((run) => statuses.includes(run.status) && (list.parents.kind !== "run" || wanting.some(({ id }) => id === run.id)));
    yield open.sort((a, b) => (a.id > b.id === span.backward ? 1 : -1));
    return;
  }
  // All lists over several runs share the caller's bounds; one of them alone is also cut where its page ends.
  const [alone, ...others] = wanting;
  const cut = others.length === 0 && alone !== undefined ? alone.span : span;
  const edge = (bound: Bound | null): string | null => (bound?.key.rank === part.rank ? bound.key.runId : null);
  let [from, to] = [edge(cut.before), edge(cut.after)];
  for (let last: string | undefined; ; ) {
    const runs = await findOpenRuns(db, scope, { statuses, filter: list.filter, newestFirst: !span.backward, ids: null, from, to, limit: RUNS_AT_ONCE + 1 });
    const fresh = runs.filter((run) => run.id !== last).slice(0, RUNS_AT_ONCE);
    if (fresh.length > 0) yield fresh;
    last = fresh.at(-1)?.id;
    if (last === undefined || fresh.length < RUNS_AT_ONCE) return;
    if (span.backward) from = last;
    else to = last;
  }
}

interface SearchArgs {
  readonly runs: readonly OpenRun[];
  readonly wanting: readonly Wanting[];
  readonly found: ReadonlyMap<string, readonly Keyed[]>;
  readonly take: number;
  readonly descending: boolean;
}

async function searchesOf(db: Db, scope: Scope, list: ResultList, part: Part, args: SearchArgs): Promise<Search[]> {
  const ranges = await rangesByParent(db, scope, list, args.runs);
  return args.wanting.flatMap(({ id, span }): Search[] => {
    const take = args.take - (args.found.get(id) ?? []).length;
    const cut = (ranges.get(id) ?? []).flatMap((range) => cutRange(list, part, span, range, args.descending));
    return take <= 0 || cut.length === 0 ? [] : [{ parentId: id, statuses: part.unstored, ranges: cut, take }];
  });
}

/** Where in the runs a list's results can be: everywhere, or where its test stands in their plans. */
async function rangesByParent(db: Db, scope: Scope, list: ResultList, runs: readonly OpenRun[]): Promise<ReadonlyMap<string, readonly Range[]>> {
  const { kind, ids } = list.parents;
  const whole = runs.map((run): Range => ({ run, from: run.firstOpen, to: run.total }));
  const testIds = testsOf(list);
  if (testIds === null) return kind === "all" ? new Map(ids.map((id) => [id, whole])) : Map.groupBy(whole, ({ run }) => run.id);
  const places = Map.groupBy(await findPlacesOfTests(db, scope, testIds, runs.map(({ id }) => id)), ({ runId }) => runId);
  const ranges = runs.flatMap((run) =>
    (places.get(run.id) ?? []).map(({ testId, position }) => ({ testId, range: { run, from: Math.max(run.firstOpen, (position - 1) * run.trials + 1), to: position * run.trials } })),
  );
  const groups = Map.groupBy(ranges, ({ testId, range }) => (kind === "test" ? testId : kind === "run" ? range.run.id : (ids[0] ?? "")));
  return new Map([...groups].map(([id, group]) => [id, group.map(({ range }) => range)]));
}

/** What of a range lies in the span: where only results in work count, each of them by itself. */
function cutRange(list: ResultList, part: Part, span: Span, range: Range, descending: boolean): Range[] {
  let { from, to } = range;
  const ascending = list.order.ordinalDirection === "asc";
  for (const [bound, isAfter] of [[span.after, true], [span.before, false]] as const) {
    if (bound === null || bound.key.rank !== part.rank) continue;
    const { key, inclusive } = bound;
    if (key.runId !== null && key.runId !== range.run.id) {
      if (range.run.id > key.runId === isAfter) return [];
      continue;
    }
    if (ascending === isAfter) from = Math.max(from, inclusive ? key.ordinal : key.ordinal + 1);
    else to = Math.min(to, inclusive ? key.ordinal : key.ordinal - 1);
  }
  if (from > to) return [];
  if (!isOnlyRunning(part.unstored)) return [{ run: range.run, from, to }];
  const busy = range.run.running.filter((ordinal) => ordinal >= from && ordinal <= to);
  return (descending ? busy.reverse() : busy).map((ordinal) => ({ run: range.run, from: ordinal, to: ordinal }));
}

function isOnlyRunning(statuses: readonly UnstoredStatus[]): boolean {
  return statuses.every((status) => status === "RUNNING");
}
