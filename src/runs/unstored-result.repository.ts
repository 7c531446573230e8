import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { findPlannedTests, findRunningOrdinals } from "./plan.repository.js";
import { positionOf, type TestResult } from "./result.js";
import { isTerminal, type TestRun } from "./run.js";
import { plannedResult } from "./unstored-search.js";

/** The planned results of a run at ordinals that have no row, answered from its plan, with the status that the given state of the run implies. To be read in the snapshot that showed no rows. */
export async function findUnstoredResults(db: Db, scope: Scope, run: TestRun, ordinals: readonly number[]): Promise<TestResult[]> {
  if (ordinals.length === 0) return [];
  const positions = [...new Set(ordinals.map((ordinal) => positionOf(ordinal, run.trials)))].map((position) => ({ runId: run.id, position }));
  const tests = new Map((await findPlannedTests(db, scope, positions)).map((test) => [test.position, test]));
  const running = isTerminal(run.status) ? [] : ((await findRunningOrdinals(db, scope, [run.id])).get(run.id) ?? []);
  return ordinals.flatMap((ordinal) => {
    const test = tests.get(positionOf(ordinal, run.trials));
    return test === undefined ? [] : [plannedResult({ ...run, running }, { ordinal, testId: test.testId, testRevisionId: test.testRevisionId })];
  });
}
