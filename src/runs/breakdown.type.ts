import { Field, Int, ObjectType, registerEnumType } from "type-graphql";
import { BreakdownField, type BreakdownRow } from "./breakdown.js";

registerEnumType(BreakdownField, {
  name: "BreakdownField",
  description: "The property of tests that a run's results are counted by.",
  valuesConfig: {
    BEHAVIOR: { description: "The behavior." },
    CATEGORY: { description: "The category." },
    TOPIC: { description: "The topic." },
    USE_CASE: { description: "The use case." },
    TAG: { description: "Each tag: a test with several counts under each of them." },
  },
});

@ObjectType("BreakdownRow", { description: "The verdicts of results whose tests have one value of a property.", simpleResolvers: true })
export class BreakdownRowType implements BreakdownRow {
  @Field(() => String, { nullable: true, description: "The value: a label's present name, or a tag; null for tests without any." })
  key!: string | null;

  @Field(() => Int, { description: "Results that PASSED." })
  passed!: number;

  @Field(() => Int, { description: "Results that FAILED." })
  failed!: number;

  @Field(() => Int, { description: "Results in ERROR." })
  errored!: number;
}
