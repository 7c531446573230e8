import { Field, Float, InputType } from "type-graphql";
import { EndpointLimitsInput } from "../endpoints/graphql.js";
import { EntityRefInput, JSONObjectScalar, StringFilterInput } from "../graphql/index.js";
import { TestType } from "../test-sets/index.js";
import { MetricKind, ScoreType, ThresholdOperator } from "./metric.js";
import type { MetricFields, NewMetric } from "./metric-fields.js";
import type { MetricFilter } from "./metrics.repository.js";

@InputType("MetricFilter", { description: "Which metrics to list. Several fields must hold together." })
export class MetricFilterInput implements MetricFilter {
  @Field(() => StringFilterInput, { nullable: true, description: "By name." })
  name?: StringFilterInput | null;

  @Field(() => MetricKind, { nullable: true, description: "By kind." })
  kind?: MetricKind | null;

  @Field(() => TestType, { nullable: true, description: "Those that apply to tests of this type." })
  scope?: TestType | null;
}

@InputType("CreateMetricInput", { description: "A new metric." })
export class CreateMetricInput implements NewMetric {
  @Field(() => String, { description: "The metric's name, unique in the organization ignoring case." })
  name!: string;

  @Field(() => String, { nullable: true, description: "What the metric is for." })
  description?: string | null;

  @Field(() => MetricKind, { description: "How the metric comes to its verdict." })
  kind!: MetricKind;

  @Field(() => String, { nullable: true, description: "For BUILT_IN: which one of metricCatalog." })
  builtIn?: string | null;

  @Field(() => JSONObjectScalar, { nullable: true, description: "For BUILT_IN: as its schema in metricCatalog says; texts may be templates over the test. For LLM_JUDGE: votes (1 to 9, odd), temperature. For REMOTE: whatever it shall be sent." })
  parameters?: Record<string, unknown> | null;

  @Field(() => String, { nullable: true, description: "For LLM_JUDGE, which needs it: what to judge and when it is good. May be a template over the test." })
  evaluationPrompt?: string | null;

  @Field(() => String, { nullable: true, description: "For LLM_JUDGE: the steps by which to judge." })
  evaluationSteps?: string | null;

  @Field(() => String, { nullable: true, description: "For LLM_JUDGE: how to reason, and what its reason shall say." })
  reasoning?: string | null;

  @Field(() => String, { nullable: true, description: "For LLM_JUDGE: examples of judgements." })
  evaluationExamples?: string | null;

  @Field(() => EntityRefInput, { nullable: true, description: "The model that judges: for LLM_JUDGE, and for built-ins whose catalog entry says needsModel. `assertions` takes one for its llm_judge assertions." })
  model?: EntityRefInput | null;

  @Field(() => String, { nullable: true, description: "For REMOTE, which needs it: the URL that is posted the test and its output and answers with a score." })
  url?: string | null;

  @Field(() => String, { nullable: true, description: "For REMOTE: signs requests. Stored encrypted, never shown." })
  secret?: string | null;

  @Field(() => EndpointLimitsInput, { nullable: true, description: "For REMOTE: bounds of its calls across all workers. Those of a judge are its model's." })
  limits?: EndpointLimitsInput | null;

  @Field(() => ScoreType, { nullable: true, description: "What the metric gives: NUMERIC where absent; for BUILT_IN, what the catalog says." })
  scoreType?: ScoreType | null;

  @Field(() => Float, { nullable: true, description: "The lowest score of a NUMERIC metric; 0 where absent." })
  minScore?: number | null;

  @Field(() => Float, { nullable: true, description: "The highest score of a NUMERIC metric; 1 where absent." })
  maxScore?: number | null;

  @Field(() => Float, { nullable: true, description: "What a NUMERIC score is compared with." })
  threshold?: number | null;

  @Field(() => ThresholdOperator, { nullable: true, description: "How a NUMERIC score stands to the threshold when it passes; GTE, or what the catalog says." })
  thresholdOperator?: ThresholdOperator | null;

  @Field(() => [String], { nullable: true, description: "For CATEGORICAL: what it may give." })
  categories?: string[] | null;

  @Field(() => [String], { nullable: true, description: "For CATEGORICAL: which categories pass." })
  passingCategories?: string[] | null;

  @Field(() => [TestType], { nullable: true, description: "The test types that it applies to; both, or what the catalog says." })
  scope?: TestType[] | null;

