import { assertNoProblems, NotFoundError, type Problem } from "../errors.js";
import { parseMetricResultId } from "../ids.js";
import type { JudgedResult } from "../runs/index.js";
import { textFault } from "../texts.js";
import { type Review, ReviewTarget } from "./review.js";

/** Characters of a comment: more is no comment, and lists of reviews show them whole. */
export const MAX_COMMENT_LENGTH = 10_000;

/** What of an input says which part of a result is meant. */
export interface TargetFields {
  readonly target: ReviewTarget;
  readonly metricResultId: string | null;
  readonly turn: number | null;
}

/** What is wrong with a comment: blank, too long, not storable. */
export function commentProblems(comment: string): Problem[] {
  const field = "input.comment";
  if (comment.trim() === "") return [{ field, message: "Say why: it may not be blank." }];
  if (comment.length > MAX_COMMENT_LENGTH) return [{ field, message: `It may have ${MAX_COMMENT_LENGTH} characters; it has ${comment.length}.` }];
  const fault = textFault(comment);
  return fault === null ? [] : [{ field, message: fault }];
}

/** What is wrong with the fields that say what is reviewed, as far as it is known without the result. */
export function targetProblems({ target, metricResultId, turn }: TargetFields): Problem[] {
  const needs = (field: string, owner: ReviewTarget, value: unknown): Problem[] => {
    if (target === owner) return value === null ? [{ field, message: `A review of target ${owner} needs it.` }] : [];
    return value === null ? [] : [{ field, message: `It is for reviews of target ${owner}; the target is ${target}.` }];
  };
  return [...needs("input.metricResultId", ReviewTarget.METRIC, metricResultId), ...needs("input.turn", ReviewTarget.TURN, turn)];
}

/**
 * The part of the result that is meant, as the review's row names it. NOT_FOUND for a metric result that is not there;
 * BAD_USER_INPUT for one of another result and for a turn that the conversation does not have.
 */
export function targetOf(result: JudgedResult, { target, metricResultId, turn }: TargetFields): Pick<Review, "target" | "metricIndex" | "metricVersionId" | "turn"> {
  const row = { target, metricIndex: null, metricVersionId: null, turn: null };
  if (target === ReviewTarget.TURN && turn !== null) {
    const message = result.turnCount === 0 ? "The result has no answer, so it has no turns." : `The result has turns 1 to ${result.turnCount}; there is no turn ${turn}.`;
    assertNoProblems(turn >= 1 && turn <= result.turnCount ? [] : [{ field: "input.turn", message }]);
    return { ...row, turn };
  }
  if (target !== ReviewTarget.METRIC || metricResultId === null) return row;
  const place = parseMetricResultId(metricResultId);
  if (place !== null && (place.runId !== result.runId || place.ordinal !== result.ordinal)) {
    assertNoProblems([{ field: "input.metricResultId", message: `The metric result ${metricResultId} is of another result than the one that is reviewed.` }]);
  }
  const metric = result.metrics.find(({ metricIndex }) => metricIndex === place?.metricIndex);
  if (place === null || metric === undefined) throw new NotFoundError("metric result", metricResultId);
  return { ...row, metricIndex: metric.metricIndex, metricVersionId: metric.metricVersionId };
}
