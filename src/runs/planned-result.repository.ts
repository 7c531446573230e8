import { sql } from "kysely";
import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { allOf } from "./result-content.repository.js";
import { plannedConditions, runConditions } from "./result-filter.repository.js";
import type { TestResultFilter } from "./result-filter.js";
import type { TestRunStatus } from "./run.js";

/** A run that may have planned results without a row. */
export interface OpenRun {
  readonly organizationId: string;
  readonly id: string;
  readonly status: TestRunStatus;
  readonly trials: number;
  readonly total: number;
  readonly configurationId: string;
  /** Of a re-score: where its outputs are. */
  readonly outputRunId: string | null;
  /** Every ordinal below it has a row. */
  readonly firstOpen: number;
  /** The ordinals in work, ascending. */
  readonly running: readonly number[];
}

/** Which open runs are meant: of the statuses (null for all, those that are not open included), of these ids or within the bounds (both included), newest first or last. */
export interface OpenRunArgs {
  readonly statuses: readonly TestRunStatus[] | null;
  readonly filter: TestResultFilter;
  readonly ids: readonly string[] | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly newestFirst: boolean;
  readonly limit: number;
}

/** Runs with what is known of their progress: the lanes say below which ordinal nothing is open, and what is in work. */
export async function findOpenRuns(db: Db, scope: Scope, args: OpenRunArgs): Promise<OpenRun[]> {
  const conditions = runConditions(args.filter);
  if (args.statuses !== null) conditions.push(sql`runs.status = any(${args.statuses}::text[])`);
  if (args.ids !== null) conditions.push(sql`runs.id = any(${args.ids}::uuid[])`);
  if (args.from !== null) conditions.push(sql`runs.id >= ${args.from}::uuid`);
  if (args.to !== null) conditions.push(sql`runs.id <= ${args.to}::uuid`);
  const { rows } = await sql<OpenRun>`
    select runs.organization_id, runs.id, runs.status, runs.trials, runs.total, runs.configuration_id, runs.output_run_id,
      coalesce((
        select min(lanes.next_ordinal) from run_lanes lanes where lanes.organization_id = ${scope.organizationId} and lanes.run_id = runs.id), 1) as first_open,
      array(
        select distinct busy.ordinal from run_lanes lanes cross join lateral unnest(lanes.running) as busy (ordinal)
        where lanes.organization_id = ${scope.organizationId} and lanes.run_id = runs.id and not lanes.done and runs.status <> 'CANCELLED'
        order by 1) as running
    from test_runs runs
    where runs.organization_id = ${scope.organizationId} and ${allOf(conditions)}
    order by runs.id ${sql.raw(args.newestFirst ? "desc" : "asc")} limit ${args.limit}`.execute(db);
  return rows;
}

/** Where tests stand in the plans of runs; a test that a run does not have is left out. */
export async function findPlacesOfTests(db: Db, scope: Scope, testIds: readonly string[], runIds: readonly string[]): Promise<{ testId: string; runId: string; position: number }[]> {
  const { rows } = await sql<{ testId: string; runId: string; position: number }>`
    select tests.id as test_id, segments.run_id, segments.first_position + coalesce(array_position(segments.positions, tests.position), tests.position) - 1 as position
    from tests
    join run_segments segments on segments.organization_id = ${scope.organizationId} and segments.test_set_id = tests.test_set_id and segments.run_id = any(${runIds}::uuid[])
    where tests.organization_id = ${scope.organizationId} and tests.id = any(${testIds}::uuid[])
      and case when segments.positions is null then tests.position <= segments.test_count else tests.position = any(segments.positions) end`.execute(db);
  return rows;
}

/** A stretch of a run's ordinals, both ends included, to be searched for planned results without a row. */
export interface Window {
  /** Which search it is part of. */
  readonly search: number;
  /** Its place in the search. */
  readonly place: number;
  readonly run: Pick<OpenRun, "id" | "trials">;
  readonly from: number;
  readonly to: number;
  /** How many the search needs at the most. */
  readonly take: number;
}

/** A planned result without a row. */
export interface Unstored {
  readonly search: number;
  readonly place: number;
  readonly runId: string;
  readonly ordinal: number;
  readonly testId: string;
  readonly testRevisionId: string;
}

