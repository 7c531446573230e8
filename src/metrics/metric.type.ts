import { Field, Float, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { EndpointLimitsType } from "../endpoints/graphql.js";
import type { EndpointLimits } from "../endpoints/index.js";
import { connectionOf, JSONObjectScalar, NodeType } from "../graphql/index.js";
import { TestType } from "../test-sets/index.js";
import { type Metric, MetricKind, type MetricVersion, ScoreType, ThresholdOperator } from "./metric.js";

registerEnumType(MetricKind, {
  name: "MetricKind",
  description: "How a metric comes to its verdict.",
  valuesConfig: {
    LLM_JUDGE: { description: "A model judges by a prompt." },
    BUILT_IN: { description: "One of metricCatalog." },
    REMOTE: { description: "A URL is posted the test and its output and answers with a score." },
  },
});

registerEnumType(ScoreType, {
  name: "ScoreType",
  description: "What a metric gives for an answer.",
  valuesConfig: {
    NUMERIC: { description: "A number, which passes by the threshold." },
    CATEGORICAL: { description: "One of the categories, some of which pass." },
    BINARY: { description: "`pass` or `fail`, with the score 1 or 0." },
  },
});

registerEnumType(ThresholdOperator, {
  name: "ThresholdOperator",
  description: "How a score stands to the threshold when it passes.",
  valuesConfig: {
    EQ: { description: "Equal to the threshold." },
    NE: { description: "Not equal to the threshold." },
    GT: { description: "Greater than the threshold." },
    GTE: { description: "Greater than the threshold, or equal to it." },
    LT: { description: "Less than the threshold." },
    LTE: { description: "Less than the threshold, or equal to it." },
  },
});

@ObjectType("Metric", { implements: NodeType, description: "How answers are judged. Every edit makes a new version; results keep the version that scored them.", simpleResolvers: true })
export class MetricType implements Omit<Metric, "organizationId" | "versionId" | "modelId"> {
  @Field(() => ID, { description: "The metric's id." })
  id!: string;

  @Field(() => String, { description: "The metric's name, unique in the organization ignoring case." })
  name!: string;

  @Field(() => String, { nullable: true, description: "What the metric is for." })
  description!: string | null;

  @Field(() => MetricKind, { description: "How the metric comes to its verdict." })
  kind!: MetricKind;

  @Field(() => String, { nullable: true, description: "For BUILT_IN: which one of metricCatalog; else null." })
  builtIn!: string | null;

  @Field(() => JSONObjectScalar, { description: "The metric's parameters as they were given; metricCatalog has the defaults of the others." })
  parameters!: Readonly<Record<string, unknown>>;

  @Field(() => String, { nullable: true, description: "For LLM_JUDGE: what to judge and when it is good; else null." })
  evaluationPrompt!: string | null;

  @Field(() => String, { nullable: true, description: "For LLM_JUDGE: the steps by which to judge, or null." })
  evaluationSteps!: string | null;

  @Field(() => String, { nullable: true, description: "For LLM_JUDGE: how to reason, or null." })
  reasoning!: string | null;

  @Field(() => String, { nullable: true, description: "For LLM_JUDGE: examples of judgements, or null." })
  evaluationExamples!: string | null;

  @Field(() => String, { nullable: true, description: "For REMOTE: the URL that is posted the test and its output and answers with a score; else null." })
  url!: string | null;

  @Field(() => Boolean, { description: "For REMOTE: whether requests are signed. The secret is never shown." })
  hasSecret!: boolean;

  @Field(() => EndpointLimitsType, { nullable: true, description: "For REMOTE: bounds of its calls; null for other kinds." })
  limits!: EndpointLimits | null;

  @Field(() => ScoreType, { description: "What the metric gives for an answer." })
  scoreType!: ScoreType;

  @Field(() => Float, { nullable: true, description: "The lowest score; null where there is no bound." })
  minScore!: number | null;

  @Field(() => Float, { nullable: true, description: "The highest score; null where there is no bound." })
  maxScore!: number | null;

  @Field(() => Float, { nullable: true, description: "What a NUMERIC score is compared with; null for other scores." })
  threshold!: number | null;

  @Field(() => ThresholdOperator, { description: "How a NUMERIC score stands to the threshold when it passes." })
  thresholdOperator!: ThresholdOperator;

  @Field(() => [String], { description: "The categories that it may give; none for NUMERIC." })
  categories!: readonly string[];

  @Field(() => [String], { description: "The categories that pass." })
  passingCategories!: readonly string[];

  @Field(() => [TestType], { description: "The test types that it applies to; for tests of another type it is skipped." })
  scope!: readonly TestType[];

  @Field(() => Boolean, { description: "Whether a test without expected response is skipped." })
  groundTruthRequired!: boolean;

  @Field(() => Boolean, { description: "Whether a test is skipped when neither it nor the answer has context." })
  contextRequired!: boolean;

  @Field(() => Int, { description: "The number of its latest version, from 1." })
  version!: number;

  @Field(() => Date, { description: "When the metric was made." })
  createdAt!: Date;

  @Field(() => Date, { description: "When the metric was last edited." })
  updatedAt!: Date;

  @Field(() => Date, { nullable: true, description: "When it was deleted, or null. A deleted metric stays readable from its results." })
  deletedAt!: Date | null;
}

@ObjectType("MetricVersion", { implements: NodeType, description: "One immutable definition of a metric, as results were scored by it.", simpleResolvers: true })
export class MetricVersionType implements Pick<MetricVersion, "id" | "number" | "createdAt"> {
  @Field(() => ID, { description: "The version's id." })
  id!: string;

  @Field(() => Int, { description: "Its number, from 1 without gaps." })
  number!: number;

  @Field(() => JSONObjectScalar, { description: "The whole definition: the metric's fields by their names." })
  definition!: MetricVersion["definition"];

  @Field(() => Date, { description: "When the version was made." })
  createdAt!: Date;
}

@ObjectType("MetricTemplate", { description: "A metric that ships with the gateway, with the JSON Schema of its parameters.", simpleResolvers: true })
export class MetricTemplateType {
  @Field(() => String, { description: "Its name, for `builtIn` of createMetric." })
  name!: string;

  @Field(() => String, { description: "Its name as people read it." })
  title!: string;

  @Field(() => String, { description: "What it tells of an answer." })
  description!: string;

  @Field(() => ScoreType, { description: "What it gives for an answer." })
  scoreType!: ScoreType;

  @Field(() => [TestType], { description: "The test types that it applies to unless the metric says less." })
  scope!: readonly TestType[];

  @Field(() => Boolean, { description: "Whether, with its default parameters, it needs a test's expected response." })
  groundTruthRequired!: boolean;

  @Field(() => Boolean, { description: "Whether it needs context, of the test or of the answer." })
  contextRequired!: boolean;

  @Field(() => Boolean, { description: "Whether it needs a model to judge." })
  needsModel!: boolean;

  @Field(() => JSONObjectScalar, { description: "The JSON Schema (2020-12) of its parameters." })
  parametersSchema!: Record<string, unknown>;
}

export const MetricConnectionType = connectionOf("Metric", "metrics", () => MetricType);
export const MetricVersionConnectionType = connectionOf("MetricVersion", "versions of a metric", () => MetricVersionType);
