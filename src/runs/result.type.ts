import { Field, Float, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { connectionOf, JSONObjectScalar, NodeType } from "../graphql/index.js";
import { MetricErrorCode } from "../metrics/index.js";
import { AttemptType, ResultErrorObjectType } from "./output.type.js";
import { type Attempt, type ResultError, type TestResult, TestResultStatus } from "./result.js";
import { type MetricResult, MetricResultStatus } from "./metric-result.js";

registerEnumType(TestResultStatus, {
  name: "TestResultStatus",
  description: "Where a planned result stands.",
  valuesConfig: {
    PENDING: { description: "Not begun." },
    RUNNING: { description: "Being called or judged." },
    PASSED: { description: "Every metric that was not skipped passed." },
    FAILED: { description: "A metric failed." },
    ERROR: { description: "No verdict: the endpoint or a needed metric gave none." },
    CANCELLED: { description: "The run was cancelled before there was a verdict." },
  },
});

registerEnumType(MetricResultStatus, {
  name: "MetricResultStatus",
  description: "What a metric made of an answer.",
  valuesConfig: {
    PASSED: { description: "It passed." },
    FAILED: { description: "It failed." },
    ERROR: { description: "The metric could not be computed." },
    SKIPPED: { description: "The metric does not apply to the test." },
    INCONCLUSIVE: { description: "The metric came to no verdict." },
  },
});

registerEnumType(MetricErrorCode, {
  name: "MetricErrorCode",
  description: "Why a metric gave no verdict.",
  valuesConfig: {
    SCOPE_MISMATCH: { description: "The metric is not for tests of this type." },
    NO_GROUND_TRUTH: { description: "The metric needs an expected response, and the test has none." },
    NO_CONTEXT: { description: "The metric needs context, and there is none." },
    NO_ASSERTIONS: { description: "The test carries no assertions." },
    OUT_OF_RANGE: { description: "The score is outside the metric's range." },
    UNKNOWN_CATEGORY: { description: "The category is none of the metric's." },
    NO_VERDICT: { description: "The judge gave no verdict." },
    INVALID_PARAMETERS: { description: "The metric's parameters do not work for this test." },
    HTTP: { description: "The judge answered with a status that is no success." },
    NETWORK: { description: "The judge could not be reached, or the connection broke." },
    TIMEOUT: { description: "The judge took longer than its limit." },
    RATE_LIMIT: { description: "The judge answered 429 to the last attempt." },
    BLOCKED_ADDRESS: { description: "The judge is on an address that this gateway does not call." },
    MALFORMED_ANSWER: { description: "The judge's answer could not be read." },
    INTERNAL: { description: "A fault of the gateway itself; its log says more." },
  },
});

@ObjectType("MetricError", { description: "Why a metric gave no verdict.", simpleResolvers: true })
export class MetricErrorType {
  @Field(() => MetricErrorCode, { description: "The cause." })
  code!: MetricErrorCode;

  @Field(() => String, { description: "The cause in words." })
  message!: string;
}

@ObjectType("MetricResult", { implements: NodeType, description: "What one metric made of one result.", simpleResolvers: true })
export class MetricResultType
  implements Pick<MetricResult, "id" | "status" | "automatedStatus" | "score" | "category" | "threshold" | "reason" | "metadata" | "durationMs" | "inputTokens" | "outputTokens" | "cost">
{
  @Field(() => ID, { description: "The metric result's id: it follows from the result's and the metric's place in the run." })
  id!: string;

  @Field(() => MetricResultStatus, { description: "The verdict that counts: the newest review of it, else the automated one." })
  status!: MetricResultStatus;

  @Field(() => MetricResultStatus, { description: "The verdict before any review." })
  automatedStatus!: MetricResultStatus;

  @Field(() => Float, { nullable: true, description: "The score; null for CATEGORICAL metrics and where there is none." })
  score!: number | null;

  @Field(() => String, { nullable: true, description: "The category, for CATEGORICAL and BINARY metrics; null where there is none." })
  category!: string | null;

  @Field(() => Float, { nullable: true, description: "The threshold that the score was held against; null where there is none." })
  threshold!: number | null;

  @Field(() => String, { nullable: true, description: "Why the verdict is what it is, in the scorer's words." })
  reason!: string | null;

  @Field(() => JSONObjectScalar, { description: "What the scorer adds: votes and their spread, library and version, matched parts." })
  metadata!: Record<string, unknown>;

  @Field(() => Float, { description: "How long scoring took, in milliseconds." })
  durationMs!: number;

  @Field(() => Int, { nullable: true, description: "Tokens that the judge read; null without a judge." })
  inputTokens!: number | null;

  @Field(() => Int, { nullable: true, description: "Tokens that the judge wrote; null without a judge." })
  outputTokens!: number | null;

  @Field(() => Float, { nullable: true, description: "What the judge cost, in the currency of its prices; null where no price is known." })
  cost!: number | null;
}

type PublicResult = Pick<TestResult, "id" | "position" | "trial" | "status" | "automatedStatus" | "error" | "attempts" | "latencyMs" | "startedAt" | "finishedAt">;

@ObjectType("TestResult", { implements: NodeType, description: "What came of one trial of one test in a run. It is there from the moment that the run is queued.", simpleResolvers: true })
export class TestResultType implements PublicResult {
  @Field(() => ID, { description: "The result's id: it follows from the run's and the result's place in it." })
  id!: string;

  @Field(() => Int, { description: "The test's place in the run, from 1." })
  position!: number;

  @Field(() => Int, { description: "Which trial of the test it is, from 1 to the run's trials." })
  trial!: number;

  @Field(() => TestResultStatus, { description: "The verdict that counts: the newest review of the whole result, else the metrics with their reviews applied." })
  status!: TestResultStatus;

  @Field(() => TestResultStatus, { description: "The verdict before any review." })
  automatedStatus!: TestResultStatus;

  @Field(() => ResultErrorObjectType, { nullable: true, description: "Why there is no automated verdict; null where there is one, or none yet. A review leaves it." })
  error!: ResultError | null;

  @Field(() => [AttemptType], { description: "Every call of the endpoint for this result, in their order." })
  attempts!: readonly Attempt[];

  @Field(() => Float, { nullable: true, description: "How long the attempt that answered took, in milliseconds, without waiting; for a conversation, all its turns. Null without an answer." })
  latencyMs!: number | null;

  @Field(() => Date, { nullable: true, description: "When its first call began; null before." })
  startedAt!: Date | null;

  @Field(() => Date, { nullable: true, description: "When it got its verdict; null before." })
  finishedAt!: Date | null;
}

export const TestResultConnectionType = connectionOf("TestResult", "test results", () => TestResultType);
