import { type SelectQueryBuilder, sql } from "kysely";
import { type Database, type DateTimeFilter, type Db, isOneOf, type OrderColumn, type Page, type PageArgs, pageOf, pagesOfParents, type Paging, parsePaging, storableText, type StringFilter, stringConditions, subqueries, timeConditions } from "../db/index.js";
import { IdKind, isId } from "../ids.js";
import type { Scope } from "../viewer.js";
import type { TestRun, TestRunKind, TestRunStatus } from "./run.js";
import { RUN_COLUMNS } from "./run.repository.js";

/** Which runs are meant; the fields are ANDed, and an ill-formed id matches nothing. */
export interface TestRunFilter {
  readonly status?: readonly TestRunStatus[] | null | undefined;
  readonly kind?: readonly TestRunKind[] | null | undefined;
  readonly name?: StringFilter | null | undefined;
  readonly projectId?: string | null | undefined;
  readonly testSetId?: string | null | undefined;
  readonly testSetVersion?: number | null | undefined;
  readonly endpointId?: string | null | undefined;
  readonly configurationId?: string | null | undefined;
  readonly experimentId?: string | null | undefined;
  /** The run carries each of these. */
  readonly tags?: readonly string[] | null | undefined;
  /** Whether a result of it has a review. */
  readonly hasReviews?: boolean | null | undefined;
  readonly createdById?: string | null | undefined;
  readonly ownerId?: string | null | undefined;
  readonly assigneeId?: string | null | undefined;
  readonly createdAt?: DateTimeFilter | null | undefined;
  readonly finishedAt?: DateTimeFilter | null | undefined;
}
export interface TestRunOrder {
  readonly field: "CREATED_AT" | "FINISHED_AT" | "NAME";
  readonly direction: "ASC" | "DESC";
}

/** What a list of runs is asked for by; the cursors of one are no cursors of another. */
export interface RunListArgs {
  readonly filter: TestRunFilter | null;
  readonly orderBy: TestRunOrder;
  readonly page: PageArgs;
}

/** The column by which things have runs. */
export type RunParent = "testSetId" | "endpointId" | "configurationId" | "experimentId";

/** A page of all runs: one statement, or two when a cursor is given. */
export function pageRuns(db: Db, scope: Scope, args: RunListArgs): Promise<Page<TestRun>> {
  return pageOf(filteredRuns(db, scope, args.filter).select(RUN_COLUMNS), orderColumns(args.orderBy), pagingOf(args));
}

/** How many of all runs match. */
export async function countRuns(db: Db, scope: Scope, filter: TestRunFilter | null): Promise<number> {
  return (await filteredRuns(db, scope, filter).select((eb) => eb.fn.countAll<number>().as("count")).executeTakeFirstOrThrow()).count;
}

/** A page of the runs of each parent. */
export function pageRunsByParents(db: Db, scope: Scope, parent: RunParent, parentIds: readonly string[], args: RunListArgs): Promise<ReadonlyMap<string, Page<TestRun>>> {
  const children = () => filteredRuns(subqueries(), scope, args.filter).select(RUN_COLUMNS).where(sql.ref(`testRuns.${parent}`), "=", sql.ref("parents.id"));
  const list = { children, order: orderColumns(args.orderBy), parentOf: (row: TestRun) => row[parent] ?? "" };
  return pagesOfParents<TestRun>(db, parentIds, list, pagingOf(args));
}

/** How many runs of each parent match. */
export async function countRunsByParents(db: Db, scope: Scope, parent: RunParent, parentIds: readonly string[], filter: TestRunFilter | null): Promise<ReadonlyMap<string, number>> {
  const ref = `testRuns.${parent}` as const;
  const rows = await filteredRuns(db, scope, filter)
    .select([`${ref} as parentId`, (eb) => eb.fn.countAll<number>().as("count")])
    .where(isOneOf(ref, parentIds))
    .groupBy(ref)
    .execute();
  return new Map(rows.map((row) => [row.parentId ?? "", row.count]));
}

type RunQuery = SelectQueryBuilder<Database, "testRuns", object>;

const ID_KINDS = {
  projectId: IdKind.PROJECT,
  testSetId: IdKind.TEST_SET,
  endpointId: IdKind.ENDPOINT,
  configurationId: IdKind.TEST_CONFIGURATION,
  experimentId: IdKind.EXPERIMENT,
  createdById: IdKind.USER,
  ownerId: IdKind.USER,
  assigneeId: IdKind.USER,
} as const satisfies Partial<Record<keyof TestRunFilter, IdKind>>;

function filteredRuns(db: Pick<Db, "selectFrom">, scope: Scope, filter: TestRunFilter | null): RunQuery {
  let query: RunQuery = db.selectFrom("testRuns").where("testRuns.organizationId", "=", scope.organizationId);
  if (filter === null) return query;
  const ids = Object.entries(ID_KINDS) as [keyof typeof ID_KINDS, IdKind][]; // Object.entries forgets the keys' type
  for (const [field, kind] of ids) {
    const id = filter[field];
    if (id != null) query = isId(id, kind) ? query.where(`testRuns.${field}`, "=", id) : query.where(sql<boolean>`false`);
  }
  if (filter.status != null) query = query.where(isOneOf("testRuns.status", filter.status, "text"));
  if (filter.kind != null) query = query.where(isOneOf("testRuns.kind", filter.kind, "text"));
  if (filter.testSetVersion != null) query = query.where("testRuns.testSetVersion", "=", filter.testSetVersion);
  if (filter.hasReviews != null) query = query.where("testRuns.reviewed", filter.hasReviews ? ">" : "=", 0);
  if (filter.tags != null) query = query.where(sql<boolean>`${sql.ref("testRuns.tags")} @> ${filter.tags.map(storableText)}::text[]`);
  const conditions = [...stringConditions("testRuns.name", filter.name), ...timeConditions("testRuns.createdAt", filter.createdAt), ...timeConditions("testRuns.finishedAt", filter.finishedAt)];
  return conditions.reduce((narrowed, condition) => narrowed.where(condition), query);
}

function pagingOf(args: RunListArgs): Paging {
  return parsePaging(args.page, ["testRuns", args.orderBy, args.filter]);
}

function orderColumns({ field, direction }: TestRunOrder): readonly OrderColumn[] {
  const asc = direction === "ASC" ? "asc" : "desc";
  const first = {
    CREATED_AT: { ref: "testRuns.createdAt", key: "createdAt", direction: asc, type: "timestamptz" },
    FINISHED_AT: { ref: "testRuns.finishedAt", key: "finishedAt", direction: asc, type: "timestamptz", nullable: true },
    NAME: { ref: "testRuns.name", key: "name", direction: asc, type: "text" },
  } as const satisfies Record<TestRunOrder["field"], OrderColumn>;
  return [first[field], { ref: "testRuns.id", key: "id", direction: asc, type: "uuid" }];
}
