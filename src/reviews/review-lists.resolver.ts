import { Args, Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import { type Connection, type Context, pageArgs, PageArguments, toConnection } from "../graphql/index.js";
import type { TestResult, TestRun } from "../runs/index.js";
import { TestResultType, TestRunType } from "../runs/graphql.js";
import type { Review } from "./review.js";
import { ReviewConnectionType, ReviewType } from "./review.type.js";

/** The reviews of a result. */
@Resolver(() => TestResultType)
export class ResultReviewsResolver {
  @FieldResolver(() => [ReviewType], { description: "Its reviews, and those of its metrics and turns, the newest first." })
  reviews(@Root() result: TestResult, @Ctx() { loaders }: Context): Promise<readonly Review[]> {
    return loaders.reviews.ofResult.load(result.id);
  }
}

/** The reviews of a run. */
@Resolver(() => TestRunType)
export class RunReviewsResolver {
  @FieldResolver(() => ReviewConnectionType, { description: "The reviews of its results, the newest first." })
  async reviews(@Root() run: TestRun, @Args(() => PageArguments) args: PageArguments, @Ctx() { loaders }: Context): Promise<Connection<Review>> {
    const page = await loaders.reviews.ofRun.load({ parentId: run.id, args: pageArgs(args) });
    return toConnection(page, () => loaders.reviews.countOfRun.load(run.id));
  }
}
