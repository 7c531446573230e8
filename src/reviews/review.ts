import type { Selectable } from "kysely";
import { type JudgedResult, ResultErrorType, type ReviewedVerdict } from "../runs/index.js";
import { verdictOf } from "../scoring/index.js";
import type { ReviewTable } from "./review.table.js";

/** What a review is of. */
export const ReviewTarget = { RESULT: "RESULT", METRIC: "METRIC", TURN: "TURN" } as const;
export type ReviewTarget = (typeof ReviewTarget)[keyof typeof ReviewTarget];

/** What a person says of it. */
export const ReviewVerdict = { PASS: "PASS", FAIL: "FAIL" } as const;
export type ReviewVerdict = (typeof ReviewVerdict)[keyof typeof ReviewVerdict];

/** A person's verdict over a result, one of its metrics or one of its turns. */
export type Review = Selectable<ReviewTable>;

const STATUS_OF = { PASS: "PASSED", FAIL: "FAILED" } as const satisfies Record<ReviewVerdict, string>;

/** What the rules need of a review. */
export type Standing = Pick<Review, "id" | "target" | "metricIndex" | "verdict" | "createdAt">;

/** The newest of the reviews, or null. Ids break ties, so that every reader finds the same one. */
function newestOf(reviews: readonly Standing[]): Standing | null {
  return reviews.reduce<Standing | null>((newest, review) => {
    if (newest === null) return review;
    const later = review.createdAt.getTime() - newest.createdAt.getTime();
    return later > 0 || (later === 0 && review.id > newest.id) ? review : newest;
  }, null);
}

/**
 * What a result comes to with its reviews: its newest RESULT review, else its metrics with the newest review of each
 * applied, else the automated verdict. Reviews of turns change nothing. It follows from the reviews that stand and from
 * what was automated alone, so that taking one back restores what held before.
 */
export function reviewedVerdict(result: Pick<JudgedResult, "automatedStatus" | "errorType" | "metrics">, reviews: readonly Standing[]): ReviewedVerdict {
  const ofMetrics = Map.groupBy(reviews.filter(({ target }) => target === ReviewTarget.METRIC), ({ metricIndex }) => metricIndex);
  const metrics = new Map(
    result.metrics.map(({ metricIndex, automatedStatus }) => {
      const newest = newestOf(ofMetrics.get(metricIndex) ?? []);
      return [metricIndex, newest === null ? automatedStatus : STATUS_OF[newest.verdict]] as const;
    }),
  );
  const whole = newestOf(reviews.filter(({ target }) => target === ReviewTarget.RESULT));
  const derived = ofMetrics.size === 0 || hasNoAnswer(result) ? result.automatedStatus : verdictOf([...metrics.values()]).status;
  return { status: whole === null ? derived : STATUS_OF[whole.verdict], reviewCount: reviews.length, metrics };
}

/** Whether the endpoint gave no usable answer: whatever metrics say, that is an ERROR. */
function hasNoAnswer({ automatedStatus, errorType }: Pick<JudgedResult, "automatedStatus" | "errorType">): boolean {
  return automatedStatus === "ERROR" && errorType !== ResultErrorType.METRIC && errorType !== ResultErrorType.NO_METRICS;
}
