import { Field, ID, InputType, Int } from "type-graphql";
import { ReviewTarget, ReviewVerdict } from "./review.js";

@InputType("AddReviewInput", { description: "A review to add." })
export class AddReviewInput {
  @Field(() => ID, { description: "The result that it is of, or whose metric or turn it is of." })
  resultId!: string;

  @Field(() => ReviewTarget, { defaultValue: ReviewTarget.RESULT, description: "What it is of." })
  target!: ReviewTarget;

  @Field(() => ID, { nullable: true, description: "For METRIC: which metric result of the result." })
  metricResultId?: string | null;

  @Field(() => Int, { nullable: true, description: "For TURN: which turn, from 1. A single answer is turn 1." })
  turn?: number | null;

  @Field(() => ReviewVerdict, { description: "What it says." })
  verdict!: ReviewVerdict;

  @Field(() => String, { description: "Why: up to 10,000 characters, not blank." })
  comment!: string;
}

@InputType("UpdateReviewInput", { description: "What to change of a review. What is absent stays." })
export class UpdateReviewInput {
  @Field(() => ID, { description: "Which review." })
  id!: string;

  @Field(() => ReviewVerdict, { nullable: true, description: "What it says now; it cannot be cleared." })
  verdict?: ReviewVerdict | null;

  @Field(() => String, { nullable: true, description: "Why; it cannot be cleared." })
  comment?: string | null;
}