  @Field(() => Boolean, { nullable: true, description: "Whether to skip tests without expected response, even where no parameter needs it." })
  groundTruthRequired?: boolean | null;

  @Field(() => Boolean, { nullable: true, description: "Whether to skip tests when neither they nor the answers have context." })
  contextRequired?: boolean | null;
}

@InputType("UpdateMetricInput", { description: "What to change of a metric: absent fields stay, null clears, lists replace. Kind, built-in and score type never change." })
export class UpdateMetricInput implements MetricFields {
  @Field(() => EntityRefInput, { description: "The metric." })
  metric!: EntityRefInput;

  @Field(() => String, { nullable: true, description: "The metric's new name." })
  name?: string | null;

  @Field(() => String, { nullable: true, description: "What the metric is for." })
  description?: string | null;

  @Field(() => JSONObjectScalar, { nullable: true, description: "All of the parameters." })
  parameters?: Record<string, unknown> | null;

  @Field(() => String, { nullable: true, description: "For LLM_JUDGE, which needs it: what to judge and when it is good. May be a template over the test." })
  evaluationPrompt?: string | null;

  @Field(() => String, { nullable: true, description: "For LLM_JUDGE: the steps by which to judge." })
  evaluationSteps?: string | null;

  @Field(() => String, { nullable: true, description: "For LLM_JUDGE: how to reason, and what its reason shall say." })
  reasoning?: string | null;

  @Field(() => String, { nullable: true, description: "For LLM_JUDGE: examples of judgements." })
  evaluationExamples?: string | null;

  @Field(() => EntityRefInput, { nullable: true, description: "The model that judges: for LLM_JUDGE, and for built-ins whose catalog entry says needsModel. `assertions` takes one for its llm_judge assertions." })
  model?: EntityRefInput | null;

  @Field(() => String, { nullable: true, description: "For REMOTE, which needs it: the URL that is posted the test and its output and answers with a score." })
  url?: string | null;

  @Field(() => String, { nullable: true, description: "For REMOTE: signs requests. Stored encrypted, never shown; null removes it, *** keeps it." })
  secret?: string | null;

  @Field(() => EndpointLimitsInput, { nullable: true, description: "For REMOTE: bounds of its calls across all workers. Those of a judge are its model's." })
  limits?: EndpointLimitsInput | null;

  @Field(() => Float, { nullable: true, description: "The lowest score." })
  minScore?: number | null;

  @Field(() => Float, { nullable: true, description: "The highest score." })
  maxScore?: number | null;

  @Field(() => Float, { nullable: true, description: "What a NUMERIC score is compared with." })
  threshold?: number | null;

  @Field(() => ThresholdOperator, { nullable: true, description: "How a NUMERIC score stands to the threshold when it passes." })
  thresholdOperator?: ThresholdOperator | null;

  @Field(() => [String], { nullable: true, description: "For CATEGORICAL: what it may give." })
  categories?: string[] | null;

  @Field(() => [String], { nullable: true, description: "For CATEGORICAL: which categories pass." })
  passingCategories?: string[] | null;

  @Field(() => [TestType], { nullable: true, description: "The test types that it applies to." })
  scope?: TestType[] | null;

  @Field(() => Boolean, { nullable: true, description: "Whether to skip tests without expected response." })
  groundTruthRequired?: boolean | null;

  @Field(() => Boolean, { nullable: true, description: "Whether to skip tests when neither they nor the answers have context." })
  contextRequired?: boolean | null;
}

@InputType("TestSetMetricsInput", { description: "Metrics to assign to a test set, or to take off it: all or nothing." })
export class TestSetMetricsInput {
  @Field(() => EntityRefInput, { description: "The test set." })
  testSet!: EntityRefInput;

  @Field(() => [EntityRefInput], { description: "The metrics; one named twice counts once." })
  metrics!: EntityRefInput[];
}

@InputType("SetBehaviorMetricsInput", { description: "The metrics of a behavior, in the place of those that it has." })
export class SetBehaviorMetricsInput {
  @Field(() => EntityRefInput, { description: "The behavior." })
  behavior!: EntityRefInput;

  @Field(() => [EntityRefInput], { description: "The metrics, in order; one named twice counts once. An empty list takes all off." })
  metrics!: EntityRefInput[];
}
