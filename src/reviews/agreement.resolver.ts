import { Arg, Ctx, Extensions, FieldResolver, Int, Resolver, Root } from "type-graphql";
import type { Context } from "../graphql/index.js";
import type { Metric } from "../metrics/index.js";
import { MetricType } from "../metrics/graphql.js";
import type { JudgeAgreement } from "./agreement.js";
import { JudgeAgreementType } from "./agreement.type.js";

/** How far a metric and its reviewers agree. */
@Resolver(() => MetricType)
export class MetricAgreementResolver {
  @Extensions({ complexity: 50 })
  @FieldResolver(() => JudgeAgreementType, { nullable: true, description: "Its automated verdicts against the reviewed ones, METRIC reviews only, over all runs; null for a version that it does not have." })
  agreement(
    @Root() metric: Metric,
    @Arg("version", () => Int, { nullable: true, description: "Which version of the metric judged; the latest where it is absent." }) version: number | null | undefined,
    @Ctx() { loaders }: Context,
  ): Promise<JudgeAgreement | null> {
    return loaders.reviews.agreement.load({ parentId: metric.id, args: { version: version ?? null } });
  }
}
