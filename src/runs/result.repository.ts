import { sql } from "kysely";
import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { findPlannedTests, findRunningOrdinals } from "./plan.repository.js";
import { positionOf, type TestResult } from "./result.js";
import { RESULT_COLUMNS, type ResultRow, toResult } from "./result-page.repository.js";
import { findRunsByIds } from "./run.repository.js";
import { isTerminal } from "./run.js";
import { inSnapshot } from "./snapshot.js";
import { plannedResult } from "./unstored-search.js";

/** Names a planned result. */
export interface ResultPlace {
  readonly runId: string;
  readonly ordinal: number;
}

/** The stored ones of the results, in no order. One statement. */
export async function findStoredResultsByPlaces(db: Db, scope: Scope, places: readonly ResultPlace[]): Promise<TestResult[]> {
  if (places.length === 0) return [];
  const { rows } = await sql<ResultRow>`
    select ${RESULT_COLUMNS}
    from unnest(${places.map((place) => place.runId)}::uuid[], ${places.map((place) => place.ordinal)}::integer[]) as places (run_id, ordinal)
    join test_results results on results.organization_id = ${scope.organizationId} and results.run_id = places.run_id and results.ordinal = places.ordinal
    join test_runs runs on runs.organization_id = ${scope.organizationId} and runs.id = results.run_id`.execute(db);
  return rows.map(toResult);
}

/** The stored ones of a run's ordinals, in their order. */
export async function findStoredResults(db: Db, scope: Scope, runId: string, ordinals: readonly number[]): Promise<TestResult[]> {
  const results = await findStoredResultsByPlaces(db, scope, ordinals.map((ordinal) => ({ runId, ordinal })));
  return results.sort((a, b) => a.ordinal - b.ordinal);
}

/** Finished results in the order in which they finished: past `after`, up to and with `upTo`. */
export async function findResultsBySeq(db: Db, scope: Scope, runId: string, args: { after: number; upTo: number; limit: number }): Promise<TestResult[]> {
  const { rows } = await sql<ResultRow>`
    select ${RESULT_COLUMNS}
    from test_results results
    join test_runs runs on runs.organization_id = ${scope.organizationId} and runs.id = results.run_id
    where results.organization_id = ${scope.organizationId} and results.run_id = ${runId}::uuid and results.seq > ${args.after}::bigint and results.seq <= ${args.upTo}::bigint
    order by results.seq limit ${args.limit}`.execute(db);
  return rows.map(toResult);
}

/** Planned results, those without a row answered from their runs' plans; a place that no plan has is left out. One statement where all are stored. */
export async function findResults(db: Db, scope: Scope, places: readonly ResultPlace[]): Promise<TestResult[]> {
  const stored = await findStoredResultsByPlaces(db, scope, places);
  const known = new Set(stored.map((result) => `${result.runId} ${result.ordinal}`));
  const missing = places.filter((place) => !known.has(`${place.runId} ${place.ordinal}`));
  if (missing.length === 0) return stored;
  // Looked for once more: a result that is stored in between would otherwise be shown as planned in a run that has ended.
  return inSnapshot(db, async (snapshot) => {
    const fresh = await findStoredResultsByPlaces(snapshot, scope, missing);
    const freshlyKnown = new Set(fresh.map((result) => `${result.runId} ${result.ordinal}`));
    return [...stored, ...fresh, ...(await findPlannedResults(snapshot, scope, missing.filter((place) => !freshlyKnown.has(`${place.runId} ${place.ordinal}`))))];
  });
}

async function findPlannedResults(db: Db, scope: Scope, places: readonly ResultPlace[]): Promise<TestResult[]> {
  const runs = new Map((await findRunsByIds(db, scope, [...new Set(places.map((place) => place.runId))])).map((run) => [run.id, run]));
  const planned = places.filter(({ runId, ordinal }) => ordinal >= 1 && ordinal <= (runs.get(runId)?.total ?? 0));
  const active = [...runs.values()].filter((run) => !isTerminal(run.status)).map((run) => run.id);
  const running = active.length === 0 ? new Map<string, number[]>() : await findRunningOrdinals(db, scope, active);
  const positions = planned.map(({ runId, ordinal }) => ({ runId, position: positionOf(ordinal, runs.get(runId)?.trials ?? 1) }));
  const tests = new Map((await findPlannedTests(db, scope, positions)).map((test) => [`${test.runId} ${test.position}`, test]));
  return planned.flatMap(({ runId, ordinal }) => {
    const run = runs.get(runId);
    const test = tests.get(`${runId} ${positionOf(ordinal, run?.trials ?? 1)}`);
    return run === undefined || test === undefined ? [] : [plannedResult({ ...run, running: running.get(runId) ?? [] }, { ordinal, testId: test.testId, testRevisionId: test.testRevisionId })];
  });
}
