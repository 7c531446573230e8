import { Field, Float, ID, Int, ObjectType } from "type-graphql";
import { connectionOf, NodeType } from "../graphql/index.js";
import type { EvaluationTestCase, EvaluationTestCaseVersion, StarMetric } from "./test-case.js";

@ObjectType("StarMetric", { description: "The metric whose value over the run decides. Exactly one threshold is set." })
export class StarMetricType implements Pick<StarMetric, "successThreshold" | "successThresholdPct"> {
  @Field(() => Float, { simple: true, nullable: true, description: "In the metric's own units; null where successThresholdPct is set." })
  successThreshold!: number | null;

  @Field(() => Int, { simple: true, nullable: true, description: "From 0 to 100: of a NUMERIC metric's range, or the share of passes for the others; null where successThreshold is set." })
  successThresholdPct!: number | null;
}

@ObjectType("EvaluationTestCase", { implements: NodeType, description: "A versioned question about an agent: these tests, these metrics, and the one metric whose value decides." })
export class EvaluationTestCaseType implements Pick<EvaluationTestCase, "id" | "name" | "description" | "version" | "createdAt" | "updatedAt" | "archivedAt"> {
  @Field(() => ID, { simple: true, description: "The test case's id." })
  id!: string;

  @Field(() => String, { simple: true, description: "Its name, unique in its project ignoring case." })
  name!: string;

  @Field(() => String, { simple: true, nullable: true, description: "What it asks." })
  description!: string | null;

  @Field(() => Int, { simple: true, description: "The latest version's number, from 1: every update makes a version." })
  version!: number;

  @Field(() => Date, { simple: true, description: "When it was made." })
  createdAt!: Date;

  @Field(() => Date, { simple: true, description: "When it last changed." })
  updatedAt!: Date;

  @Field(() => Date, { simple: true, nullable: true, description: "When it was archived; null unless it was. An archived one stays readable but cannot be run." })
  archivedAt!: Date | null;
}

@ObjectType("EvaluationTestCaseVersion", { implements: NodeType, description: "One immutable statement of an evaluation test case. Runs are pinned to one." })
export class EvaluationTestCaseVersionType implements Pick<EvaluationTestCaseVersion, "id" | "version" | "name" | "description" | "createdAt"> {
  @Field(() => ID, { simple: true, description: "The version's id." })
  id!: string;

  @Field(() => Int, { simple: true, description: "Its number, from 1 without gaps." })
  version!: number;

  @Field(() => String, { simple: true, description: "The test case's name in this version." })
  name!: string;

  @Field(() => String, { simple: true, nullable: true, description: "What the test case asked in this version." })
  description!: string | null;

  @Field(() => Date, { simple: true, description: "When it was made." })
  createdAt!: Date;
}

export const EvaluationTestCaseConnectionType = connectionOf("EvaluationTestCase", "evaluation test cases", () => EvaluationTestCaseType);
export const EvaluationTestCaseVersionConnectionType = connectionOf("EvaluationTestCaseVersion", "versions of an evaluation test case", () => EvaluationTestCaseVersionType);
