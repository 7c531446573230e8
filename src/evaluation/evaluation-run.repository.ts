import { type Insertable, type SelectQueryBuilder, sql } from "kysely";
import { type Database, type Db, isOneOf, type OrderColumn, type Page, type PageArgs, pageOf, pagesOfParents, parsePaging, subqueries, type Trx } from "../db/index.js";
import { IdKind, isId } from "../ids.js";
import type { Scope } from "../viewer.js";
import type { EvaluationRun, EvaluationRunStatus } from "./evaluation-run.js";
import type { EvaluationRunTable } from "./evaluation.table.js";

/** Which evaluation runs are meant; the fields are ANDed, and an ill-formed id matches nothing. */
export interface EvaluationRunFilter {
  readonly testCaseId: string | null;
  readonly testCaseVersion: number | null;
  readonly endpointId: string | null;
  readonly status: readonly EvaluationRunStatus[] | null;
}

/** A list of a test case's runs. */
export interface RunsOfTestCaseArgs {
  readonly version: number | null;
  readonly status: readonly EvaluationRunStatus[] | null;
  readonly page: PageArgs;
}

const NEWEST_FIRST: readonly OrderColumn[] = [
  { ref: "evaluationRuns.queuedAt", key: "queuedAt", direction: "desc", type: "timestamptz" },
  { ref: "evaluationRuns.id", key: "id", direction: "desc", type: "uuid" },
];

type RunQuery = SelectQueryBuilder<Database, "evaluationRuns", object>;

/** The status by the test run's status and phase, as `evaluationStatus` says it. */
const STATUS = sql<string>`case test_runs.status
  when 'RUNNING' then case when test_runs.answered >= test_runs.total then 'EVALUATING_RESULTS' else 'RUNNING_DATASET' end
  when 'PAUSED' then case when test_runs.answered >= test_runs.total then 'EVALUATING_RESULTS' else 'RUNNING_DATASET' end
  when 'COMPLETED' then 'SUCCESSFUL' when 'PARTIAL' then 'PARTIALLY_SUCCESSFUL' else test_runs.status end`;

function filtered(db: Pick<Db, "selectFrom">, scope: Scope, filter: Partial<EvaluationRunFilter>): RunQuery {
  let query: RunQuery = db.selectFrom("evaluationRuns").where("evaluationRuns.organizationId", "=", scope.organizationId);
  if (filter.testCaseId != null) query = query.where(isOneOf("evaluationRuns.testCaseId", isId(filter.testCaseId, IdKind.EVALUATION_TEST_CASE) ? [filter.testCaseId] : []));
  if (filter.endpointId != null) query = query.where(isOneOf("evaluationRuns.endpointId", isId(filter.endpointId, IdKind.ENDPOINT) ? [filter.endpointId] : []));
  if (filter.testCaseVersion != null) query = query.where("evaluationRuns.testCaseVersion", "=", filter.testCaseVersion);
  if (filter.status == null) return query;
  const ofStatus = subqueries()
    .selectFrom("testRuns")
    .select(sql<number>`1`.as("one"))
    .where("testRuns.organizationId", "=", scope.organizationId)
    .where(sql<boolean>`test_runs.id = evaluation_runs.run_id and ${STATUS} = any(${[...filter.status]}::text[])`);
  return query.where((eb) => eb.exists(ofStatus));
}

export function findEvaluationRunsByIds(db: Db, scope: Scope, ids: readonly string[]): Promise<EvaluationRun[]> {
  return filtered(db, scope, {}).selectAll("evaluationRuns").where(isOneOf("evaluationRuns.id", ids)).execute();
}

/** The evaluation runs that the test runs belong to. */
export function findEvaluationRunsByTestRunIds(db: Db, scope: Scope, runIds: readonly string[]): Promise<EvaluationRun[]> {
  return filtered(db, scope, {}).selectAll("evaluationRuns").where(isOneOf("evaluationRuns.runId", runIds)).execute();
}

/** A page, newest first. */
export function listEvaluationRuns(db: Db, scope: Scope, args: { filter: EvaluationRunFilter; page: PageArgs }): Promise<Page<EvaluationRun>> {
  return pageOf(filtered(db, scope, args.filter).selectAll("evaluationRuns"), NEWEST_FIRST, parsePaging(args.page, ["evaluationRuns", args.filter]));
}

export async function countEvaluationRuns(db: Db, scope: Scope, filter: EvaluationRunFilter): Promise<number> {
  return (await filtered(db, scope, filter).select((eb) => eb.fn.countAll<number>().as("count")).executeTakeFirstOrThrow()).count;
}

/** A page of the runs of each test case, newest first. */
export function listRunsOfTestCases(db: Db, scope: Scope, testCaseIds: readonly string[], { version, status, page }: RunsOfTestCaseArgs): Promise<ReadonlyMap<string, Page<EvaluationRun>>> {
  const paging = parsePaging(page, ["evaluationTestCase.evaluationRuns", version, status]);
  const children = () => filtered(subqueries(), scope, { testCaseVersion: version, status }).selectAll("evaluationRuns").where(sql<boolean>`evaluation_runs.test_case_id = parents.id`);
  return pagesOfParents<EvaluationRun>(db, testCaseIds, { children, order: NEWEST_FIRST, parentOf: (row) => row.testCaseId }, paging);
}

/** How many runs each test case has under the filter. */
export async function countRunsByTestCaseIds(db: Db, scope: Scope, testCaseIds: readonly string[], filter: Pick<EvaluationRunFilter, "testCaseVersion" | "status">): Promise<ReadonlyMap<string, number>> {
  const rows = await filtered(db, scope, filter)
    .select((eb) => ["evaluationRuns.testCaseId", eb.fn.countAll<number>().as("count")])
    .where(isOneOf("evaluationRuns.testCaseId", testCaseIds))
    .groupBy("evaluationRuns.testCaseId")
    .execute();
  return new Map(rows.map((row) => [row.testCaseId, row.count]));
}

/** How many runs each test case has had in its latest version. */
export async function countLatestVersionRuns(db: Db, scope: Scope, testCaseIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const rows = await filtered(db, scope, {})
    .innerJoin("evaluationTestCases", (join) =>
      join.on("evaluationTestCases.organizationId", "=", scope.organizationId).onRef("evaluationTestCases.id", "=", "evaluationRuns.testCaseId").onRef("evaluationTestCases.version", "=", "evaluationRuns.testCaseVersion"),
    )
    .select((eb) => ["evaluationRuns.testCaseId", eb.fn.countAll<number>().as("count")])
    .where(isOneOf("evaluationRuns.testCaseId", testCaseIds))
    .groupBy("evaluationRuns.testCaseId")
    .execute();
  return new Map(rows.map((row) => [row.testCaseId, row.count]));
}

export async function insertEvaluationRun(trx: Trx, row: Insertable<EvaluationRunTable>): Promise<void> {
  await trx.insertInto("evaluationRuns").values(row).execute();
}
