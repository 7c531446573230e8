import { Field, Float, ID, InputType, Int } from "type-graphql";
import type { GatePolicy, MetricGate } from "./gate-policy.js";

/** What a metric must reach. */
@InputType("MetricGate", { description: "What a metric must reach." })
export class MetricGateInput implements MetricGate {
  @Field(() => String, { description: "The metric's name, ignoring case." })
  name!: string;

  @Field(() => Float, { description: "The least share of passes among its verdicts, from 0 to 1." })
  minPassRate!: number;
}

/** What a run must meet. */
@InputType("GatePolicy", { description: "What a run must meet: at least one limit. Limits are met where they are reached exactly." })
export class GatePolicyInput implements GatePolicy {
  @Field(() => Float, { nullable: true, description: "The least passRate, from 0 to 1." })
  minPassRate?: number | null;

  @Field(() => Float, { nullable: true, description: "The least coverage, from 0 to 1: which share of the planned results has a verdict." })
  minCoverage?: number | null;

  @Field(() => Float, { nullable: true, description: "The greatest share of errors among the results that ended, from 0 to 1." })
  maxErrorRate?: number | null;

  @Field(() => Float, { nullable: true, description: "The greatest 95th percentile of the latency, in milliseconds. Not decided for a RESCORE, which makes no calls." })
  maxP95LatencyMs?: number | null;

  @Field(() => ID, { nullable: true, description: "The finished run that regressions are counted against; needed by the next two." })
  baselineId?: string | null;

  @Field(() => Int, { nullable: true, description: "The most tests that may pass in the baseline and fail here." })
  maxRegressions?: number | null;

  @Field(() => Boolean, { nullable: true, description: "Whether a comparison with the verdict REGRESSED (p at most 0.05) fails the gate." })
  failOnSignificantRegression?: boolean | null;

  @Field(() => [MetricGateInput], { nullable: true, description: "What single metrics must reach." })
  metricMinPassRates?: MetricGateInput[] | null;
}
