import type DataLoader from "dataloader";
import { byParentAndArgs, type ChildKey, type Db, EMPTY_PAGE, type LoaderOptions, oneByKey, type Page, type PageArgs, parsePaging, valueByKey } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { EvaluationRun, EvaluationRunStatus } from "./evaluation-run.js";
import { countLatestVersionRuns, countRunsByTestCaseIds, findEvaluationRunsByIds, findEvaluationRunsByTestRunIds, listRunsOfTestCases, type RunsOfTestCaseArgs } from "./evaluation-run.repository.js";
import type { EvaluationTestCase, EvaluationTestCaseVersion } from "./test-case.js";
import { countVersionsByTestCaseIds, findTestCasesByIds, findTestCaseVersionsByIds, listVersionsOfTestCases } from "./test-case.repository.js";

type CountArgs = { readonly version: number | null; readonly status: readonly EvaluationRunStatus[] | null };

export interface EvaluationLoaders {
  readonly testCaseById: DataLoader<string, EvaluationTestCase | null>;
  readonly versionById: DataLoader<string, EvaluationTestCaseVersion | null>;
  readonly versionsPage: DataLoader<ChildKey<PageArgs>, Page<EvaluationTestCaseVersion>, string>;
  readonly versionCount: DataLoader<string, number>;
  readonly runById: DataLoader<string, EvaluationRun | null>;
  readonly ofTestRun: DataLoader<string, EvaluationRun | null>;
  readonly runsPage: DataLoader<ChildKey<RunsOfTestCaseArgs>, Page<EvaluationRun>, string>;
  readonly runCount: DataLoader<ChildKey<CountArgs>, number, string>;
  readonly latestVersionRuns: DataLoader<string, number>;
}

/** The loaders of one viewer over evaluation test cases and runs. */
export function createEvaluationLoaders(db: Db, scope: Scope, options: LoaderOptions): EvaluationLoaders {
  return {
    testCaseById: oneByKey(options, (ids) => findTestCasesByIds(db, scope, ids), (row) => row.id),
    versionById: oneByKey(options, (ids) => findTestCaseVersionsByIds(db, scope, ids), (row) => row.id),
    versionsPage: byParentAndArgs(options, (ids, args: PageArgs) => listVersionsOfTestCases(db, scope, ids, parsePaging(args, "evaluationTestCase.versions")), () => EMPTY_PAGE),
    versionCount: valueByKey(options, (ids) => countVersionsByTestCaseIds(db, scope, ids), 0),
    runById: oneByKey(options, (ids) => findEvaluationRunsByIds(db, scope, ids), (row) => row.id),
    ofTestRun: oneByKey(options, (ids) => findEvaluationRunsByTestRunIds(db, scope, ids), (row) => row.runId),
    runsPage: byParentAndArgs(options, (ids, args: RunsOfTestCaseArgs) => listRunsOfTestCases(db, scope, ids, args), () => EMPTY_PAGE),
    runCount: byParentAndArgs(options, (ids, { version, status }: CountArgs) => countRunsByTestCaseIds(db, scope, ids, { testCaseVersion: version, status }), () => 0),
    latestVersionRuns: valueByKey(options, (ids) => countLatestVersionRuns(db, scope, ids), 0),
  };
}

declare module "../graphql/context.js" {
  interface Loaders {
    evaluation: EvaluationLoaders;
  }
}
