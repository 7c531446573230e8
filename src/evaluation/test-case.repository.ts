import { type Insertable, type SelectQueryBuilder, sql } from "kysely";
import { type Database, type Db, isNamed, isOneOf, type OrderColumn, type Page, type PageArgs, pageOf, pagesOfParents, type Paging, parsePaging, type StringFilter, stringConditions, subqueries, type Trx } from "../db/index.js";
import type { RefSource } from "../entity-ref.js";
import { IdKind, isId } from "../ids.js";
import type { Scope } from "../viewer.js";
import type { EvaluationTestCaseTable, EvaluationTestCaseVersionTable } from "./evaluation.table.js";
import type { EvaluationTestCase, EvaluationTestCaseVersion } from "./test-case.js";

/** Which test cases are meant; the fields are ANDed. */
export interface TestCaseFilter {
  readonly name: StringFilter | null;
  readonly projectId: string | null;
  readonly includeArchived: boolean;
}

const CONTENT = ["description", "testSetId", "metricIds", "starMetricId", "successThreshold", "successThresholdPct"] as const;

type CaseQuery = SelectQueryBuilder<Database, "evaluationTestCases" | "evaluationTestCaseVersions", object>;

/** Test cases joined with their latest versions. */
function cases(db: Db, scope: Scope): CaseQuery {
  return db
    .selectFrom("evaluationTestCases")
    .innerJoin("evaluationTestCaseVersions", (join) =>
      join
        .on("evaluationTestCaseVersions.organizationId", "=", scope.organizationId)
        .onRef("evaluationTestCaseVersions.testCaseId", "=", "evaluationTestCases.id")
        .onRef("evaluationTestCaseVersions.version", "=", "evaluationTestCases.version"),
    )
    .where("evaluationTestCases.organizationId", "=", scope.organizationId);
}

function withContent(query: CaseQuery) {
  return query.selectAll("evaluationTestCases").select(CONTENT.map((column) => `evaluationTestCaseVersions.${column}` as const));
}

/** With archived ones. */
export function findTestCasesByIds(db: Db, scope: Scope, ids: readonly string[]): Promise<EvaluationTestCase[]> {
  return withContent(cases(db, scope)).where(isOneOf("evaluationTestCases.id", ids)).execute();
}

/** How refs find test cases; names are those of cases that are not archived. Of all projects unless one is given. */
export function testCaseRefs(db: Db, scope: Scope, projectId: string | null = null): RefSource<EvaluationTestCase> {
  return {
    kind: IdKind.EVALUATION_TEST_CASE,
    thing: "evaluation test case",
    findByIds: async (ids) => (await findTestCasesByIds(db, scope, ids)).filter((each) => projectId === null || each.projectId === projectId),
    findByNames: (names) => {
      const named = withContent(cases(db, scope))
        .where("evaluationTestCases.archivedAt", "is", null)
        .where(isNamed("evaluationTestCases.name", names));
      return (projectId === null ? named : named.where("evaluationTestCases.projectId", "=", projectId)).orderBy("evaluationTestCases.id").execute();
    },
  };
}

/** A page, newest first. */
export function listTestCases(db: Db, scope: Scope, args: { filter: TestCaseFilter; page: PageArgs }): Promise<Page<EvaluationTestCase>> {
  return pageOf(withContent(filtered(db, scope, args.filter)), [{ ref: "evaluationTestCases.id", key: "id", direction: "desc", type: "uuid" }], parsePaging(args.page, ["evaluationTestCases", args.filter]));
}

export async function countTestCases(db: Db, scope: Scope, filter: TestCaseFilter): Promise<number> {
  return (await filtered(db, scope, filter).select((eb) => eb.fn.countAll<number>().as("count")).executeTakeFirstOrThrow()).count;
}

function filtered(db: Db, scope: Scope, { name, projectId, includeArchived }: TestCaseFilter): CaseQuery {
  let query = cases(db, scope);
  if (!includeArchived) query = query.where("evaluationTestCases.archivedAt", "is", null);
  // An ill-formed id is that of nothing.
  if (projectId !== null) query = query.where(isOneOf("evaluationTestCases.projectId", isId(projectId, IdKind.PROJECT) ? [projectId] : []));
  return stringConditions("evaluationTestCases.name", name).reduce((narrowed, condition) => narrowed.where(condition), query);
}

/** Under lock: changes and runs of a test case come one after the other. Null when it is not there. */
export async function lockTestCase(trx: Trx, scope: Scope, id: string): Promise<EvaluationTestCase | null> {
  await trx.selectFrom("evaluationTestCases").select("id").where("organizationId", "=", scope.organizationId).where("id", "=", id).forNoKeyUpdate().execute();
  const [found] = await findTestCasesByIds(trx, scope, [id]);
  return found ?? null;
}

export async function insertTestCase(trx: Trx, row: Insertable<EvaluationTestCaseTable>): Promise<void> {
  await trx.insertInto("evaluationTestCases").values(row).execute();
}

/** Changes a test case that the caller has locked. */
export async function updateTestCase(trx: Trx, scope: Scope, id: string, changes: Partial<Pick<EvaluationTestCaseTable, "name" | "version" | "updatedAt" | "archivedAt">>): Promise<void> {
  await trx.updateTable("evaluationTestCases").set(changes).where("organizationId", "=", scope.organizationId).where("id", "=", id).execute();
}

export async function insertTestCaseVersion(trx: Trx, row: Insertable<EvaluationTestCaseVersionTable>): Promise<void> {
  await trx.insertInto("evaluationTestCaseVersions").values(row).execute();
}

export function findTestCaseVersionsByIds(db: Db, scope: Scope, ids: readonly string[]): Promise<EvaluationTestCaseVersion[]> {
  return db.selectFrom("evaluationTestCaseVersions").selectAll().where("organizationId", "=", scope.organizationId).where(isOneOf("id", ids)).execute();
}

export async function findTestCaseVersion(db: Db, scope: Scope, testCaseId: string, version: number): Promise<EvaluationTestCaseVersion | null> {
  const found = await db.selectFrom("evaluationTestCaseVersions").selectAll().where("organizationId", "=", scope.organizationId).where("testCaseId", "=", testCaseId).where("version", "=", version).executeTakeFirst();
  return found ?? null;
}

const LATEST_FIRST: readonly OrderColumn[] = [{ ref: "evaluationTestCaseVersions.version", key: "version", direction: "desc", type: "integer" }];

/** A page of versions of each test case, newest first. */
export function listVersionsOfTestCases(db: Db, scope: Scope, testCaseIds: readonly string[], paging: Paging): Promise<ReadonlyMap<string, Page<EvaluationTestCaseVersion>>> {
  const children = () =>
    subqueries().selectFrom("evaluationTestCaseVersions").selectAll("evaluationTestCaseVersions").where("evaluationTestCaseVersions.organizationId", "=", scope.organizationId).where(sql<boolean>`evaluation_test_case_versions.test_case_id = parents.id`);
  return pagesOfParents<EvaluationTestCaseVersion>(db, testCaseIds, { children, order: LATEST_FIRST, parentOf: (row) => row.testCaseId }, paging);
}

export async function countVersionsByTestCaseIds(db: Db, scope: Scope, testCaseIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom("evaluationTestCaseVersions")
    .select((eb) => ["testCaseId", eb.fn.countAll<number>().as("count")])
    .where("organizationId", "=", scope.organizationId)
    .where(isOneOf("testCaseId", testCaseIds))
    .groupBy("testCaseId")
    .execute();
  return new Map(rows.map((row) => [row.testCaseId, row.count]));
}
