import { Arg, Authorized, Ctx, FieldResolver, ID, Mutation, Resolver, Root } from "type-graphql";
import type { User } from "../accounts/index.js";
import { UserType } from "../accounts/graphql.js";
import { NotFoundError } from "../errors.js";
import type { Context } from "../graphql/index.js";
import { metricResultId, resultId } from "../ids.js";
import type { MetricResult, TestResult } from "../runs/index.js";
import { MetricResultType, TestResultType } from "../runs/graphql.js";
import { Role } from "../viewer.js";
import { AddReviewInput, UpdateReviewInput } from "./review.inputs.js";
import type { Review } from "./review.js";
import type { ReviewService } from "./review.service.js";
import { ReviewType } from "./review.type.js";

/** Reviews, with what they are of and whose. */
@Resolver(() => ReviewType)
export class ReviewResolver {
  readonly #reviews: ReviewService;

  constructor(reviews: ReviewService) {
    this.#reviews = reviews;
  }

  @Authorized(Role.REVIEWER)
  @Mutation(() => ReviewType, { description: "Reviews a result, one of its metrics or one of its turns; the status that counts follows. FAILED_PRECONDITION (RESULT_NOT_FINISHED) for a result without a verdict." })
  addReview(@Arg("input", () => AddReviewInput, { description: "The review." }) input: AddReviewInput, @Ctx() { viewer }: Context): Promise<Review> {
    const { resultId: of, target, verdict, comment } = input;
    return this.#reviews.add(viewer, { resultId: of, target, metricResultId: input.metricResultId ?? null, turn: input.turn ?? null, verdict, comment });
  }

  @Authorized(Role.REVIEWER)
  @Mutation(() => ReviewType, { description: "Changes a review of one's own, or anyone's for an ADMIN; the status that counts follows." })
  updateReview(@Arg("input", () => UpdateReviewInput, { description: "What to change." }) input: UpdateReviewInput, @Ctx() { viewer }: Context): Promise<Review> {
    return this.#reviews.update(viewer, { id: input.id, verdict: input.verdict, comment: input.comment });
  }

  @Authorized(Role.REVIEWER)
  @Mutation(() => TestResultType, { description: "Takes back a review of one's own, or anyone's for an ADMIN: what held before it holds again. Answers the result that it was of." })
  async deleteReview(@Arg("id", () => ID, { description: "Which review." }) id: string, @Ctx() { viewer, loaders }: Context): Promise<TestResult> {
    return present("test result", await this.#reviews.delete(viewer, id), (of) => loaders.results.byId.load(of));
  }

  @FieldResolver(() => TestResultType, { description: "The result that it is of, or whose metric or turn it is of." })
  result(@Root() { runId, ordinal }: Review, @Ctx() { loaders }: Context): Promise<TestResult> {
    return present("test result", resultId(runId, ordinal), (id) => loaders.results.byId.load(id));
  }

  @FieldResolver(() => MetricResultType, { nullable: true, description: "The metric's result that it is of; null for other targets." })
  metricResult(@Root() { runId, ordinal, metricIndex }: Review, @Ctx() { loaders }: Context): Promise<MetricResult | null> | null {
    return metricIndex === null ? null : loaders.results.metricResultById.load(metricResultId(runId, ordinal, metricIndex));
  }

  @FieldResolver(() => UserType, { description: "Who wrote it." })
  author(@Root() { authorId }: Review, @Ctx() { loaders }: Context): Promise<User> {
    return present("user", authorId, (id) => loaders.accounts.userById.load(id));
  }
}

async function present<R>(thing: string, id: string, load: (id: string) => Promise<R | null>): Promise<R> {
  const found = await load(id);
  if (found === null) throw new NotFoundError(thing, id);
  return found;
}
