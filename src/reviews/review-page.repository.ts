import { expressionBuilder, sql } from "kysely";
import { behindCursor, type Database, type Db, isOneOf, keyset, type OrderColumn, type Page, type Paging, toPage } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { Review } from "./review.js";

const NEWEST_FIRST: readonly OrderColumn[] = [
  { ref: "reviews.createdAt", key: "createdAt", direction: "desc", type: "timestamptz" },
  { ref: "reviews.id", key: "id", direction: "desc", type: "uuid" },
];

/** A page of the reviews of each run: one statement for all of them, and a second one when a cursor is given. */
export async function pageReviewsOfRuns(db: Db, scope: Scope, runIds: readonly string[], paging: Paging): Promise<ReadonlyMap<string, Page<Review>>> {
  const ofRun = keyset(expressionBuilder<Database>().selectFrom("reviews").selectAll().where("reviews.organizationId", "=", scope.organizationId).where(sql<boolean>`reviews.run_id = parents.id`), NEWEST_FIRST, paging);
  const direction = paging.backward ? "asc" : "desc";
  const rows = await db
    .selectFrom(sql<{ id: string }>`unnest(${runIds}::uuid[])`.as<"parents">(sql`parents(id)`))
    .innerJoinLateral(ofRun.as("page"), (join) => join.onTrue())
    .selectAll("page")
    .orderBy("page.createdAt", direction)
    .orderBy("page.id", direction)
    .execute();
  const byRun = Map.groupBy(rows, (row) => row.runId);
  const behind = paging.after === null && paging.before === null ? new Set<string>() : await runsWithReviewsBehind(db, scope, runIds, paging);
  const pages = runIds.map(async (id) => [id, await toPage<Review>(byRun.get(id) ?? [], NEWEST_FIRST, paging, () => Promise.resolve(behind.has(id)))] as const);
  return new Map(await Promise.all(pages));
}

async function runsWithReviewsBehind(db: Db, scope: Scope, runIds: readonly string[], paging: Paging): Promise<ReadonlySet<string>> {
  const rows = await db
    .selectFrom("reviews")
    .select("runId")
    .distinct()
    .where("organizationId", "=", scope.organizationId)
    .where(isOneOf("runId", runIds))
    .where(behindCursor(NEWEST_FIRST, paging))
    .execute();
  return new Set(rows.map((row) => row.runId));
}

export async function countReviewsOfRuns(db: Db, scope: Scope, runIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom("reviews")
    .select((eb) => ["runId", eb.fn.countAll<number>().as("count")])
    .where("organizationId", "=", scope.organizationId)
    .where(isOneOf("runId", runIds))
    .groupBy("runId")
    .execute();
  return new Map(rows.map((row) => [row.runId, row.count]));
}
