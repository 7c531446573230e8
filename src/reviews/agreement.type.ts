import { Field, Float, Int, ObjectType } from "type-graphql";
import type { JudgeAgreement } from "./agreement.js";

@ObjectType("JudgeAgreement", { description: "A metric's automated verdicts beside those of reviewers, by the newest METRIC review of each result.", simpleResolvers: true })
export class JudgeAgreementType implements JudgeAgreement {
  @Field(() => Int, { description: "Automated verdicts that were reviewed: the sum of the four counts." })
  reviewed!: number;

  @Field(() => Int, { description: "Passes that a reviewer confirmed." })
  truePass!: number;

  @Field(() => Int, { description: "Passes that a reviewer turned into fails." })
  falsePass!: number;

  @Field(() => Int, { description: "Fails that a reviewer confirmed." })
  trueFail!: number;

  @Field(() => Int, { description: "Fails that a reviewer turned into passes." })
  falseFail!: number;

  @Field(() => Float, { nullable: true, description: "(truePass + trueFail) / reviewed; null without a review." })
  accuracy!: number | null;

  @Field(() => Float, { nullable: true, description: "Cohen's kappa: the agreement beyond what chance gives, up to 1; null without a review, and where both sides know one verdict only." })
  kappa!: number | null;
}
