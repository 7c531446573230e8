import { Field, Int, ObjectType } from "type-graphql";
import type { Metric, MetricErrorCode as ErrorCode } from "../metrics/index.js";
import { MetricErrorCode } from "../metrics/index.js";
import { MetricType } from "../metrics/graphql.js";
import type { ExecutionPlan, PlannedMetric } from "./execution-plan.js";

@ObjectType("PlannedMetric", { description: "To how many tests a metric would apply.", simpleResolvers: true })
export class PlannedMetricType implements PlannedMetric {
  @Field(() => MetricType, { description: "The metric, in its latest version." })
  metric!: Metric;

  @Field(() => Int, { description: "Tests that it is meant for: all, or those of the behaviors that it is assigned to." })
  tests!: number;

  @Field(() => Int, { description: "Those of them for which it would be skipped." })
  skipped!: number;

  @Field(() => [MetricErrorCode], { description: "Why it would be skipped; empty where it is not." })
  skipReasons!: ErrorCode[];
}

@ObjectType("ExecutionPlan", { description: "What executeTestSet would do with the same input.", simpleResolvers: true })
export class ExecutionPlanType implements ExecutionPlan {
  @Field(() => Int, { description: "Tests that would be executed." })
  tests!: number;

  @Field(() => Int, { description: "Planned results: tests times trials." })
  results!: number;

  @Field(() => Int, { description: "Calls of the endpoint if every one succeeds at once and every conversation is as short as it may be." })
  endpointCallsMin!: number;

  @Field(() => Int, { description: "Calls of the endpoint if each takes all its attempts and every conversation all its turns." })
  endpointCallsMax!: number;

  @Field(() => Int, { description: "Questions to models that judge or play the user, at least; votes are counted each." })
  judgeCalls!: number;

  @Field(() => [PlannedMetricType], { description: "The metrics that the run would pin, in their order." })
  metrics!: PlannedMetric[];

  @Field(() => Int, { description: "Tests that no metric applies to, skipped ones counted as not applying: they would end in ERROR (NO_METRICS)." })
  testsWithoutMetrics!: number;

  @Field(() => [String], { description: "What is worth knowing before; for an execution that would be refused for the state of things, why: all counts are 0 then." })
  problems!: string[];
}