/** The planned results without a row in the windows, in their order. One statement, which looks at every ordinal of them. */
export async function findUnstored(db: Db, scope: Scope, windows: readonly Window[], args: { filter: TestResultFilter; descending: boolean }): Promise<Unstored[]> {
  const direction = sql.raw(args.descending ? "desc" : "asc");
  const { rows } = await sql<Unstored & { nth: number }>`
    select * from (
      select windows.search, windows.place, windows.run_id, planned.ordinal, planned.test_id, planned.test_revision_id, windows.take,
        row_number() over (partition by windows.search order by windows.place, planned.ordinal ${direction}) as nth
      from ${windowsTable(windows)} cross join lateral (${plannedRows(scope, windows, args.filter)}) as planned
    ) as numbered
    where nth <= take order by search, place, ordinal ${direction}`.execute(db);
  return rows;
}

/** How many planned results without a row the windows of each search have. One statement. */
export async function countUnstored(db: Db, scope: Scope, windows: readonly Window[], filter: TestResultFilter): Promise<ReadonlyMap<number, number>> {
  if (windows.length === 0) return new Map();
  const { rows } = await sql<{ search: number; count: number }>`
    select windows.search, count(*) as count
    from ${windowsTable(windows)} cross join lateral (${plannedRows(scope, windows, filter)}) as planned
    group by windows.search`.execute(db);
  return new Map(rows.map((row) => [row.search, row.count]));
}

function windowsTable(windows: readonly Window[]) {
  const column = <T>(value: (window: Window) => T): T[] => windows.map(value);
  return sql`unnest(${column((w) => w.search)}::integer[], ${column((w) => w.place)}::integer[], ${column((w) => w.run.id)}::uuid[], ${column((w) => w.run.trials)}::integer[],
    ${column((w) => w.from)}::integer[], ${column((w) => w.to)}::integer[], ${column((w) => w.take)}::integer[]) as windows (search, place, run_id, trials, first, last, take)`;
}

/**
 * The planned results of a window: for each segment that it touches, the ordinals without a row, by the places of
 * their tests, and the tests' content. The positions of a segment are cut once and not asked one by one: the array may
 * be of tens of kilobytes. Rows are taken away as a set and content is looked up place by place: the planner cannot
 * know how long windows are, and as plain joins it reads all rows of the run or all tests of the set for every window.
 */
function plannedRows(scope: Scope, windows: readonly Window[], filter: TestResultFilter) {
  const [first, ...others] = new Set(windows.map((window) => window.run.id));
  // A constant lets the planner see the one partition that it needs.
  const runId = others.length === 0 ? sql`${first}::uuid` : sql`windows.run_id`;
  const trial = filter.trial == null ? sql`true` : sql`(ordinal - 1) % windows.trials + 1 = ${filter.trial}::integer`;
  return sql`
    select ordinals.ordinal, revisions.test_id, revisions.id as test_revision_id
    from run_segments segments
    cross join lateral (
      select greatest(windows.first, (segments.first_position - 1) * windows.trials + 1) as low,
        least(windows.last, (segments.first_position + segments.test_count - 1) * windows.trials) as high
    ) as bounds
    cross join lateral (
      select bounds.low, bounds.high, (bounds.low - 1) / windows.trials as skipped,
        segments.positions[(bounds.low - 1) / windows.trials + 2 - segments.first_position:(bounds.high - 1) / windows.trials + 2 - segments.first_position] as positions
      offset 0
    ) as cut
    cross join lateral (
      select (ordinal - 1) / windows.trials as place, array_agg(ordinal) as ordinals
      from (
        select generate_series(cut.low, cut.high) as ordinal
        except
        select results.ordinal from test_results results
        where results.organization_id = ${scope.organizationId} and results.run_id = ${runId} and results.ordinal between cut.low and cut.high
      ) as without_row
      where ${trial} group by 1
    ) as open
    cross join lateral (
      select * from test_revisions
      where test_revisions.organization_id = ${scope.organizationId} and test_revisions.test_set_id = segments.test_set_id
        and test_revisions.position = coalesce(cut.positions[open.place - cut.skipped + 1], open.place + 2 - segments.first_position)
        and test_revisions.added_in_version <= segments.test_set_version
      order by test_revisions.position desc, test_revisions.added_in_version desc limit 1
    ) as revisions
    cross join lateral unnest(open.ordinals) as ordinals (ordinal)
    where segments.organization_id = ${scope.organizationId} and segments.run_id = windows.run_id and bounds.low <= bounds.high
      and (revisions.removed_in_version is null or revisions.removed_in_version > segments.test_set_version) and ${allOf(plannedConditions(scope, filter))}`;
}
