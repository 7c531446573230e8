import { ArgsType, Field, Float, ID, InputType, Int, registerEnumType } from "type-graphql";
import { storableText } from "../db/index.js";
import { DateTimeFilterInput, OrderDirection, PageArguments } from "../graphql/index.js";
import { searchedText } from "../texts.js";
import { MetricResultStatus } from "./metric-result.js";
import { ResultErrorType, TestResultStatus } from "./result.js";
import { type MetricResultFilter, normalizeResultFilter, type TestResultFilter } from "./result-filter.js";
import type { TestResultOrder } from "./result-order.js";

/** What lists of results may be ordered by. */
export const TestResultOrderField = { POSITION: "POSITION", FINISHED_AT: "FINISHED_AT", LATENCY: "LATENCY", STATUS: "STATUS" } as const;
registerEnumType(TestResultOrderField, {
  name: "TestResultOrderField",
  description: "What a list of test results is ordered by. Over several runs: by the value first, then the newest run first; POSITION is the newest run first.",
  valuesConfig: {
    POSITION: { description: "The place in the run, trials of a test together." },
    FINISHED_AT: { description: "When the verdict came; those without one come last." },
    LATENCY: { description: "How long the answer took; those without one come last." },
    STATUS: { description: "The status, in the order of its enum." },
  },
});

@InputType("TestResultOrder", { description: "An order of test results; equal ones are ordered by their place: in the same direction, but upwards for a status." })
export class TestResultOrderInput implements TestResultOrder {
  @Field(() => TestResultOrderField, { defaultValue: TestResultOrderField.POSITION, description: "What to order by." })
  field!: TestResultOrder["field"];

  @Field(() => OrderDirection, { defaultValue: OrderDirection.ASC, description: "In which direction." })
  direction!: OrderDirection;
}

@InputType("MetricResultFilter", { description: "What a metric made of a result. Several fields must hold together, for the same metric." })
export class MetricResultFilterInput implements MetricResultFilter {
  @Field(() => String, { description: "The metric's name as the run has it, ignoring case." })
  name!: string;

  @Field(() => [MetricResultStatus], { nullable: true, description: "One of these verdicts." })
  status?: MetricResultStatus[] | null;

  @Field(() => Float, { nullable: true, description: "A score of at least this." })
  minScore?: number | null;

  @Field(() => Float, { nullable: true, description: "A score of at most this." })
  maxScore?: number | null;
}

@InputType("TestResultFilter", { description: "Which test results are meant. Several fields must hold together." })
export class TestResultFilterInput implements TestResultFilter {
  @Field(() => ID, { nullable: true, description: "Of this run." })
  runId?: string | null;

  @Field(() => ID, { nullable: true, description: "Of this test." })
  testId?: string | null;

  @Field(() => ID, { nullable: true, description: "Of tests of this set." })
  testSetId?: string | null;

  @Field(() => ID, { nullable: true, description: "Of runs against this endpoint." })
  endpointId?: string | null;

  @Field(() => ID, { nullable: true, description: "Of runs in this project." })
  projectId?: string | null;

  @Field(() => [TestResultStatus], { nullable: true, description: "In one of these statuses: the one that counts." })
  status?: TestResultStatus[] | null;

  @Field(() => [TestResultStatus], { nullable: true, description: "In one of these statuses before any review." })
  automatedStatus?: TestResultStatus[] | null;

  @Field(() => [ResultErrorType], { nullable: true, description: "With one of these errors." })
  errorType?: ResultErrorType[] | null;

  @Field(() => ID, { nullable: true, description: "Of tests that had this behavior then." })
  behaviorId?: string | null;

  @Field(() => ID, { nullable: true, description: "Of tests that had this category then." })
  categoryId?: string | null;

  @Field(() => ID, { nullable: true, description: "Of tests that had this topic then." })
  topicId?: string | null;

  @Field(() => ID, { nullable: true, description: "Of tests that had this use case then." })
  useCaseId?: string | null;

  @Field(() => [String], { nullable: true, description: "Of tests that had each of these tags then." })
  tags?: string[] | null;

  @Field(() => Int, { nullable: true, description: "This trial of each test, from 1." })
  trial?: number | null;

  @Field(() => String, { nullable: true, description: "Words, ignoring case, each the beginning of a word: all of them in the prompt, the goal or the scripted turns, or all of them in the output (of which the first 50,000 characters count). A blank text asks for nothing." })
  search?: string | null;

  @Field(() => MetricResultFilterInput, { nullable: true, description: "With such a result of a metric." })
  metric?: MetricResultFilterInput | null;

  @Field(() => Boolean, { nullable: true, description: "With a review of any target, or without one." })
  reviewed?: boolean | null;

  @Field(() => Boolean, { nullable: true, description: "Whose verdict a reviewer changed, or did not." })
  corrected?: boolean | null;

  @Field(() => Float, { nullable: true, description: "That took at least so many milliseconds." })
  minLatencyMs?: number | null;

  @Field(() => DateTimeFilterInput, { nullable: true, description: "By when the verdict came." })
  finishedAt?: DateTimeFilterInput | null;
}

@ArgsType()
export class TestResultsArguments extends PageArguments {
  @Field(() => TestResultFilterInput, { nullable: true, description: "Which results; all where it is absent." })
  filter?: TestResultFilterInput | null;

  @Field(() => TestResultOrderInput, { nullable: true, description: "In which order; by position where it is absent." })
  orderBy?: TestResultOrderInput | null;
}

/** The results of a test, which always come newest run first. */
@ArgsType()
export class ResultsOfTestArguments extends PageArguments {
  @Field(() => TestResultFilterInput, { nullable: true, description: "Which results; all where it is absent." })
  filter?: TestResultFilterInput | null;
}

/** The filter of results that was asked for, with only what says something. */
export function askedResults(filter: TestResultFilterInput | null | undefined): TestResultFilter {
  if (filter == null) return normalizeResultFilter(null);
  const { tags, metric } = filter;
  // Stored text is storable text.
  return normalizeResultFilter({ ...filter, search: searchedText(filter.search), tags: tags?.map(storableText), metric: metric == null ? null : { ...metric, name: storableText(metric.name) } });
}
