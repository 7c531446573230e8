import { Field, ID, InputType, registerEnumType } from "type-graphql";
import { EntityRefInput, JSONObjectScalar } from "../graphql/index.js";
import { RerunPin } from "./run.js";

registerEnumType(RerunPin, {
  name: "RerunPin",
  description: "How exactly a run is run again.",
  valuesConfig: {
    LATEST: { description: "The same configuration over the tests, metrics and endpoint as they are now." },
    EXACT: { description: "The same prompts, metric versions, endpoint version and parameters as the first time." },
  },
});

const IDEMPOTENCY_KEY = "The same key with the same input gives the same run for seven days; with another input, CONFLICT (IDEMPOTENCY_MISMATCH).";

/** What to score again. */
@InputType("RescoreInput", { description: "What to score again, and by what." })
export class RescoreInput {
  @Field(() => EntityRefInput, { nullable: true, description: "The test set; needed unless `run` is an id." })
  testSet?: EntityRefInput | null;

  @Field(() => EntityRefInput, { nullable: true, description: "The endpoint that gave the outputs; needed unless `run` is an id." })
  endpoint?: EntityRefInput | null;

  @Field(() => EntityRefInput, { nullable: true, description: "The run whose outputs are scored; the newest completed EXECUTION of the whole set where absent." })
  run?: EntityRefInput | null;

  @Field(() => Boolean, { defaultValue: false, description: "Score with today's prompts, expected responses and metadata instead of those of then; a test that was removed since stays as it was." })
  currentTests!: boolean;

  @Field(() => [EntityRefInput], { nullable: true, description: "Score by these; else by the set's metrics of now, else the behaviors'. An empty list counts as not given." })
  metrics?: EntityRefInput[] | null;

  @Field(() => String, { nullable: true, description: "The new run's name; else the set's name with a number." })
  name?: string | null;

  @Field(() => String, { nullable: true, description: IDEMPOTENCY_KEY })
  idempotencyKey?: string | null;
}

/** Which run to run again. */
@InputType("RerunTestRunInput", { description: "Which run to run again, and how exactly." })
export class RerunTestRunInput {
  @Field(() => ID, { description: "The run to run again." })
  runId!: string;

  @Field(() => RerunPin, { defaultValue: RerunPin.LATEST, description: "How exactly." })
  pin!: RerunPin;

  @Field(() => String, { nullable: true, description: "The new run's name; else the set's name with a number." })
  name?: string | null;

  @Field(() => String, { nullable: true, description: IDEMPOTENCY_KEY })
  idempotencyKey?: string | null;
}

/** What changes of a run. */
@InputType("UpdateTestRunInput", { description: "What changes of a run: absent fields stay, null clears, lists replace." })
export class UpdateTestRunInput {
  @Field(() => ID, { description: "The run to change." })
  id!: string;

  @Field(() => String, { nullable: true, description: "Its new name; a run always has one." })
  name?: string | null;

  @Field(() => [String], { nullable: true, description: "All of its tags from now on." })
  tags?: string[] | null;

  @Field(() => JSONObjectScalar, { nullable: true, description: "All of its attributes from now on. What of them shaped its calls was pinned when it was queued." })
  attributes?: Record<string, unknown> | null;

  @Field(() => ID, { nullable: true, description: "The user who is to look at it." })
  assigneeId?: string | null;

  @Field(() => ID, { nullable: true, description: "The user whose run it is." })
  ownerId?: string | null;
}
