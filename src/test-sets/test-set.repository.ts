import { type SelectQueryBuilder, sql } from "kysely";
import { type Database, type DateTimeFilter, type Db, isNamed, isOneOf, type OrderColumn, type Page, pageOf, type PageArgs, parsePaging, storableText, type StringFilter, stringConditions, timeConditions, type Trx } from "../db/index.js";
import type { RefSource } from "../entity-ref.js";
import { IdKind, isId } from "../ids.js";
import type { Scope } from "../viewer.js";
import type { TestSet, TestType } from "./test-set.js";

/** Which sets are meant; the fields are ANDed. */
export interface TestSetFilter {
  readonly name?: StringFilter | null;
  readonly projectId?: string | null;
  readonly type?: TestType | null;
  /** The set carries each of these. */
  readonly tags?: readonly string[] | null;
  readonly createdAt?: DateTimeFilter | null;
}
export interface TestSetOrder {
  readonly field: "CREATED_AT" | "UPDATED_AT" | "NAME";
  readonly direction: "ASC" | "DESC";
}

/** The sets, deleted ones included. */
export function findTestSetsByIds(db: Db, scope: Scope, ids: readonly string[]): Promise<TestSet[]> {
  return db.selectFrom("testSets").selectAll().where("organizationId", "=", scope.organizationId).where(isOneOf("id", ids)).execute();
}

/** Sets by their names in whatever case, without deleted ones; of one project where it is given. */
export function findTestSetsByNames(db: Db, scope: Scope, names: readonly string[], projectId?: string | null): Promise<TestSet[]> {
  if (projectId != null && !isId(projectId, IdKind.PROJECT)) return Promise.resolve([]);
  const query = db
    .selectFrom("testSets")
    .selectAll()
    .where("organizationId", "=", scope.organizationId)
    .where("deletedAt", "is", null)
    .where(isNamed("name", names));
  return (projectId == null ? query : query.where("projectId", "=", projectId)).orderBy("id").execute();
}

/** How refs find sets; in one project where it is given. */
export function testSetRefs(db: Db, scope: Scope, projectId?: string | null): RefSource<TestSet> {
  return {
    kind: IdKind.TEST_SET,
    thing: "test set",
    findByIds: async (ids) => (await findTestSetsByIds(db, scope, ids)).filter((row) => projectId == null || row.projectId === projectId),
    findByNames: (names) => findTestSetsByNames(db, scope, names, projectId),
  };
}

/** A page of the sets that are not deleted. */
export function listTestSets(db: Db, scope: Scope, args: { filter: TestSetFilter | null; orderBy: TestSetOrder; page: PageArgs }): Promise<Page<TestSet>> {
  const direction = args.orderBy.direction === "ASC" ? "asc" : "desc";
  const first = {
    CREATED_AT: { ref: "testSets.createdAt", key: "createdAt", direction, type: "timestamptz" },
    UPDATED_AT: { ref: "testSets.updatedAt", key: "updatedAt", direction, type: "timestamptz" },
    NAME: { ref: "testSets.name", key: "name", direction, type: "text" },
  } as const satisfies Record<TestSetOrder["field"], OrderColumn>;
  const order: readonly OrderColumn[] = [first[args.orderBy.field], { ref: "testSets.id", key: "id", direction, type: "uuid" }];
  return pageOf(listedTestSets(db, scope, args.filter).selectAll(), order, parsePaging(args.page, ["testSets", args.orderBy, args.filter]));
}

/** How many sets match. */
export async function countTestSets(db: Db, scope: Scope, filter: TestSetFilter | null): Promise<number> {
  return (await listedTestSets(db, scope, filter).select((eb) => eb.fn.countAll<number>().as("count")).executeTakeFirstOrThrow()).count;
}

function listedTestSets(db: Db, scope: Scope, filter: TestSetFilter | null): SelectQueryBuilder<Database, "testSets", object> {
  let query: SelectQueryBuilder<Database, "testSets", object> = db.selectFrom("testSets").where("organizationId", "=", scope.organizationId).where("deletedAt", "is", null);
  if (filter === null) return query;
  if (filter.projectId != null) query = isId(filter.projectId, IdKind.PROJECT) ? query.where("projectId", "=", filter.projectId) : query.where(sql<boolean>`false`);
  if (filter.type != null) query = query.where("type", "=", filter.type);
  if (filter.tags != null) query = query.where(sql<boolean>`tags @> ${filter.tags.map(storableText)}::text[]`);
  for (const condition of [...stringConditions("name", filter.name), ...timeConditions("createdAt", filter.createdAt)]) query = query.where(condition);
  return query;
}

/** The set, locked until the transaction ends: whoever changes its tests comes one after the other. */
export async function lockTestSetById(trx: Trx, scope: Scope, id: string): Promise<TestSet | null> {
  return (await trx.selectFrom("testSets").selectAll().where("organizationId", "=", scope.organizationId).where("id", "=", id).forNoKeyUpdate().executeTakeFirst()) ?? null;
}

export async function insertTestSet(trx: Trx, row: TestSet): Promise<void> {
  await trx.insertInto("testSets").values({ ...row, attributes: JSON.stringify(row.attributes) }).execute();
}

/** What a mutation may change of a set; what is undefined stays. */
export interface TestSetChanges {
  readonly name?: string | undefined;
  readonly description?: string | null | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly attributes?: TestSet["attributes"] | undefined;
  readonly version?: number | undefined;
  readonly testCount?: number | undefined;
  readonly lastPosition?: number | undefined;
  readonly deletedAt?: Date | undefined;
  readonly updatedAt: Date;
}

/** The set after the changes; the caller holds its lock. */
export function updateTestSet(trx: Trx, scope: Scope, id: string, changes: TestSetChanges): Promise<TestSet> {
  return trx
    .updateTable("testSets")
    .set({
      name: changes.name,
      description: changes.description,
      tags: changes.tags,
      attributes: changes.attributes === undefined ? undefined : JSON.stringify(changes.attributes),
      version: changes.version,
      testCount: changes.testCount,
      lastPosition: changes.lastPosition,
      deletedAt: changes.deletedAt,
      updatedAt: changes.updatedAt,
    })
    .where("organizationId", "=", scope.organizationId)
    .where("id", "=", id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Counts one more run of the set and answers its number, from 1: for default names. */
export async function takeRunNumber(trx: Trx, scope: Scope, id: string): Promise<number> {
  const { runCount } = await trx
    .updateTable("testSets")
    .set((eb) => ({ runCount: eb("runCount", "+", 1) }))
    .where("organizationId", "=", scope.organizationId)
    .where("id", "=", id)
    .returning("runCount")
    .executeTakeFirstOrThrow();
  return runCount;
}
