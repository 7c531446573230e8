import { type SelectQueryBuilder, sql } from "kysely";
import { type Database, type Db, isOneOf, type OrderColumn, type Page, type PageArgs, pagesOfParents, parsePaging, subqueries } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { Test } from "./test.js";
import type { TestFilter } from "./test-filter.js";
import { testConditions } from "./test-filter.repository.js";

/** What a list of tests is asked for by; the cursors of one are no cursors of another. */
export interface TestListArgs {
  readonly filter: TestFilter | null;
  readonly orderBy: TestOrder;
  readonly page: PageArgs;
}
export interface TestOrder {
  readonly field: "POSITION" | "CREATED_AT";
  readonly direction: "ASC" | "DESC";
}

const TEST_COLUMNS = [
  "tests.organizationId", "tests.id", "tests.testSetId", "tests.position", "tests.createdAt", "tests.updatedAt", "tests.deletedAt",
  "testRevisions.id as revisionId", "testRevisions.type", "testRevisions.key", "testRevisions.promptId", "testRevisions.conversation",
  "testRevisions.behaviorId", "testRevisions.categoryId", "testRevisions.topicId", "testRevisions.useCaseId", "testRevisions.tags", "testRevisions.metadata",
] as const; // prettier-ignore

/** The tests with their newest content, those that were removed included. */
export function findTestsByIds(db: Db, scope: Scope, ids: readonly string[]): Promise<Test[]> {
  return db
    .selectFrom("tests")
    .innerJoinLateral(
      (eb) => eb.selectFrom("testRevisions").selectAll().where("testRevisions.organizationId", "=", scope.organizationId).whereRef("testRevisions.testId", "=", "tests.id").orderBy("testRevisions.addedInVersion", "desc").limit(1).as("testRevisions"),
      (join) => join.onTrue(),
    )
    .select(TEST_COLUMNS)
    .where("tests.organizationId", "=", scope.organizationId)
    .where(isOneOf("tests.id", ids))
    .execute();
}

/** The tests that the set has now, by their keys. */
export function findTestsByKeys(db: Db, scope: Scope, testSetId: string, keys: readonly string[]): Promise<Test[]> {
  return presentTests(db, scope, null).select(TEST_COLUMNS).where("testRevisions.testSetId", "=", testSetId).where(isOneOf("testRevisions.key", keys, "text")).execute();
}

/** A page of the tests of each set, as they are now: one statement for all sets, and one more for each cursor given. */
export async function pageTestsBySetIds(db: Db, scope: Scope, testSetIds: readonly string[], args: TestListArgs): Promise<ReadonlyMap<string, Page<Test>>> {
  const paging = parsePaging(args.page, ["tests", args.orderBy, args.filter]);
  const children = () => testsOfParent(scope, args.filter).select(TEST_COLUMNS);
  return pagesOfParents<Test>(db, testSetIds, { children, order: orderColumns(args.orderBy, args.filter === null), parentOf: (test) => test.testSetId }, paging);
}

/** How many tests of each set match. */
export async function countTestsBySetIds(db: Db, scope: Scope, testSetIds: readonly string[], filter: TestFilter | null): Promise<ReadonlyMap<string, number>> {
  const rows = await presentTests(db, scope, filter)
    .select(["testRevisions.testSetId", (eb) => eb.fn.countAll<number>().as("count")])
    .where(isOneOf("testRevisions.testSetId", testSetIds))
    .groupBy("testRevisions.testSetId")
    .execute();
  return new Map(rows.map((row) => [row.testSetId, row.count]));
}

type TestQuery = SelectQueryBuilder<Database, "testRevisions" | "tests", object>;

function presentTests(db: Pick<Db, "selectFrom">, scope: Scope, filter: TestFilter | null): TestQuery {
  const query = db
    .selectFrom("testRevisions")
    .innerJoin("tests", (join) => join.on("tests.organizationId", "=", scope.organizationId).onRef("tests.id", "=", "testRevisions.testId"))
    .where("testRevisions.organizationId", "=", scope.organizationId)
    .where("testRevisions.removedInVersion", "is", null);
  return testConditions(scope, filter).reduce((narrowed, condition) => narrowed.where(condition), query);
}

/** For a list of children: the tests of the set that the row `parents(id)` names. */
function testsOfParent(scope: Scope, filter: TestFilter | null): TestQuery {
  const query = presentTests(subqueries(), scope, filter).where(sql.ref("testRevisions.testSetId"), "=", sql.ref("parents.id"));
  // Said of both tables, so that whichever index serves the order can be read from its start.
  return query.where(sql.ref("tests.testSetId"), "=", sql.ref("parents.id")).where("tests.deletedAt", "is", null);
}

function orderColumns({ field, direction }: TestOrder, isWhole: boolean): readonly OrderColumn[] {
  const asc = direction === "ASC" ? "asc" : "desc";
  // Places are unique in a set.
  const place = (ref: string): OrderColumn => ({ ref, key: "position", direction: asc, type: "integer" });
  if (field === "POSITION") return [place("testRevisions.position")];
  // Tests made together have one time: their place keeps them in the order in which they were given. As a row of the
  // index where all are listed; under a filter the planner would take that for few tests, and begin with them.
  return [{ ref: "tests.createdAt", key: "createdAt", direction: asc, type: "timestamptz", ...(isWhole ? { asRow: true } : {}) }, place("tests.position")];
}

/** The positions of the sets' tests that were removed, by set. One statement. */
export async function findRemovedPositions(db: Db, scope: Scope, testSetIds: readonly string[]): Promise<ReadonlyMap<string, ReadonlySet<number>>> {
  const rows = await db.selectFrom("tests").select(["testSetId", "position"]).where("organizationId", "=", scope.organizationId).where(isOneOf("testSetId", testSetIds)).where("deletedAt", "is not", null).execute();
  return new Map([...Map.groupBy(rows, (row) => row.testSetId)].map(([id, group]) => [id, new Set(group.map((row) => row.position))]));
}
