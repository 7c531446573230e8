import { sql } from "kysely";
import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { findPlannedTests, findRunningOrdinals } from "./plan.repository.js";
import { positionOf, type TestResult } from "./result.js";
import { RESULT_COLUMNS, type ResultRow, toResult } from "./result-page.repository.js";
import { isTerminal, type TestRun } from "./run.js";
import { plannedResult } from "./unstored-search.js";

/**
 * The planned results of a stretch of a run's ordinals, both ends included, in their order: those without a row are
 * answered from the plan, with the status that the given state of the run implies. To be read in one snapshot.
 */
export async function findResultsOfRange(db: Db, scope: Scope, run: TestRun, { from, to }: { readonly from: number; readonly to: number }): Promise<TestResult[]> {
  const { rows } = await sql<ResultRow>`
    select ${RESULT_COLUMNS}
    from test_results results
    join test_runs runs on runs.organization_id = ${scope.organizationId} and runs.id = ${run.id}::uuid
    where results.organization_id = ${scope.organizationId} and results.run_id = ${run.id}::uuid and results.ordinal between ${from} and ${to}
    order by results.ordinal`.execute(db);
  const stored = rows.map(toResult);
  if (stored.length > to - from) return stored;
  const known = new Set(stored.map(({ ordinal }) => ordinal));
  const missing = Array.from({ length: to - from + 1 }, (_, index) => from + index).filter((ordinal) => !known.has(ordinal));
  const positions = [...new Set(missing.map((ordinal) => positionOf(ordinal, run.trials)))].map((position) => ({ runId: run.id, position }));
  const tests = new Map((await findPlannedTests(db, scope, positions)).map((test) => [test.position, test]));
  const running = isTerminal(run.status) ? [] : ((await findRunningOrdinals(db, scope, [run.id])).get(run.id) ?? []);
  const planned = missing.flatMap((ordinal) => {
    const test = tests.get(positionOf(ordinal, run.trials));
    return test === undefined ? [] : [plannedResult({ ...run, running }, { ordinal, testId: test.testId, testRevisionId: test.testRevisionId })];
  });
  return [...stored, ...planned].sort((a, b) => a.ordinal - b.ordinal);
}
