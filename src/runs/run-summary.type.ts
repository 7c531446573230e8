import { Field, Float, Int, ObjectType } from "type-graphql";
import type { CategoryCount, Interval, LatencySummary, MetricSummary } from "./run-summary.js";

@ObjectType("Interval", { description: "A closed range.", simpleResolvers: true })
export class IntervalType implements Interval {
  @Field(() => Float, { description: "Its lower end." })
  low!: number;

  @Field(() => Float, { description: "Its upper end." })
  high!: number;
}

@ObjectType("CategoryCount", { description: "A category with how many results have it.", simpleResolvers: true })
export class CategoryCountType implements CategoryCount {
  @Field(() => String, { description: "The category." })
  category!: string;

  @Field(() => Int, { description: "How many results have it." })
  count!: number;
}

@ObjectType("MetricSummary", {
  description: "What one metric made of a run's results. Counts and rates are of the verdicts that count, reviews included; scores are of the automated verdicts and never change. A statistic is null where it cannot be computed.",
  simpleResolvers: true,
})
export class MetricSummaryType implements Pick<MetricSummary, "metricVersion" | "name" | "passed" | "failed" | "errored" | "skipped" | "inconclusive" | "mean" | "standardDeviation" | "min" | "max" | "p50" | "categories"> {
  @Field(() => Int, { description: "The version of the metric that judged." })
  metricVersion!: number;

  @Field(() => String, { description: "The metric's name in that version." })
  name!: string;

  @Field(() => Int, { description: "Results that it passed." })
  passed!: number;

  @Field(() => Int, { description: "Results that it failed." })
  failed!: number;

  @Field(() => Int, { description: "Results for which it could not be computed." })
  errored!: number;

  @Field(() => Int, { description: "Results to which it does not apply." })
  skipped!: number;

  @Field(() => Int, { description: "Results for which it came to no verdict." })
  inconclusive!: number;

  @Field(() => Float, { nullable: true, description: "The mean of the scores; null without any, as a category alone is none." })
  mean!: number | null;

  @Field(() => Float, { nullable: true, description: "The standard deviation of the scores as of a sample (over n - 1); null for fewer than two." })
  standardDeviation!: number | null;

  @Field(() => Float, { nullable: true, description: "The lowest score; null without any." })
  min!: number | null;

  @Field(() => Float, { nullable: true, description: "The highest score; null without any." })
  max!: number | null;

  @Field(() => Float, { nullable: true, description: "The median of the scores; null without any." })
  p50!: number | null;

  @Field(() => [CategoryCountType], { description: "The categories that occur, the most frequent first, for CATEGORICAL and BINARY metrics; empty for NUMERIC ones." })
  categories!: readonly CategoryCount[];
}

@ObjectType("LatencySummary", { description: "How long answered calls of the endpoint took, in milliseconds, without waiting. Percentiles are interpolated between the two nearest ranks.", simpleResolvers: true })
export class LatencySummaryType implements LatencySummary {
  @Field(() => Int, { description: "Results with an answer." })
  count!: number;

  @Field(() => Float, { description: "The mean." })
  mean!: number;

  @Field(() => Float, { description: "The shortest." })
  min!: number;

  @Field(() => Float, { description: "The median." })
  p50!: number;

  @Field(() => Float, { description: "Nine of ten took at most this." })
  p90!: number;

  @Field(() => Float, { description: "95 of 100 took at most this." })
  p95!: number;

  @Field(() => Float, { description: "99 of 100 took at most this." })
  p99!: number;

  @Field(() => Float, { description: "The longest." })
  max!: number;
}

@ObjectType("ReviewCounts", { description: "How many of a run's results people have judged again.", simpleResolvers: true })
export class ReviewCountsType {
  @Field(() => Int, { description: "Results with a review of any target." })
  reviewed!: number;

  @Field(() => Int, { description: "Results whose verdict a reviewer changed." })
  corrected!: number;
}
