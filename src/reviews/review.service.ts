import type { Db, Trx } from "../db/index.js";
import { assertNoProblems, FailedPreconditionError, ForbiddenError, NotFoundError } from "../errors.js";
import type { EventBus } from "../events/index.js";
import { IdKind, isId, newId, parseResultId, resultId } from "../ids.js";
import { findJudgedResult, findRunsByIds, type JudgedResult, lockRunById, settleReviewedResult, type TestRun } from "../runs/index.js";
import { requireRole, Role, roleIncludes, type Viewer } from "../viewer.js";
import { commentProblems, targetOf, targetProblems } from "./review-rules.js";
import { type Review, reviewedVerdict, type ReviewTarget, type ReviewVerdict } from "./review.js";
import { deleteReview, findReviewsByIds, findReviewsOfResults, insertReview, updateReview } from "./review.repository.js";

/** What is said of what. */
export interface AddReview {
  readonly resultId: string;
  readonly target: ReviewTarget;
  /** Needed for METRIC, and for nothing else. */
  readonly metricResultId: string | null;
  /** Needed for TURN, and for nothing else: from 1. */
  readonly turn: number | null;
  readonly verdict: ReviewVerdict;
  readonly comment: string;
}

/** What changes of a review: what is absent stays; neither can be cleared. */
export interface ChangeReview {
  readonly id: string;
  readonly verdict?: ReviewVerdict | null | undefined;
  readonly comment?: string | null | undefined;
}

/** A result under the lock of its run. */
interface Locked {
  readonly run: TestRun;
  readonly result: JudgedResult;
}

/**
 * People's verdicts over results. Every change locks the run, as the worker does, so that reviews of one result, and
 * reviews and results of one run, come one after another: counters are exact and no review is lost.
 */
export class ReviewService {
  readonly #deps: { db: Db; bus: EventBus; now: () => Date };

  constructor(deps: { db: Db; bus: EventBus; now: () => Date }) {
    this.#deps = deps;
  }

