import { Field, Float, ObjectType } from "type-graphql";
import type { GateCheck, GateResult } from "./gate.js";

@ObjectType("GateCheck", { description: "One limit of a policy beside what the run came to.", simpleResolvers: true })
export class GateCheckType implements GateCheck {
  @Field(() => String, { description: "The policy's field, such as minPassRate; for a metric metricMinPassRates and its name, with a dot between." })
  name!: string;

  @Field(() => Boolean, { description: "Whether the limit is met." })
  passed!: boolean;

  @Field(() => Boolean, { description: "Whether there was something to decide by; if not, it has not passed." })
  decided!: boolean;

  @Field(() => String, { description: "The limit, for people." })
  expected!: string;

  @Field(() => String, { description: "What the run came to, for people." })
  actual!: string;

  @Field(() => Float, { nullable: true, description: "The limit as a number; for failOnSignificantRegression the level 0.05." })
  expectedValue!: number | null;

  @Field(() => Float, { nullable: true, description: "What the run came to as a number; for failOnSignificantRegression the p-value. Null where nothing decides." })
  actualValue!: number | null;
}

@ObjectType("GateResult", { description: "Whether a run meets a policy.", simpleResolvers: true })
export class GateResultType implements GateResult {
  @Field(() => Boolean, { description: "Whether every check has passed." })
  passed!: boolean;

  @Field(() => Boolean, { description: "False where a check lacks the data to decide; passed is false then, too." })
  decided!: boolean;

  @Field(() => [GateCheckType], { description: "Each limit of the policy." })
  checks!: readonly GateCheck[];

  @Field(() => String, { description: "One paragraph of Markdown, for a pull request." })
  summary!: string;
}
