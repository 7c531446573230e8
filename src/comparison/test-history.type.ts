import { Field, Float, Int, ObjectType } from "type-graphql";
import type { FlakyTest } from "./test-history.js";

@ObjectType("FlakyTest", { description: "A test whose verdict changed among the newest runs, or among trials." })
export class FlakyTestType implements Omit<FlakyTest, "testId"> {
  @Field(() => Int, { simple: true, description: "How many of the runs gave it a verdict." })
  runs!: number;

  @Field(() => Float, { simple: true, description: "The share of passes among all its verdicts in these runs, trial by trial." })
  passRate!: number;

  @Field(() => Int, { simple: true, description: "Changes of verdict between neighbouring runs, each with the majority of its trials, a tie being FAILED as in the history; 0 where only trials differ." })
  flips!: number;
}

@ObjectType("TestHistoryPoint", { description: "What became of a test in one finished run." })
export class TestHistoryPointType {}
