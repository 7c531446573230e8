import { Arg, Ctx, Extensions, FieldResolver, Float, Resolver, Root } from "type-graphql";
import { NotFoundError } from "../errors.js";
import type { Context } from "../graphql/index.js";
import type { Metric } from "../metrics/index.js";
import { MetricType } from "../metrics/graphql.js";
import { BreakdownField, type BreakdownRow } from "./breakdown.js";
import { BreakdownRowType } from "./breakdown.type.js";
import { passRate, type TestRun, TestRunKind } from "./run.js";
import { type Interval, type LatencySummary, type MetricSummary, wilsonInterval } from "./run-summary.js";
import { IntervalType, LatencySummaryType, MetricSummaryType, ReviewCountsType } from "./run-summary.type.js";
import { TestRunType } from "./run.type.js";

/** What a run's results come to: computed from the rows while it goes on, kept when it ends. */
@Resolver(() => TestRunType)
export class RunSummaryResolver {
  @Extensions({ complexity: 20 })
  @FieldResolver(() => [MetricSummaryType], { description: "What each of its metrics made of its results, in their order." })
  async metricSummaries(@Root() run: TestRun, @Ctx() { loaders }: Context): Promise<readonly MetricSummary[]> {
    return (await loaders.summaries.ofRun.load(run.id)).metrics;
  }

  @Extensions({ complexity: 10 })
  @FieldResolver(() => LatencySummaryType, { nullable: true, description: "How long the answered calls of its endpoint took, without waiting; null without an answer, and for a RESCORE, which makes no call." })
  async latency(@Root() run: TestRun, @Ctx() { loaders }: Context): Promise<LatencySummary | null> {
    if (run.kind === TestRunKind.RESCORE) return null;
    return (await loaders.summaries.ofRun.load(run.id)).latency;
  }

  @FieldResolver(() => ReviewCountsType, { description: "How many of its results people have judged again." })
  reviewCounts(@Root() { reviewed, corrected }: TestRun): Pick<TestRun, "reviewed" | "corrected"> {
    return { reviewed, corrected };
  }

  @Extensions({ complexity: 50 })
  @FieldResolver(() => [BreakdownRowType], { nullable: true, description: "Counts and pass rates of the verdicts that count, by a property of the tests as they were then; by key, with tests that have none last." })
  breakdown(@Root() run: TestRun, @Arg("by", () => BreakdownField, { description: "Which property." }) by: BreakdownField, @Ctx() { loaders }: Context): Promise<readonly BreakdownRow[]> {
    return loaders.summaries.breakdown.load({ parentId: run.id, args: { by } });
  }
}

/** Rates of a breakdown's rows. */
@Resolver(() => BreakdownRowType)
export class BreakdownRowResolver {
  @FieldResolver(() => Float, { nullable: true, description: "passed / (passed + failed); null without a verdict. Errors are no fails." })
  passRate(@Root() row: BreakdownRow): number | null {
    return passRate(row);
  }
}

/** What follows from a metric's counts, and the metric itself. */
@Resolver(() => MetricSummaryType)
export class MetricSummaryResolver {
  @FieldResolver(() => MetricType, { description: "The metric as it is now, deleted ones included." })
  async metric(@Root() { metricId }: MetricSummary, @Ctx() { loaders }: Context): Promise<Metric> {
    const metric = await loaders.metrics.byId.load(metricId);
    if (metric === null) throw new NotFoundError("metric", metricId);
    return metric;
  }

  @FieldResolver(() => Float, { nullable: true, description: "passed / (passed + failed); null without a verdict." })
  passRate(@Root() summary: MetricSummary): number | null {
    return passRate(summary);
  }

  @FieldResolver(() => IntervalType, { nullable: true, description: "The 95 % Wilson interval of passRate; null without a verdict." })
  passRateInterval(@Root() { passed, failed }: MetricSummary): Interval | null {
    return wilsonInterval(passed, passed + failed);
  }
}
