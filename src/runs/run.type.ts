import { Field, Float, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { connectionOf, JSONObjectScalar, NodeType, SafeIntScalar } from "../graphql/index.js";
import { ExecutionMode, MetricsSource, type RunError, type TestRun, TestRunKind, TestRunPhase, TestRunStatus } from "./run.js";
import type { RunProgress } from "./run-progress.js";

registerEnumType(ExecutionMode, {
  name: "ExecutionMode",
  description: "Whether calls of a run may overlap.",
  valuesConfig: {
    PARALLEL: { description: "As many calls in flight as the endpoint's maxConcurrency allows, over all runs and workers." },
    SEQUENTIAL: { description: "One call of the run at a time, test by test in order, the trials of a test together." },
  },
});

registerEnumType(TestRunStatus, {
  name: "TestRunStatus",
  description: "Where a run stands.",
  valuesConfig: {
    QUEUED: { description: "No worker has taken it up yet." },
    RUNNING: { description: "Workers call or judge." },
    PAUSED: { description: "No new call starts until it is resumed." },
    CANCELLING: { description: "No new call starts; calls in flight are being aborted." },
    CANCELLED: { description: "Ended by a person; what had finished stays." },
    COMPLETED: { description: "Every planned test has a verdict, passed or failed." },
    PARTIAL: { description: "Some planned tests ended in ERROR." },
    FAILED: { description: "All planned tests ended in ERROR, or the run could not start." },
  },
});

registerEnumType(TestRunKind, {
  name: "TestRunKind",
  description: "Where a run's outputs come from.",
  valuesConfig: { EXECUTION: { description: "From calls of the endpoint." }, RESCORE: { description: "From another run, by reference: no call is made." } },
});

registerEnumType(TestRunPhase, {
  name: "TestRunPhase",
  description: "What a run is busy with.",
  valuesConfig: {
    EXECUTING: { description: "Calling, until every planned result has an output or an error." },
    EVALUATING: { description: "Judging what has been answered. A RESCORE starts here." },
    DONE: { description: "Nothing: it has ended." },
  },
});

registerEnumType(MetricsSource, {
  name: "MetricsSource",
  description: "The level that a run's metrics come from. Levels are never merged.",
  valuesConfig: {
    EXECUTION: { description: "They were given for this execution." },
    TEST_SET: { description: "They are assigned to the test set." },
    BEHAVIOR: { description: "They are assigned to the behaviors of the tests, each for its own." },
  },
});

@ObjectType("RunError", { description: "Why a run failed as a whole.", simpleResolvers: true })
export class RunErrorType implements RunError {
  @Field(() => String, { description: "The cause, in UPPER_SNAKE." })
  code!: string;

  @Field(() => String, { description: "The cause in words, with the next step." })
  message!: string;
}

@ObjectType("RunProgress", { description: "Counts of planned results (tests times trials).", simpleResolvers: true })
export class RunProgressType implements Omit<RunProgress, "runId" | "status"> {
  @Field(() => Int, { description: "All planned results: pending + running + finished." })
  total!: number;

  @Field(() => Int, { description: "Not begun." })
  pending!: number;

  @Field(() => Int, { description: "Being called or judged." })
  running!: number;

  @Field(() => Int, { description: "With an output, from the endpoint or from the source run." })
  executed!: number;

  @Field(() => Int, { description: "With the verdict PASSED." })
  passed!: number;

  @Field(() => Int, { description: "With the verdict FAILED." })
  failed!: number;

  @Field(() => Int, { description: "Without a verdict, because the endpoint or a needed metric gave none." })
  errored!: number;

  @Field(() => Int, { description: "Left without a verdict when the run was cancelled." })
  cancelled!: number;

  @Field(() => Int, { description: "passed + failed + errored + cancelled." })
  finished!: number;
}

/** Sums over a run. */
export interface UsageSummary {
  readonly endpointCalls: number;
  readonly endpointInputTokens: number;
  readonly endpointOutputTokens: number;
  readonly judgeCalls: number;
  readonly judgeInputTokens: number;
  readonly judgeOutputTokens: number;
  readonly judgeCost: number | null;
}

@ObjectType("UsageSummary", { description: "What a run has used so far. Tokens are sums of what was reported.", simpleResolvers: true })
export class UsageSummaryType implements UsageSummary {
  @Field(() => Int, { description: "Calls of the endpoint, repeated attempts included." })
  endpointCalls!: number;

  @Field(() => SafeIntScalar, { description: "Tokens that the endpoint read." })
  endpointInputTokens!: number;

  @Field(() => SafeIntScalar, { description: "Tokens that the endpoint wrote." })
  endpointOutputTokens!: number;

  @Field(() => Int, { description: "Calls of models that judge." })
  judgeCalls!: number;

  @Field(() => SafeIntScalar, { description: "Tokens that those models read." })
  judgeInputTokens!: number;

  @Field(() => SafeIntScalar, { description: "Tokens that those models wrote." })
  judgeOutputTokens!: number;

  @Field(() => Float, { nullable: true, description: "What judging cost, in the currency of the models' prices; null where no price is known." })
  judgeCost!: number | null;
}

type PublicRun = Pick<
  TestRun,
  "id" | "name" | "kind" | "status" | "mode" | "trials" | "error" | "testSetVersion" | "selection" | "parameters" | "metricsSource" | "testCount" | "tags" | "attributes" | "createdAt" | "startedAt" | "finishedAt"
>;

@ObjectType("TestRun", { implements: NodeType, description: "One execution, or one re-scoring, of tests against an endpoint.", simpleResolvers: true })
export class TestRunType implements PublicRun {
  @Field(() => ID, { description: "The run's id." })
  id!: string;

  @Field(() => String, { description: "The run's name; names may repeat." })
  name!: string;

  @Field(() => TestRunKind, { description: "Where its outputs come from." })
  kind!: TestRunKind;

  @Field(() => TestRunStatus, { description: "Where it stands." })
  status!: TestRunStatus;

  @Field(() => ExecutionMode, { description: "Whether its calls may overlap." })
  mode!: ExecutionMode;

  @Field(() => Int, { description: "How often each test is executed." })
  trials!: number;

  @Field(() => RunErrorType, { nullable: true, description: "Why it failed as a whole; null unless it did." })
  error!: RunError | null;

  @Field(() => Int, { nullable: true, description: "The version of the test set that it runs; null for a configuration without a set." })
  testSetVersion!: number | null;

  @Field(() => JSONObjectScalar, { nullable: true, description: "The filter that chose the tests; null for the whole set." })
  selection!: Record<string, unknown> | null;

  @Field(() => JSONObjectScalar, { description: "The parameters as they stood when the run was queued." })
  parameters!: Record<string, unknown>;

  @Field(() => MetricsSource, { description: "The level that its metrics come from." })
  metricsSource!: MetricsSource;

  @Field(() => Int, { description: "How many tests it runs." })
  testCount!: number;

  @Field(() => [String], { description: "Free words to filter by." })
  tags!: string[];

  @Field(() => JSONObjectScalar, { description: "Whatever else is noted about the run." })
  attributes!: Record<string, unknown>;

  @Field(() => Date, { description: "When it was queued." })
  createdAt!: Date;

  @Field(() => Date, { nullable: true, description: "When a worker first took it up; null before." })
  startedAt!: Date | null;

  @Field(() => Date, { nullable: true, description: "When it ended; null while it goes on." })
  finishedAt!: Date | null;
}

export const TestRunConnectionType = connectionOf("TestRun", "test runs", () => TestRunType);
