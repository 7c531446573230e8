import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { asksElsewhere, type Candidates, namesRange, type OutputSource, type TestResultFilter } from "./result-filter.js";
import { type Part, partsFrom, type Span } from "./result-order.js";
import { type Keyed, readStretch, type ResultList, type Stretch } from "./result-page.repository.js";
import { findCandidates, findOutputSource, withLookups } from "./result-search.repository.js";

/** Results that are looked at to tell whether many of a run match: some more than a page, as it then is one already. */
const SAMPLE = 64;
/** The same where one is looked for. */
const SMALL_SAMPLE = 16;
/** The same where the results themselves tell, and where of those some match, but not enough. */
const LARGE_SAMPLE = 1_024;
const LARGEST_SAMPLE = 8_192;
/** One in so many of a sample is common: going along the list meets a page sooner than the indexes have gathered all. */
const COMMON = 20;

/** What is looked up for a list, once for all its stretches, and only if it is asked for. */
export interface Lookups {
  /** The filter with what its words and properties stand for; null where nothing can match. */
  readonly filter: () => Promise<TestResultFilter | null>;
  /** Of the list of one run. */
  readonly outputs: () => Promise<OutputSource | null>;
  readonly candidates: () => Promise<Candidates | null>;
}

/** Nothing is looked up yet. */
export function createLookups(db: Db, scope: Scope, { filter, parents }: ResultList): Lookups {
  const runId = parents.ids[0] ?? "";
  return {
    filter: once(() => withLookups(db, scope, filter, parents)),
    outputs: once(() => findOutputSource(db, scope, runId)),
    candidates: once(() => findCandidates(db, scope, filter, runId)),
  };
}

function once<T>(act: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | null = null;
  return () => (result ??= act());
}

type Items = ReadonlyMap<string, readonly Keyed[]>;

/** Whether no index has the results that match in the list's order. An order by times or latencies has one that has the range. */
export function isSearched({ filter, order }: ResultList): boolean {
  return asksElsewhere(filter) || (namesRange(filter) && order.parts.every(({ column, without }) => column === null && without === null));
}

/** The stored results of a stretch of each list, in the order in which it is read. */
export async function readStored(db: Db, scope: Scope, list: ResultList, { span, lookups }: { span: Span; lookups: Lookups }): Promise<Items> {
  if (!isSearched(list)) return walk(db, scope, list, span);
  const [runId, ...others] = list.parents.ids;
  if (list.parents.kind === "run" && runId !== undefined && others.length === 0) return searchRun(db, scope, list, { runId, span, lookups });
  const filter = await lookups.filter();
  return filter === null ? new Map() : walk(db, scope, { ...list, filter }, span);
}

/**
 * Where no index tells in the list's order which results of a run match, one statement looks at the first. Only if
 * these are not enough, the list is gone along, or what matches is gathered by the indexes, whichever is less by what
 * was seen. Ranges are never gone along: where they end, all of the run might be.
 */
async function searchRun(db: Db, scope: Scope, asked: ResultList, { runId, span, lookups }: { runId: string; span: Span; lookups: Lookups }): Promise<Items> {
  const list = asked.filter.search == null ? asked : { ...asked, filter: { ...asked.filter, outputs: await lookups.outputs() } };
  const sample = async (size: number): Promise<Stretch> => (await readStretch(db, scope, list, { span, search: { kind: "sample", size } })).get(runId) ?? { items: [], goesOn: false };
  const isDone = ({ items, goesOn }: Stretch): boolean => !goesOn || items.length >= span.take;
  const isRange = !asksElsewhere(list.filter);
  const size = isRange ? LARGE_SAMPLE : span.take > SMALL_SAMPLE ? Math.max(SAMPLE, span.take) : SMALL_SAMPLE;
  const first = await sample(size);
  const isPromising = isRange && !isDone(first) && (first.items.length * LARGEST_SAMPLE) / LARGE_SAMPLE > span.take * 1.5;
  const sampled = isPromising ? await sample(LARGEST_SAMPLE) : first;
  if (isDone(sampled)) return new Map([[runId, sampled.items]]);
  const candidates = !isRange && sampled.items.length * COMMON >= size ? null : await lookups.candidates();
  if (candidates === null) return walk(db, scope, list, span);
  return itemsOf(await readStretch(db, scope, { ...list, filter: { ...list.filter, candidates } }, { span, search: { kind: "candidates" } }));
}

/**
 * Goes along the list. Of one over all runs the part in which the stretch begins is read first, as the page lies in it
 * as a rule: each part more has all partitions planned once more.
 */
async function walk(db: Db, scope: Scope, list: ResultList, span: Span): Promise<Items> {
  const read = async (parts: readonly Part[]): Promise<Items> => itemsOf(await readStretch(db, scope, { ...list, order: { ...list.order, parts } }, { span, search: { kind: "walk" } }));
  const [first, ...others] = list.parents.kind === "all" ? partsFrom(list.order, span) : [];
  const [id] = list.parents.ids;
  if (first === undefined || others.length === 0 || id === undefined) return read(list.order.parts);
  const begun = (await read([first])).get(id) ?? [];
  if (begun.length >= span.take) return new Map([[id, begun]]);
  const rest = (await read(others)).get(id) ?? [];
  return new Map([[id, [...begun, ...rest].slice(0, span.take)]]);
}

function itemsOf(found: Awaited<ReturnType<typeof readStretch>>): Items {
  return new Map([...found].map(([id, { items }]) => [id, items]));
}
