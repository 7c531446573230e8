import { Field, InputType, Int } from "type-graphql";
import { EntityRefInput, JSONObjectScalar } from "../graphql/index.js";
import { TestFilterInput } from "../test-sets/graphql.js";
import { ExecutionMode } from "./run.js";
import type { ExecuteTestSet } from "./run.service.js";

/** What to execute, and how. */
@InputType("ExecuteTestSetInput", { description: "What to execute, and how." })
export class ExecuteTestSetInput {
  @Field(() => EntityRefInput, { description: "The test set, as its tests are now." })
  testSet!: EntityRefInput;

  @Field(() => EntityRefInput, { description: "The endpoint that the tests are sent to." })
  endpoint!: EntityRefInput;

  @Field(() => ExecutionMode, { defaultValue: ExecutionMode.PARALLEL, description: "Whether calls may overlap." })
  mode!: ExecutionMode;

  @Field(() => [EntityRefInput], { nullable: true, description: "Override the test set's and the behaviors' metrics for this run alone; nothing is merged. An empty list counts as not given." })
  metrics?: EntityRefInput[] | null;

  @Field(() => EntityRefInput, { nullable: true, description: "The experiment whose parameters to run with." })
  experiment?: EntityRefInput | null;

  @Field(() => Int, { nullable: true, description: "A version of the experiment; the latest where absent." })
  experimentVersion?: number | null;

  @Field(() => JSONObjectScalar, { nullable: true, description: "Need an experiment: laid over its version, committed as a new version, then run. null is a value." })
  parameters?: Record<string, unknown> | null;

  @Field(() => TestFilterInput, { nullable: true, description: "Which tests of the set; all where absent." })
  tests?: TestFilterInput | null;

  @Field(() => Int, { defaultValue: 1, description: "How often each test is executed: 1 to 100." })
  trials!: number;

  @Field(() => String, { nullable: true, description: "The run's name; else the set's name with a number." })
  name?: string | null;

  @Field(() => [String], { nullable: true, description: "The run's tags." })
  tags?: string[] | null;

  @Field(() => JSONObjectScalar, { nullable: true, description: "Anything to keep with the run. timeout (seconds) and retry_count override the endpoint's own limits." })
  attributes?: Record<string, unknown> | null;

  @Field(() => String, { nullable: true, description: "The same key with the same input gives the same run for seven days; with another input, CONFLICT (IDEMPOTENCY_MISMATCH)." })
  idempotencyKey?: string | null;
}

/** The input as the service takes it: what is absent is null. */
export function toExecution(input: ExecuteTestSetInput): ExecuteTestSet {
  return {
    testSet: input.testSet,
    endpoint: input.endpoint,
    mode: input.mode,
    metrics: input.metrics ?? null,
    experiment: input.experiment ?? null,
    experimentVersion: input.experimentVersion ?? null,
    parameters: input.parameters ?? null,
    tests: input.tests ?? null,
    trials: input.trials,
    name: input.name ?? null,
    tags: input.tags ?? [],
    attributes: input.attributes ?? {},
    idempotencyKey: input.idempotencyKey ?? null,
  };
}
