import { sql } from "kysely";
import { type Db, isOneOf, type OrderColumn, type Page, pagesOfParents, type Paging, subqueries } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { Review } from "./review.js";

const NEWEST_FIRST: readonly OrderColumn[] = [
  { ref: "reviews.createdAt", key: "createdAt", direction: "desc", type: "timestamptz" },
  { ref: "reviews.id", key: "id", direction: "desc", type: "uuid" },
];

/** A page of the reviews of each run, newest first. */
export function pageReviewsOfRuns(db: Db, scope: Scope, runIds: readonly string[], paging: Paging): Promise<ReadonlyMap<string, Page<Review>>> {
  const children = () => subqueries().selectFrom("reviews").selectAll("reviews").where("reviews.organizationId", "=", scope.organizationId).where(sql<boolean>`reviews.run_id = parents.id`);
  return pagesOfParents<Review>(db, runIds, { children, order: NEWEST_FIRST, parentOf: (row) => row.runId }, paging);
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
