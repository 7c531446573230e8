import { type SelectQueryBuilder, sql } from "kysely";
import { type Database, type Db, isOneOf, keyset, type OrderColumn, type Page, type PageArgs, type Paging, parsePaging, subqueries, toPage } from "../db/index.js";
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

/** A page of the tests of each set, as they are now: one statement for all sets, or two when a cursor is given. */
export async function pageTestsBySetIds(db: Db, scope: Scope, testSetIds: readonly string[], args: TestListArgs): Promise<ReadonlyMap<string, Page<Test>>> {
  const order = orderColumns(args.orderBy);
  const paging = parsePaging(args.page, ["tests", args.orderBy, args.filter]);
  const rows = await db
    .selectFrom(parentsOf(testSetIds))
    .innerJoinLateral(keyset(testsOfParent(scope, args.filter).select(TEST_COLUMNS), order, paging).as("page"), (join) => join.onTrue())
    .selectAll("page")
    .orderBy(sql.join(order.map(({ key, direction }) => sql`${sql.ref(`page.${key}`)} ${sql.raw((direction === "asc") !== paging.backward ? "asc" : "desc")}`)))
    .execute();
  const groups = new Map<string, Test[]>(testSetIds.map((id) => [id, []]));
  for (const row of rows) groups.get(row.testSetId)?.push(row);
  const outside = { after: await findParentsOutside(db, scope, testSetIds, args.filter, order, paging, "after"), before: await findParentsOutside(db, scope, testSetIds, args.filter, order, paging, "before") };
  const [start, end] = paging.backward ? [outside.before, outside.after] : [outside.after, outside.before];
  const pages = await Promise.all(testSetIds.map(async (id) => [id, await toPage(groups.get(id) ?? [], order, paging, () => Promise.resolve(start.has(id)), () => Promise.resolve(end.has(id)))] as const));
  return new Map(pages);
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

function parentsOf(ids: readonly string[]) {
  return sql<{ parentId: string }>`unnest(${ids}::uuid[])`.as<"parent">(sql`parent(parent_id)`);
}

/** For a lateral join with `parentsOf`. */
function testsOfParent(scope: Scope, filter: TestFilter | null): TestQuery {
  const query = presentTests(subqueries(), scope, filter).where(sql.ref("testRevisions.testSetId"), "=", sql.ref("parent.parentId"));
  // Said of both tables, so that whichever index serves the order can be read from its start.
  return query.where(sql.ref("tests.testSetId"), "=", sql.ref("parent.parentId")).where("tests.deletedAt", "is", null);
}

/** The sets that have matching tests outside the part that the cursor bounds, its own row included. */
async function findParentsOutside(db: Db, scope: Scope, ids: readonly string[], filter: TestFilter | null, order: readonly OrderColumn[], paging: Paging, field: "after" | "before"): Promise<ReadonlySet<string>> {
  const cursor = paging[field];
  if (cursor === null) return new Set();
  // Places are unique in a set, so the id at the order's end adds nothing; and one comparison of rows is a range of the index.
  const columns = order.slice(0, -1);
  const operator = sql.raw((columns[0]?.direction === "asc") === (field === "after") ? "<=" : ">=");
  const refs = sql.join(columns.map((column) => sql.ref(column.ref)));
  const values = sql.join(columns.map((column, index) => sql`${cursor[index] ?? null}::${sql.raw(column.type)}`));
  const rows = await db
    .selectFrom(parentsOf(ids))
    .select("parent.parentId")
    .where((eb) => eb.exists(testsOfParent(scope, filter).where(sql<boolean>`(${refs}) ${operator} (${values})`).select(sql<number>`1`.as("one"))))
    .execute();
  return new Set(rows.map((row) => row.parentId));
}

function orderColumns({ field, direction }: TestOrder): readonly OrderColumn[] {
  const asc = direction === "ASC" ? "asc" : "desc";
  const place = (ref: string): OrderColumn => ({ ref, key: "position", direction: asc, type: "integer" });
  const id: OrderColumn = { ref: "tests.id", key: "id", direction: asc, type: "uuid" };
  if (field === "POSITION") return [place("testRevisions.position"), id];
  // Tests made together have one time: their place keeps them in the order in which they were given.
  return [{ ref: "tests.createdAt", key: "createdAt", direction: asc, type: "timestamptz" }, place("tests.position"), id];
}

/** The positions of the sets' tests that were removed, by set. One statement. */
export async function findRemovedPositions(db: Db, scope: Scope, testSetIds: readonly string[]): Promise<ReadonlyMap<string, ReadonlySet<number>>> {
  const rows = await db.selectFrom("tests").select(["testSetId", "position"]).where("organizationId", "=", scope.organizationId).where(isOneOf("testSetId", testSetIds)).where("deletedAt", "is not", null).execute();
  return new Map([...Map.groupBy(rows, (row) => row.testSetId)].map(([id, group]) => [id, new Set(group.map((row) => row.position))]));
}