  /**
   * Adds a review. The status that counts, the run's counters and its summary follow at once; what was automated stays.
   * FORBIDDEN below REVIEWER; NOT_FOUND; BAD_USER_INPUT; FAILED_PRECONDITION, RESULT_NOT_FINISHED.
   */
  async add(viewer: Viewer, args: AddReview): Promise<Review> {
    requireRole(viewer, Role.REVIEWER);
    assertNoProblems([...targetProblems(args), ...commentProblems(args.comment)]);
    return this.#deps.db.transaction().execute(async (trx) => {
      const { run, result } = await lockResult(trx, viewer, args.resultId);
      assertJudged(args.resultId, result);
      const target = targetOf(result, args);
      const reviews = await findReviewsOfResults(trx, viewer, [result]);
      const createdAt = this.#timeAfter(reviews);
      const { verdict, comment } = args;
      const { organizationId, userId: authorId } = viewer;
      const review = await insertReview(trx, {
        organizationId, id: newId(IdKind.REVIEW, createdAt.getTime()), runId: result.runId, ordinal: result.ordinal, ...target, verdict, comment, authorId, createdAt, updatedAt: createdAt,
      }); // prettier-ignore
      await this.#settle(trx, viewer, { run, result }, [review, ...reviews]);
      return review;
    });
  }

  /**
   * Changes the verdict or the comment; its place among the result's reviews stays. NOT_FOUND; FORBIDDEN unless the
   * viewer is its author or an ADMIN; BAD_USER_INPUT.
   */
  async update(viewer: Viewer, args: ChangeReview): Promise<Review> {
    const { verdict, comment } = args;
    const cleared = (["verdict", "comment"] as const).filter((field) => args[field] === null).map((field) => ({ field: `input.${field}`, message: `A review needs its ${field}; it cannot be cleared.` }));
    assertNoProblems([...cleared, ...(comment == null ? [] : commentProblems(comment))]);
    return this.#change(viewer, args.id, async (trx, { reviews, ...locked }, review) => {
      const changes = { ...(verdict == null ? {} : { verdict }), ...(comment == null ? {} : { comment }), updatedAt: this.#deps.now() };
      const changed = await updateReview(trx, viewer, review.id, changes);
      await this.#settle(trx, viewer, locked, reviews.map((each) => (each.id === changed.id ? changed : each)));
      return changed;
    });
  }

  /**
   * Takes a review back: what held before it holds again. Answers the id of the result. NOT_FOUND; FORBIDDEN unless the
   * viewer is its author or an ADMIN.
   */
  async delete(viewer: Viewer, id: string): Promise<string> {
    return this.#change(viewer, id, async (trx, { reviews, ...locked }, review) => {
      await deleteReview(trx, viewer, review.id);
      await this.#settle(trx, viewer, locked, reviews.filter((each) => each.id !== review.id));
      return resultId(review.runId, review.ordinal);
    });
  }

  async #change<R>(viewer: Viewer, id: string, change: (trx: Trx, locked: Locked & { readonly reviews: readonly Review[] }, review: Review) => Promise<R>): Promise<R> {
    requireRole(viewer, Role.REVIEWER);
    return this.#deps.db.transaction().execute(async (trx) => {
      const [found] = isId(id, IdKind.REVIEW) ? await findReviewsByIds(trx, viewer, [id]) : [];
      if (found === undefined) throw new NotFoundError("review", id);
      assertMayChange(viewer, found);
      const locked = await lockResult(trx, viewer, resultId(found.runId, found.ordinal));
      // Read again under the lock: somebody may have changed or deleted it meanwhile.
      const reviews = await findReviewsOfResults(trx, viewer, [found]);
      const review = reviews.find((each) => each.id === id);
      if (review === undefined) throw new NotFoundError("review", id);
      return change(trx, { ...locked, reviews }, review);
    });
  }

  async #settle(trx: Trx, viewer: Viewer, { run, result }: Locked, reviews: readonly Review[]): Promise<void> {
    await settleReviewedResult(this.#deps, trx, viewer, run, result, reviewedVerdict(result, reviews));
  }

  /** Now, but later than every review there is: the newest one wins, also within a millisecond and when clocks differ. */
  #timeAfter(reviews: readonly Review[]): Date {
    return new Date(Math.max(this.#deps.now().getTime(), ...reviews.map(({ createdAt }) => createdAt.getTime() + 1)));
  }
}

/** The result under the lock of its run. NOT_FOUND; FAILED_PRECONDITION, RESULT_NOT_FINISHED for one that has no row yet. */
async function lockResult(trx: Trx, viewer: Viewer, id: string): Promise<Locked> {
  const place = parseResultId(id);
  // Looked for before it is locked: nobody waits for an id that is not there.
  const [known] = place === null ? [] : await findRunsByIds(trx, viewer, [place.runId]);
  const run = place === null || known === undefined || place.ordinal > known.total ? null : await lockRunById(trx, viewer, place.runId);
  if (place === null || run === null) throw new NotFoundError("test result", id);
  const result = await findJudgedResult(trx, viewer, place);
  if (result === null) throw notFinished(id, "PENDING");
  return { run, result };
}

function assertJudged(id: string, { status }: JudgedResult): void {
  if (status !== "PASSED" && status !== "FAILED" && status !== "ERROR") throw notFinished(id, status);
}

function notFinished(id: string, status: string): FailedPreconditionError {
  return new FailedPreconditionError("RESULT_NOT_FINISHED", `The test result ${id} has no verdict that could be reviewed. Wait until its run has judged it, or retry the run if it was cancelled.`, { status });
}

function assertMayChange(viewer: Viewer, review: Review): void {
  if (review.authorId === viewer.userId || roleIncludes(viewer.role, Role.ADMIN)) return;
  throw new ForbiddenError("ROLE_TOO_LOW", `The review ${review.id} is another user's: its author changes it, or an ADMIN. Add a review of your own.`, { needed: Role.ADMIN, role: viewer.role });
}
