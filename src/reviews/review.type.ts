import { Field, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { connectionOf, NodeType } from "../graphql/index.js";
import { type Review, ReviewTarget, ReviewVerdict } from "./review.js";

registerEnumType(ReviewTarget, {
  name: "ReviewTarget",
  description: "What a review is of.",
  valuesConfig: {
    RESULT: { description: "The whole result: it sets its status." },
    METRIC: { description: "One metric's verdict: it sets that, and the result's status is derived again unless a review of the whole result stands." },
    TURN: { description: "One turn of a conversation: it is kept and counted, and changes no verdict." },
  },
});

registerEnumType(ReviewVerdict, {
  name: "ReviewVerdict",
  description: "What a person says.",
  valuesConfig: { PASS: { description: "It is good." }, FAIL: { description: "It is not." } },
});

@ObjectType("Review", { implements: NodeType, description: "A person's verdict over a result, one of its metrics or one of its turns.", simpleResolvers: true })
export class ReviewType implements Pick<Review, "id" | "target" | "turn" | "verdict" | "comment" | "createdAt" | "updatedAt"> {
  @Field(() => ID, { description: "The review's id." })
  id!: string;

  @Field(() => ReviewTarget, { description: "What it is of." })
  target!: ReviewTarget;

  @Field(() => Int, { nullable: true, description: "The turn that it is of, from 1; null for other targets." })
  turn!: number | null;

  @Field(() => ReviewVerdict, { description: "What it says." })
  verdict!: ReviewVerdict;

  @Field(() => String, { description: "Why." })
  comment!: string;

  @Field(() => Date, { description: "When it was added: of several reviews of one target the newest by this time counts." })
  createdAt!: Date;

  @Field(() => Date, { description: "When its verdict or comment last changed." })
  updatedAt!: Date;
}

export const ReviewConnectionType = connectionOf("Review", "reviews", () => ReviewType);
