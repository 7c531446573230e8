import { Field, Float, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { connectionOf, JSONScalar } from "../graphql/index.js";
import { IntervalType, TestRunType } from "../runs/graphql.js";
import { ComparisonOutcome, type ComparisonSummary, ComparisonVerdict, type TestRunComparison } from "./comparison.js";
import type { MetricDelta } from "./metric-delta.js";
import type { RunChange } from "./run-change.js";
import type { TestPair } from "./test-pair.js";

registerEnumType(ComparisonOutcome, {
  name: "ComparisonOutcome",
  description: "What became of a test from the baseline to the candidate.",
  valuesConfig: {
    IMPROVED: { description: "Failed before, passes now." },
    REGRESSED: { description: "Passed before, fails now." },
    UNCHANGED: { description: "The same verdict in both runs." },
    ADDED: { description: "Only the candidate has the test." },
    REMOVED: { description: "Only the baseline has the test." },
    NOT_COMPARABLE: { description: "A run gave it no verdict, or its trials are tied." },
  },
});
registerEnumType(ComparisonVerdict, {
  name: "ComparisonVerdict",
  description: "What a comparison shows as a whole.",
  valuesConfig: {
    IMPROVED: { description: "More tests improved than regressed, by more than luck explains (p at most 0.05)." },
    REGRESSED: { description: "More tests regressed than improved, by more than luck explains (p at most 0.05)." },
    NO_EVIDENCE: { description: "What changed may be luck (p above 0.05)." },
    INSUFFICIENT_DATA: { description: "No test has a verdict in both runs." },
  },
});

@ObjectType("ComparisonSummary", { description: "Counts of tests by what became of them.", simpleResolvers: true })
export class ComparisonSummaryType implements ComparisonSummary {
  @Field(() => Int, { description: "Failed before, pass now." })
  improved!: number;

  @Field(() => Int, { description: "Passed before, fail now." })
  regressed!: number;

  @Field(() => Int, { description: "The same verdict in both runs." })
  unchanged!: number;

  @Field(() => Int, { description: "Only in the candidate." })
  added!: number;

  @Field(() => Int, { description: "Only in the baseline." })
  removed!: number;

  @Field(() => Int, { description: "Without a verdict in one of the runs, or with tied trials." })
  notComparable!: number;
}

@ObjectType("MetricDelta", { description: "How the scores of a metric differ between two runs: the same metric in whatever version, else one of the same name.", simpleResolvers: true })
export class MetricDeltaType implements MetricDelta {
  @Field(() => String, { description: "The metric's name in the candidate, or in the baseline where only that has it." })
  name!: string;

  @Field(() => Float, { nullable: true, description: "The baseline's mean over the tests that both runs scored, a test's score being the mean of its trials; without such a test, over all that it scored. Null without scores." })
  baselineMean!: number | null;

  @Field(() => Float, { nullable: true, description: "The candidate's mean, over the same tests." })
  candidateMean!: number | null;

  @Field(() => Float, { nullable: true, description: "The mean difference, candidate minus baseline; null without tests that both scored." })
  meanDelta!: number | null;

  @Field(() => IntervalType, { nullable: true, description: "95 % interval of the paired mean difference, by Student's t. Null for fewer than two tests, and where the differences do not vary." })
  interval!: MetricDelta["interval"];

  @Field(() => Float, { nullable: true, description: "Two-sided p-value of the paired t test; null where the interval is." })
  pValue!: number | null;

  @Field(() => Float, { nullable: true, description: "The p-value with Holm's correction over the metrics; null where the p-value is." })
  adjustedPValue!: number | null;

  @Field(() => Int, { description: "Tests that both runs scored." })
  pairs!: number;
}

@ObjectType("RunChange", { description: "One thing in which two runs differ.", simpleResolvers: true })
export class RunChangeType implements RunChange {
  @Field(() => String, { description: "The name of the run's field: kind, mode, trials, testSet, testSetVersion, selection, endpoint, endpointVersionHash, experiment, experimentVersion, parameters; or metricVersions, by the metrics' names." })
  what!: string;

  @Field(() => JSONScalar, { nullable: true, description: "As the baseline has it; things by their ids, null where it has none." })
  baseline!: unknown;

  @Field(() => JSONScalar, { nullable: true, description: "As the candidate has it; things by their ids, null where it has none." })
  candidate!: unknown;
}

@ObjectType("TestRunComparison", { description: "Two runs side by side, test by test.", simpleResolvers: true })
export class TestRunComparisonType implements TestRunComparison {
  @Field(() => ID, { description: "An id that follows from the two runs'; for caches, `node` does not know it." })
  id!: string;

  @Field(() => TestRunType, { description: "The run that the other is measured by." })
  baseline!: TestRunComparison["baseline"];

  @Field(() => TestRunType, { description: "The run that is measured." })
  candidate!: TestRunComparison["candidate"];
}

@ObjectType("TestComparison", { description: "One test in both runs; over several trials a side's status is the majority, and the lists hold every trial." })
export class TestComparisonType implements Pick<TestPair, "outcome"> {
  @Field(() => ComparisonOutcome, { simple: true, description: "What became of it." })
  outcome!: ComparisonOutcome;
}

export const TestComparisonConnectionType = connectionOf("TestComparison", "tests in two runs", () => TestComparisonType);
