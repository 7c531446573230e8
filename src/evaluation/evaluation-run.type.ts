import { Field, Float, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { connectionOf, NodeType } from "../graphql/index.js";
import { type EvaluationRun, EvaluationRunStatus } from "./evaluation-run.js";
import { MetricValueType, type RunLevelResult } from "./pass-rule.js";

registerEnumType(EvaluationRunStatus, {
  name: "EvaluationRunStatus",
  description: "Where an evaluation run stands: follows from its test run.",
  valuesConfig: {
    QUEUED: { description: "No worker has taken it up yet." },
    RUNNING_DATASET: { description: "The agent is being asked; a pause in this phase counts as it." },
    EVALUATING_RESULTS: { description: "Every test has an answer or an error, and the answers are being judged; a pause in this phase counts as it." },
    CANCELLING: { description: "No new call starts; calls in flight are being aborted." },
    CANCELLED: { description: "Ended by a person; what had finished stays." },
    SUCCESSFUL: { description: "Every planned result has a verdict. Whether the agent passes is passStatus." },
    PARTIALLY_SUCCESSFUL: { description: "Some planned results ended in ERROR." },
    FAILED: { description: "All planned results ended in ERROR, or the run could not start." },
  },
});

registerEnumType(MetricValueType, {
  name: "MetricValueType",
  description: "What kind of value a metric has over a whole run.",
  valuesConfig: {
    NUMBER: { description: "The mean of a NUMERIC metric's scores, as numberValue." },
    STRING: { description: "The most frequent category of a CATEGORICAL metric, as stringValue, with the share of passes from 0 to 1 as numberValue." },
    PERCENTAGE: { description: "The share of a BINARY metric's passes from 0 to 100, as numberValue." },
  },
});

@ObjectType("EvaluationMetricResult", { description: "A metric's value over a whole run. What could not be computed is null with the reason, never 0." })
export class EvaluationMetricResultType implements Omit<RunLevelResult, "metricId"> {
  @Field(() => String, { simple: true, description: "The metric's name as the run pinned it." })
  metricName!: string;

  @Field(() => MetricValueType, { simple: true, description: "What kind of value it is." })
  valueType!: MetricValueType;

  @Field(() => Float, { simple: true, nullable: true, description: "The mean, percentage or share, by valueType; null without a scored result. Means never follow reviews, shares do." })
  numberValue!: number | null;

  @Field(() => String, { simple: true, nullable: true, description: "The most frequent category; null for NUMBER and PERCENTAGE, and without a scored result." })
  stringValue!: string | null;

  @Field(() => String, { simple: true, nullable: true, description: "How the value came about." })
  reasoning!: string | null;

  @Field(() => String, { simple: true, nullable: true, description: "Why there is no value; null where there is one." })
  errorDescription!: string | null;

  @Field(() => Int, { simple: true, description: "How many results the value is of." })
  scored!: number;

  @Field(() => Int, { simple: true, description: "How many results are planned." })
  total!: number;
}

@ObjectType("EvaluationAgent", { description: "The endpoint as it stood when the run was queued." })
export class EvaluationAgentType {
  @Field(() => ID, { simple: true, description: "The snapshot's own id, one for each evaluation run." })
  id!: string;

  @Field(() => ID, { simple: true, description: "The endpoint's id." })
  endpointId!: string;

  @Field(() => String, { simple: true, description: "The endpoint's name then." })
  name!: string;

  @Field(() => String, { simple: true, description: "The endpoint's versionHash then: the version that the run calls." })
  versionHash!: string;
}

@ObjectType("EvaluationRun", { implements: NodeType, description: "An evaluation test case's run against one agent." })
export class EvaluationRunType implements Pick<EvaluationRun, "id" | "name" | "testCaseVersion" | "queuedAt"> {
  @Field(() => ID, { simple: true, description: "The evaluation run's id." })
  id!: string;

  @Field(() => String, { simple: true, description: "Its name; names may repeat." })
  name!: string;

  @Field(() => Int, { simple: true, description: "The version of the test case that it is pinned to." })
  testCaseVersion!: number;

  @Field(() => Date, { simple: true, description: "When it was queued." })
  queuedAt!: Date;
}

export const EvaluationRunConnectionType = connectionOf("EvaluationRun", "evaluation runs", () => EvaluationRunType);
