import { sql } from "kysely";
import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { countUnstored, findOpenRuns, findPlacesOfTests, type OpenRun, type Window } from "./planned-result.repository.js";
import { TestResultStatus } from "./result.js";
import { allOf } from "./result-content.repository.js";
import { runConditions, storedConditions } from "./result-filter.repository.js";
import { countByCounters } from "./result-count.js";
import { matchesNothing, statusesOf, statusesWith, type TestResultFilter, unstoredStatuses } from "./result-filter.js";
import { type ResultList, type ResultParents, testsOf } from "./result-page.repository.js";
import { withLookups } from "./result-search.repository.js";
import { ACTIVE_STATUSES, type RunCounters, TestRunStatus } from "./run.js";
import { inSnapshot } from "./snapshot.js";

/** More open runs than an organization has. */
const ALL_RUNS = 1_000_000;

/** How many results each list has under its filter. Three statements at the most, whatever the number of lists. */
export async function countResults(db: Db, scope: Scope, list: Pick<ResultList, "parents" | "filter">): Promise<ReadonlyMap<string, number>> {
  if (list.parents.ids.length === 0 || matchesNothing(list.filter)) return new Map();
  if (unstoredStatuses(list.filter).length === 0) {
    const filter = await withLookups(db, scope, list.filter, list.parents);
    return filter === null ? new Map() : countStored(db, scope, { ...list, filter });
  }
  return inSnapshot(db, async (snapshot) => {
    const filter = await withLookups(snapshot, scope, list.filter, list.parents);
    if (filter === null) return new Map();
    const found = { ...list, filter };
    const [stored, unstored] = [await countStored(snapshot, scope, found), await countPlanned(snapshot, scope, found)];
    return new Map(list.parents.ids.map((id) => [id, (stored.get(id) ?? 0) + (unstored.get(id) ?? 0)]));
  });
}

/** How many results all runs have, where the runs' counters tell it: under filters of runs and statuses alone. Null where they do not. One statement. */
export async function countOverRuns(db: Db, scope: Scope, filter: TestResultFilter): Promise<number | null> {
  const { projectId, endpointId, ...rest } = filter;
  if (Object.keys(rest).some((field) => field !== "status")) return null;
  const { rows } = await sql<RunCounters & { running: number }>`
    select ${sql.raw(["total", "executed", "answered", "passed", "failed", "errored", "cancelled"].map((name) => `coalesce(sum(runs.${name}), 0) as ${name}`).join(", "))},
      coalesce(sum((
        select sum(cardinality(lanes.running)) from run_lanes lanes
        where lanes.organization_id = ${scope.organizationId} and lanes.run_id = runs.id and not lanes.done and runs.status = any(${ACTIVE_STATUSES}::text[]))), 0)::bigint as running
    from test_runs runs where runs.organization_id = ${scope.organizationId} and ${allOf(runConditions(filter))}`.execute(db);
  const [sums] = rows;
  return sums === undefined ? null : countByCounters(sums, rest, sums.running);
}

async function countStored(db: Db, scope: Scope, { parents, filter }: Pick<ResultList, "parents" | "filter">): Promise<ReadonlyMap<string, number>> {
  const statuses = statusesOf(filter);
  const conditions = [...runConditions(filter), ...storedConditions(scope, filter), parentCondition(parents)];
  if (statuses !== null) conditions.push(sql`results.status = any(${statuses}::text[])`);
  const { rows } = await sql<{ parentId: string; count: number }>`
    select ${parentColumn(parents)} as parent_id, count(*) as count
    from test_results results
    join test_runs runs on runs.organization_id = ${scope.organizationId} and runs.id = results.run_id
    where results.organization_id = ${scope.organizationId} and ${allOf(conditions)}
    group by 1`.execute(db);
  return new Map(rows.map((row) => [row.parentId, row.count]));
}

function parentColumn({ kind, ids: [id] }: ResultParents) {
  return kind === "all" ? sql`${id}::text` : sql.raw(kind === "run" ? "results.run_id" : "results.test_id");
}

function parentCondition({ kind, ids }: ResultParents) {
  if (kind === "all") return sql<boolean>`true`;
  return sql<boolean>`${sql.raw(kind === "run" ? "results.run_id" : "results.test_id")} = any(${ids}::uuid[])`;
}

async function countPlanned(db: Db, scope: Scope, list: Pick<ResultList, "parents" | "filter">): Promise<ReadonlyMap<string, number>> {
  const { parents, filter } = list;
  const wanted = unstoredStatuses(filter);
  const statuses = statusesWith(wanted);
  const runs = await findOpenRuns(db, scope, { statuses, filter, ids: parents.kind === "run" ? parents.ids : null, from: null, to: null, newestFirst: true, limit: ALL_RUNS });
  const testIds = testsOf(list);
  const places = testIds === null ? null : await findPlacesOfTests(db, scope, testIds, runs.map(({ id }) => id));
  const byId = new Map(runs.map((run) => [run.id, run]));
  const stretches: readonly Stretch[] =
    places === null
      ? runs.map((run) => ({ testId: null, run, from: run.firstOpen, to: run.total }))
      : places.flatMap(({ testId, runId, position }) => {
          const run = byId.get(runId);
          return run === undefined ? [] : [{ testId, run, from: Math.max(run.firstOpen, (position - 1) * run.trials + 1), to: position * run.trials }];
        });
  const index = new Map(parents.ids.map((id, place) => [id, place]));
  const searchOf = ({ testId, run }: Stretch): number => index.get(parents.kind === "all" ? (parents.ids[0] ?? "") : parents.kind === "run" ? run.id : (testId ?? "")) ?? 0;
  const counts = await countUnstored(db, scope, stretches.flatMap((stretch) => windowsOf(stretch, wanted, searchOf(stretch))), filter);
  return new Map([...index].map(([id, place]) => [id, counts.get(place) ?? 0]));
}

interface Stretch {
  readonly testId: string | null;
  readonly run: OpenRun;
  readonly from: number;
  readonly to: number;
}

/** The stretch without those whose status does not count: what is in work cuts it into pieces, or is all that counts. */
function windowsOf({ run, from, to }: Stretch, wanted: readonly string[], search: number): Window[] {
  const window = (first: number, last: number): Window => ({ search, place: 0, run, from: first, to: last, take: 0 });
  if (run.status === TestRunStatus.CANCELLED) return from <= to ? [window(from, to)] : [];
  const busy = run.running.filter((ordinal) => ordinal >= from && ordinal <= to);
  if (!wanted.includes(TestResultStatus.PENDING)) return busy.map((ordinal) => window(ordinal, ordinal));
  if (wanted.includes(TestResultStatus.RUNNING)) return from <= to ? [window(from, to)] : [];
  const edges = [from - 1, ...busy, to + 1];
  return edges.slice(1).flatMap((edge, index) => {
    const first = (edges[index] ?? 0) + 1;
    return first < edge ? [window(first, edge - 1)] : [];
  });
}
