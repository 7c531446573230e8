import { Field, ID, InputType, Int } from "type-graphql";
import { EntityRefInput, JSONObjectScalar } from "../graphql/index.js";
import { ExecutionMode } from "./run.js";

const ATTRIBUTES = "timeout (seconds) and retry_count override the endpoint's own limits; other keys are kept as they are.";

@InputType("CreateTestConfigurationInput", { description: "Reusable settings of an execution. Without a test set it takes all tests of the endpoint's project that match, and needs at least one filter." })
export class CreateTestConfigurationInput {
  @Field(() => EntityRefInput, { description: "The endpoint that the tests are sent to." })
  endpoint!: EntityRefInput;

  @Field(() => EntityRefInput, { nullable: true, description: "The set whose tests to take, as they are at each execution; all sets of the endpoint's project where absent." })
  testSet?: EntityRefInput | null;

  @Field(() => ID, { nullable: true, description: "Only tests of this behavior." })
  behaviorId?: string | null;

  @Field(() => ID, { nullable: true, description: "Only tests of this category." })
  categoryId?: string | null;

  @Field(() => ID, { nullable: true, description: "Only tests of this topic." })
  topicId?: string | null;

  @Field(() => ID, { nullable: true, description: "Only tests with this prompt." })
  promptId?: string | null;

  @Field(() => ID, { nullable: true, description: "Only tests of this use case." })
  useCaseId?: string | null;

  @Field(() => ExecutionMode, { defaultValue: ExecutionMode.PARALLEL, description: "Whether calls may overlap." })
  mode!: ExecutionMode;

  @Field(() => Int, { defaultValue: 1, description: "How often each test is executed: 1 to 100." })
  trials!: number;

  @Field(() => JSONObjectScalar, { nullable: true, description: ATTRIBUTES })
  attributes?: Record<string, unknown> | null;
}

@InputType("UpdateTestConfigurationInput", { description: "What to change of a test configuration: absent fields stay, null clears. Its endpoint and test set never change." })
export class UpdateTestConfigurationInput {
  @Field(() => ID, { description: "The configuration's id." })
  id!: string;

  @Field(() => ID, { nullable: true, description: "Only tests of this behavior; null: of any." })
  behaviorId?: string | null;

  @Field(() => ID, { nullable: true, description: "Only tests of this category; null: of any." })
  categoryId?: string | null;

  @Field(() => ID, { nullable: true, description: "Only tests of this topic; null: of any." })
  topicId?: string | null;

  @Field(() => ID, { nullable: true, description: "Only tests with this prompt; null: with any." })
  promptId?: string | null;

  @Field(() => ID, { nullable: true, description: "Only tests of this use case; null: of any." })
  useCaseId?: string | null;

  @Field(() => ExecutionMode, { nullable: true, description: "Whether calls may overlap; null: PARALLEL." })
  mode?: ExecutionMode | null;

  @Field(() => Int, { nullable: true, description: "How often each test is executed: 1 to 100; null: once." })
  trials?: number | null;

  @Field(() => JSONObjectScalar, { nullable: true, description: `All of the attributes; null: none. ${ATTRIBUTES}` })
  attributes?: Record<string, unknown> | null;
}

@InputType("ExecuteTestConfigurationInput", { description: "Which configuration to execute, and what it does not say." })
export class ExecuteTestConfigurationInput {
  @Field(() => ID, { description: "The configuration's id." })
  configurationId!: string;

  @Field(() => [EntityRefInput], { nullable: true, description: "Override the test set's and the behaviors' metrics for this run alone; nothing is merged. An empty list counts as not given." })
  metrics?: EntityRefInput[] | null;

  @Field(() => EntityRefInput, { nullable: true, description: "The experiment whose parameters to run with." })
  experiment?: EntityRefInput | null;

  @Field(() => Int, { nullable: true, description: "A version of the experiment; the latest where absent." })
  experimentVersion?: number | null;

  @Field(() => JSONObjectScalar, { nullable: true, description: "Need an experiment: laid over its version, committed as a new version, then run. null is a value." })
  parameters?: Record<string, unknown> | null;

  @Field(() => String, { nullable: true, description: "The run's name; else the name of the set, or of the endpoint where there is none, with a number." })
  name?: string | null;

  @Field(() => String, { nullable: true, description: "The same key with the same input gives the same run for seven days; with another input, CONFLICT (IDEMPOTENCY_MISMATCH)." })
  idempotencyKey?: string | null;
}
