import { ArgsType, Field, Float, ID, InputType, Int } from "type-graphql";
import { EntityRefInput, PageArguments, StringFilterInput } from "../graphql/index.js";
import { ExecutionMode } from "../runs/index.js";
import { EvaluationRunStatus } from "./evaluation-run.js";

@ArgsType()
export class TestCasesArguments extends PageArguments {
  @Field(() => StringFilterInput, { nullable: true, description: "By name." })
  name?: StringFilterInput | null;

  @Field(() => ID, { nullable: true, description: "In this project." })
  projectId?: string | null;

  @Field(() => Boolean, { defaultValue: false, description: "Whether to list archived ones, too." })
  includeArchived!: boolean;
}

@ArgsType()
export class RunsOfTestCaseArguments extends PageArguments {
  @Field(() => Int, { nullable: true, description: "Of this version; of all where it is absent." })
  version?: number | null;

  @Field(() => [EvaluationRunStatus], { nullable: true, description: "In one of these statuses." })
  status?: EvaluationRunStatus[] | null;
}

@ArgsType()
export class EvaluationRunsArguments extends PageArguments {
  @Field(() => ID, { nullable: true, description: "Of this test case." })
  testCaseId?: string | null;

  @Field(() => Int, { nullable: true, description: "Of this version of its test case." })
  testCaseVersion?: number | null;

  @Field(() => ID, { nullable: true, description: "Against this agent." })
  endpointId?: string | null;

  @Field(() => [EvaluationRunStatus], { nullable: true, description: "In one of these statuses." })
  status?: EvaluationRunStatus[] | null;
}

@InputType("StarMetricInput", { description: "The metric that decides, with exactly one threshold." })
export class StarMetricInput {
  @Field(() => EntityRefInput, { description: "One of the test case's metrics." })
  metric!: EntityRefInput;

  @Field(() => Float, { nullable: true, description: "In the metric's own units; for NUMERIC metrics only." })
  successThreshold?: number | null;

  @Field(() => Int, { nullable: true, description: "From 0 to 100: of a NUMERIC metric's range, or the share of passes for the others." })
  successThresholdPct?: number | null;
}

@InputType("CreateEvaluationTestCaseInput", { description: "A new evaluation test case." })
export class CreateEvaluationTestCaseInput {
  @Field(() => String, { description: "Its name, unique in its project ignoring case." })
  name!: string;

  @Field(() => String, { nullable: true, description: "What it asks." })
  description?: string | null;

  @Field(() => ID, { nullable: true, description: "Its project; the organization's default project where absent." })
  projectId?: string | null;

  @Field(() => EntityRefInput, { description: "The tests." })
  testSet!: EntityRefInput;

  @Field(() => [EntityRefInput], { description: "The metrics, at least one; one named twice counts once." })
  metrics!: EntityRefInput[];

  @Field(() => StarMetricInput, { nullable: true, description: "What decides; nothing does where it is absent." })
  starMetric?: StarMetricInput | null;
}

@InputType("UpdateEvaluationTestCaseInput", { description: "A new version of an evaluation test case. Absent fields stay, null clears, lists replace." })
export class UpdateEvaluationTestCaseInput {
  @Field(() => EntityRefInput, { description: "Which test case." })
  testCase!: EntityRefInput;

  @Field(() => String, { nullable: true, description: "Its new name." })
  name?: string | null;

  @Field(() => String, { nullable: true, description: "What it asks; null clears." })
  description?: string | null;

  @Field(() => EntityRefInput, { nullable: true, description: "The tests." })
  testSet?: EntityRefInput | null;

  @Field(() => [EntityRefInput], { nullable: true, description: "The metrics in the place of those that it has, at least one." })
  metrics?: EntityRefInput[] | null;

  @Field(() => StarMetricInput, { nullable: true, description: "What decides; null: nothing does." })
  starMetric?: StarMetricInput | null;
}

@InputType("RunEvaluationTestCaseInput", { description: "A run of an evaluation test case against agents." })
export class RunEvaluationTestCaseInput {
  @Field(() => EntityRefInput, { description: "Which test case." })
  testCase!: EntityRefInput;

  @Field(() => Int, { nullable: true, description: "Which version; the latest where absent." })
  version?: number | null;

  @Field(() => [EntityRefInput], { description: "The agents: one run for each, at most 50; one named twice counts once." })
  endpoints!: EntityRefInput[];

  @Field(() => String, { nullable: true, description: 'What the runs are called; "{test case} - Run {n}" where absent.' })
  runName?: string | null;

  @Field(() => ExecutionMode, { defaultValue: ExecutionMode.PARALLEL, description: "Whether calls of a run may overlap." })
  mode!: ExecutionMode;

  @Field(() => Int, { defaultValue: 1, description: "How many times each test is asked: 1 to 100." })
  trials!: number;

  @Field(() => String, { nullable: true, description: "The same key with the same input gives the same runs for seven days; with another input, CONFLICT (IDEMPOTENCY_MISMATCH)." })
  idempotencyKey?: string | null;
}
