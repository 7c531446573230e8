import { type RawBuilder, sql } from "kysely";
import { beyond, type Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { positionOf, type TestResult, trialOf } from "./result.js";
import { allOf, type Condition } from "./result-content.repository.js";
import { candidateConditions, foreignConditions, ownConditions, rangeConditions, runConditions } from "./result-filter.repository.js";
import { statusesOf, type TestResultFilter } from "./result-filter.js";
import { type ListOrder, type Part, partColumns, partValues, type ResultKey, type Span } from "./result-order.js";
import { MAX_ORDINAL, resultId } from "../ids.js";

/** Lists of results: of each run, of each test over its runs, or one over all runs. */
export interface ResultParents {
  readonly kind: "run" | "test" | "all";
  /** Runs or tests; one that stands for the whole list where it is over all runs. */
  readonly ids: readonly string[];
}

/** What lists of results are read by. */
export interface ResultList {
  readonly parents: ResultParents;
  readonly filter: TestResultFilter;
  readonly order: ListOrder;
  /** Of a list over all runs: only results of these. */
  readonly within?: readonly string[];
  /** Of a list over all runs: whether few match, as far as was seen. */
  readonly isRare?: boolean;
}

/** The tests whose results alone the lists have; null where they are of all tests. */
export function testsOf({ parents, filter }: Pick<ResultList, "parents" | "filter">): readonly string[] | null {
  const asked = filter.testId == null ? null : [filter.testId];
  return parents.kind === "test" ? parents.ids.filter((id) => asked?.includes(id) ?? true) : asked;
}

/** A result with its place in a list. */
export interface Keyed extends ResultKey {
  readonly result: TestResult;
}

/** A stored result as statements select it: with what of its run every result shows. */
export type ResultRow = Omit<TestResult, "id" | "position" | "trial"> & { readonly trials: number };

/** The columns of `ResultRow`, over `results` and `runs`. */
export const RESULT_COLUMNS = sql.raw(
  "results.organization_id, results.run_id, results.ordinal, results.status, results.automated_status, results.test_id, results.test_revision_id, results.output_run_id, " +
    "results.error, results.attempts, results.latency_ms, results.started_at, results.finished_at, results.seq, runs.trials, runs.configuration_id",
);

/** The domain's result of a row. */
export function toResult({ trials, ...row }: ResultRow): TestResult {
  return { ...row, id: resultId(row.runId, row.ordinal), position: positionOf(row.ordinal, trials), trial: trialOf(row.ordinal, trials) };
}

type PageRow = ResultRow & { readonly parentId: string; readonly matches: boolean; readonly nth: number; readonly rank: number; readonly value: Date | number | null };

/** How a statement finds results that other tables tell of. */
export type Search =
  /** By going along the list until there are enough. */
  | { readonly kind: "walk" }
  /** Likewise, among so many of the list, whether they match or not. */
  | { readonly kind: "sample"; readonly size: number }
  /** By the indexes: all that they find is sorted. */
  | { readonly kind: "candidates" };

/** What was read of a list. */
export interface Stretch {
  readonly items: readonly Keyed[];
  /** Of a sample: whether the list may go on after it. */
  readonly goesOn: boolean;
}

/** The stored results of a stretch of each list, in the order in which it is read. One statement. */
export async function readStretch(db: Db, scope: Scope, list: ResultList, { span, search }: { span: Span; search: Search }): Promise<ReadonlyMap<string, Stretch>> {
  const branches = list.order.parts.flatMap((part) => branchesOf(scope, list, { part, span, search }));
  if (branches.length === 0) return new Map();
  const { rows } = await statement(scope, list, { page: pageOf(scope, list, branches, { span, search }), span }).execute(db);
  const groups = Map.groupBy(rows, (row) => row.parentId);
  return new Map([...groups].map(([id, group]) => [id, toStretch(group, list.order.acrossRuns, search)]));
}

function toStretch(rows: readonly PageRow[], acrossRuns: boolean, search: Search): Stretch {
  const items = rows.filter(({ matches }) => matches).map((row) => toKeyed(row, acrossRuns));
  return { items, goesOn: search.kind === "sample" && rows.some(({ nth }) => nth === search.size) };
}

function toKeyed({ parentId: _, matches: __, nth: ___, rank, value, ...row }: PageRow, acrossRuns: boolean): Keyed {
  return { rank, value: value instanceof Date ? value.toISOString() : value, runId: acrossRuns ? row.runId : null, ordinal: row.ordinal, result: toResult(row) };
}

function statement(scope: Scope, list: ResultList, { page, span }: { page: RawBuilder<unknown>; span: Span }): RawBuilder<PageRow> {
  const order = readingOrder(list.order, span.backward, null);
  const [id] = list.parents.ids;
  switch (list.parents.kind) {
    case "all":
      return sql<PageRow>`select ${id}::text as parent_id, page.* from (${page}) as page order by ${order}`;
    case "test":
      return sql<PageRow>`
        select parents.id as parent_id, page.* from unnest(${list.parents.ids}::uuid[]) as parents (id)
        cross join lateral (${page}) as page order by parents.id, ${order}`;
    case "run":
      return sql<PageRow>`
        select runs.id as parent_id, page.* from test_runs runs
        cross join lateral (${page}) as page
        where runs.organization_id = ${scope.organizationId} and runs.id = any(${list.parents.ids}::uuid[]) and ${allOf(runConditions(list.filter))}
        order by runs.id, ${order}`;
    default:
      return list.parents.kind satisfies never;
  }
}

/** The branches together. What other tables tell is asked here, of few results, where the branches do not ask it of all. */
function pageOf(scope: Scope, list: ResultList, branches: readonly RawBuilder<unknown>[], { span, search }: { span: Span; search: Search }): RawBuilder<unknown> {
  const order = readingOrder(list.order, span.backward, null);
  // A single branch is in order.
  const all = branches.length === 1 ? sql`${branches[0]}` : sql`select * from (${sql.join(branches.map((branch) => sql`(${branch})`), sql` union all `)}) as branches order by ${order} ${limitOf(search, span)}`;
  const foreign = allOf([...rangeConditions(list.filter), ...foreignConditions(scope, list.filter, onlyRunOf(list))]);
  switch (search.kind) {
    case "walk":
      return sql`select walked.*, true as matches, 0 as nth from (${all}) as walked`;
    case "sample":
      // The last one that was looked at tells that there may be more.
      return sql`select * from (select results.*, ${foreign} is true as matches, row_number() over () as nth from (${all}) as results) as sampled where matches or nth = ${search.size} limit ${span.take}`;
    case "candidates":
      // The fence keeps the conditions above the sort: they are asked of as many as the page needs.
      return sql`select results.*, true as matches, 0 as nth from (${all} offset 0) as results where ${foreign} ${branches.length === 1 ? sql`` : sql`order by ${order}`} limit ${span.take}`;
    default:
      return search satisfies never;
  }
}

function limitOf(search: Search, { take }: Span): RawBuilder<unknown> {
  return search.kind === "candidates" ? sql`` : sql`limit ${search.kind === "sample" ? search.size : take}`;
}

interface BranchArgs {
  readonly part: Part;
  readonly span: Span;
  readonly search: Search;
}

/** One statement for each status: an index has the rows of one in the order of their ordinals, but not those of several. */
function branchesOf(scope: Scope, list: ResultList, args: BranchArgs): RawBuilder<unknown>[] {
  const { part, span } = args;
  const bounds = boundsOf(list, part, span);
  if (bounds === null) return [];
  const statuses = statusesOf(list.filter);
  const conditions = [...ownConditions(scope, list.filter), ...searchConditions(scope, list, args.search), ...bounds];
  if (part.column !== null) {
    conditions.push(sql`${sql.ref(`results.${part.column}`)} is not null`, ...rangeConditions(list.filter));
    if (statuses !== null) conditions.push(sql`results.status = any(${statuses}::text[])`);
    return [branch(scope, list, conditions, args)];
  }
  if (part.without !== null) conditions.push(sql`${sql.ref(`results.${part.without}`)} is null`);
  const each = part.status === null ? statuses : [part.status];
  if (each === null) return [branch(scope, list, conditions, args)];
  return each.map((status) => branch(scope, list, [sql`results.status = ${status}`, ...conditions], args));
}

function searchConditions(scope: Scope, list: ResultList, search: Search): Condition[] {
  if (search.kind === "walk") {
    const byIndex = list.isRare === true ? candidateConditions(scope, { ...list.filter, candidates: { runId: null, testIds: null, askedTestIds: null } }) : [];
    return [...byIndex, ...rangeConditions(list.filter), ...foreignConditions(scope, list.filter, onlyRunOf(list))];
  }
  return search.kind === "candidates" ? candidateConditions(scope, list.filter) : [];
}

function branch(scope: Scope, list: ResultList, conditions: readonly Condition[], { part, span, search }: BranchArgs): RawBuilder<unknown> {
  const value = part.column === null ? sql`null::${sql.raw(list.order.valueType)}` : sql.ref(`results.${part.column}`);
  const columns = sql`select ${RESULT_COLUMNS}, ${part.rank}::integer as rank, ${value} as value`;
  const order = readingOrder(list.order, span.backward, part);
  const limit = limitOf(search, span);
  const { kind } = list.parents;
  if (kind === "run") {
    return sql`${columns} from test_results results
      where results.organization_id = ${scope.organizationId} and results.run_id = ${runIdOf(list)} and ${allOf(conditions)} order by ${order} ${limit}`;
  }
  if (kind === "test") {
    return sql`${columns} from test_results results
      join test_runs runs on runs.organization_id = ${scope.organizationId} and runs.id = results.run_id
      where results.organization_id = ${scope.organizationId} and results.test_id = parents.id and ${allOf([...runConditions(list.filter), ...conditions])}
      order by ${order} ${limit}`;
  }
  const within = (column: string): Condition[] => (list.within === undefined ? [] : [sql`${sql.ref(column)} = any(${list.within}::uuid[])`]);
  // Run by run, from the first in the order: the statement ends as soon as it has enough.
  return sql`${columns} from test_runs runs cross join lateral (
      select * from test_results results
      where results.organization_id = ${scope.organizationId} and results.run_id = runs.id and ${allOf([...within("results.runId"), ...conditions])}
      order by ${readingOrder({ ...list.order, acrossRuns: false }, span.backward, part)} ${limit}
    ) as results
    where runs.organization_id = ${scope.organizationId} and ${allOf([...runConditions(list.filter), ...within("runs.id"), ...foundRuns(list.filter), ...runBounds(part, span)])}
    order by ${part.column === null ? runOrder(span.backward, list.order) : order} ${limit}`;
}

/** The run of a list's results. That of a single list is a constant: the planner then sees the one partition that it needs. */
function runIdOf(list: ResultList): RawBuilder<unknown> {
  return onlyRunOf(list) ?? sql`runs.id`;
}

function onlyRunOf({ parents: { kind, ids } }: ResultList): RawBuilder<unknown> | null {
  return kind === "run" && ids.length === 1 ? sql`${ids[0]}::uuid` : null;
}

/** The columns in the direction of reading: of a part, or of the parts put together. Rows have no nulls where it matters. */
function readingOrder(order: ListOrder, backward: boolean, part: Part | null): RawBuilder<unknown> {
  const direction = (forward: "asc" | "desc"): RawBuilder<unknown> => sql.raw((forward === "asc") !== backward ? "asc" : "desc");
  const terms: RawBuilder<unknown>[] = [];
  if (part === null) terms.push(sql`rank ${direction("asc")}`, sql`value ${direction(order.valueDirection)}`);
  else if (part.column !== null) terms.push(sql`${sql.ref(`results.${part.column}`)} ${direction(order.valueDirection)}`);
  const table = sql.raw(part === null ? "" : "results.");
  if (order.acrossRuns) terms.push(sql`${table}run_id ${direction("desc")}`);
  terms.push(sql`${table}ordinal ${direction(order.ordinalDirection)}`);
  return sql.join(terms);
}

/** By `runs.id` rather than `results.run_id`, which is the same, so that the order of the runs' index is seen to be it. */
function runOrder(backward: boolean, order: ListOrder): RawBuilder<unknown> {
  return sql`runs.id ${sql.raw(backward ? "asc" : "desc")}, results.ordinal ${sql.raw((order.ordinalDirection === "asc") !== backward ? "asc" : "desc")}`;
}

/** The conditions of the span on a part; null where none of it is in the span. */
function boundsOf({ order, parents }: ResultList, part: Part, span: Span): Condition[] | null {
  const columns = partColumns(order, part);
  const conditions: Condition[] = [];
  for (const [bound, reversed] of [[span.after, false], [span.before, true]] as const) {
    if (bound === null) continue;
    const { key, inclusive } = bound;
    if (reversed ? part.rank > key.rank : part.rank < key.rank) return null;
    if (part.rank !== key.rank) continue;
    if (parents.kind === "all" && part.column === null) {
      conditions.push(boundWithinRun(order, key, { reversed, inclusive }));
      continue;
    }
    const values = partValues(part, key);
    conditions.push(beyond(columns, values, reversed, inclusive));
  }
  return conditions;
}

/**
 * The bound of a list that goes run by run, inside one of them: only in the key's own run it cuts anything, others are
 * beyond it or were left out by \`runBounds\`. Said as a comparison with the ordinal, an index begins at the place.
 */
function boundWithinRun(order: ListOrder, key: ResultKey, { reversed, inclusive }: { reversed: boolean; inclusive: boolean }): Condition {
  const isLower = (order.ordinalDirection === "asc") !== reversed;
  const operator = sql.raw(`${isLower ? ">" : "<"}${inclusive ? "=" : ""}`);
  return sql`results.ordinal ${operator} case when runs.id = ${key.runId}::uuid then ${key.ordinal}::integer else ${isLower ? 0 : MAX_ORDINAL + 1}::integer end`;
}

/** The runs in which a search has found anything: no other one is looked into. */
function foundRuns({ found }: TestResultFilter): Condition[] {
  return found?.places == null ? [] : [sql`runs.id = any(${[...new Set(found.places.map(({ runId }) => runId))]}::uuid[])`];
}

/** What the span says of runs alone, in a part that runs order first: keeps the statement from looking into others. */
function runBounds(part: Part, span: Span): Condition[] {
  const conditions: Condition[] = [];
  if (part.column !== null) return conditions;
  if (span.after !== null && span.after.key.rank === part.rank) conditions.push(sql`runs.id <= ${span.after.key.runId}::uuid`);
  if (span.before !== null && span.before.key.rank === part.rank) conditions.push(sql`runs.id >= ${span.before.key.runId}::uuid`);
  return conditions;
}
