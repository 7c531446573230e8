import { ArgsType, Field } from "type-graphql";
import { PageArguments } from "../graphql/index.js";
import { ComparisonOutcome } from "./comparison.js";

/** The arguments of a comparison's tests. */
@ArgsType()
export class TestComparisonsArguments extends PageArguments {
  @Field(() => [ComparisonOutcome], { nullable: true, description: "Only tests that one of these became of." })
  outcome?: ComparisonOutcome[] | null;

  @Field(() => String, { nullable: true, description: "Only tests with this text, ignoring case, in what was sent, expected or answered in either run, or in their key. A blank text asks for nothing." })
  search?: string | null;
}
