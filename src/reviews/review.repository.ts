import { type Insertable, sql } from "kysely";
import { type Db, isOneOf, type Trx } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { Review } from "./review.js";
import type { ReviewTable } from "./review.table.js";

export function findReviewsByIds(db: Db, scope: Scope, ids: readonly string[]): Promise<Review[]> {
  return db.selectFrom("reviews").selectAll().where("organizationId", "=", scope.organizationId).where(isOneOf("id", ids)).execute();
}

/** The reviews of results, the newest first. One statement. */
export async function findReviewsOfResults(db: Db, scope: Scope, places: readonly { readonly runId: string; readonly ordinal: number }[]): Promise<Review[]> {
  if (places.length === 0) return [];
  const { rows } = await sql<Review>`
    select reviews.* from unnest(${places.map((place) => place.runId)}::uuid[], ${places.map((place) => place.ordinal)}::integer[]) as places (run_id, ordinal)
    join reviews on reviews.organization_id = ${scope.organizationId} and reviews.run_id = places.run_id and reviews.ordinal = places.ordinal
    order by reviews.created_at desc, reviews.id desc`.execute(db);
  return rows;
}

export function insertReview(trx: Trx, row: Insertable<ReviewTable>): Promise<Review> {
  return trx.insertInto("reviews").values(row).returningAll().executeTakeFirstOrThrow();
}

/** Changes a review whose run the caller has locked. */
export function updateReview(trx: Trx, scope: Scope, id: string, changes: Partial<Pick<Review, "verdict" | "comment" | "updatedAt">>): Promise<Review> {
  return trx.updateTable("reviews").set(changes).where("organizationId", "=", scope.organizationId).where("id", "=", id).returningAll().executeTakeFirstOrThrow();
}

export async function deleteReview(trx: Trx, scope: Scope, id: string): Promise<void> {
  await trx.deleteFrom("reviews").where("organizationId", "=", scope.organizationId).where("id", "=", id).execute();
}
