import { ArgsType, Field, ID, InputType, Int, registerEnumType } from "type-graphql";
import { DateTimeFilterInput, OrderDirection, PageArguments, StringFilterInput } from "../graphql/index.js";
import { TestRunKind, TestRunStatus } from "./run.js";
import type { TestRunFilter, TestRunOrder } from "./run-page.repository.js";

/** What lists of runs may be ordered by. */
export const TestRunOrderField = { CREATED_AT: "CREATED_AT", FINISHED_AT: "FINISHED_AT", NAME: "NAME" } as const;
registerEnumType(TestRunOrderField, {
  name: "TestRunOrderField",
  description: "What a list of test runs is ordered by.",
  valuesConfig: { CREATED_AT: { description: "When the run was queued." }, FINISHED_AT: { description: "When the run ended; those that have not come last." }, NAME: { description: "The run's name." } },
});

@InputType("TestRunOrder", { description: "An order of test runs; equal ones are ordered by id." })
export class TestRunOrderInput implements TestRunOrder {
  @Field(() => TestRunOrderField, { defaultValue: TestRunOrderField.CREATED_AT, description: "What to order by." })
  field!: TestRunOrder["field"];

  @Field(() => OrderDirection, { defaultValue: OrderDirection.DESC, description: "In which direction." })
  direction!: OrderDirection;
}

@InputType("TestRunFilter", { description: "Which test runs are meant. Several fields must hold together." })
export class TestRunFilterInput implements TestRunFilter {
  @Field(() => [TestRunStatus], { nullable: true, description: "In one of these statuses." })
  status?: TestRunStatus[] | null;

  @Field(() => [TestRunKind], { nullable: true, description: "Of one of these kinds." })
  kind?: TestRunKind[] | null;

  @Field(() => StringFilterInput, { nullable: true, description: "By name." })
  name?: StringFilterInput | null;

  @Field(() => ID, { nullable: true, description: "In this project." })
  projectId?: string | null;

  @Field(() => ID, { nullable: true, description: "Of this test set." })
  testSetId?: string | null;

  @Field(() => Int, { nullable: true, description: "Of this version of its test set." })
  testSetVersion?: number | null;

  @Field(() => ID, { nullable: true, description: "Against this endpoint." })
  endpointId?: string | null;

  @Field(() => ID, { nullable: true, description: "Of this configuration." })
  configurationId?: string | null;

  @Field(() => ID, { nullable: true, description: "With a version of this experiment." })
  experimentId?: string | null;

  @Field(() => [String], { nullable: true, description: "With each of these tags." })
  tags?: string[] | null;

  @Field(() => Boolean, { nullable: true, description: "With a review of a result, or without any." })
  hasReviews?: boolean | null;

  @Field(() => ID, { nullable: true, description: "Queued by this user." })
  createdById?: string | null;

  @Field(() => ID, { nullable: true, description: "Owned by this user." })
  ownerId?: string | null;

  @Field(() => ID, { nullable: true, description: "Assigned to this user." })
  assigneeId?: string | null;

  @Field(() => DateTimeFilterInput, { nullable: true, description: "By when the run was queued." })
  createdAt?: DateTimeFilterInput | null;

  @Field(() => DateTimeFilterInput, { nullable: true, description: "By when the run ended." })
  finishedAt?: DateTimeFilterInput | null;
}

@ArgsType()
export class TestRunsArguments extends PageArguments {
  @Field(() => TestRunFilterInput, { nullable: true, description: "Which runs; all where it is absent." })
  filter?: TestRunFilterInput | null;

  @Field(() => TestRunOrderInput, { nullable: true, description: "In which order; newest first where it is absent." })
  orderBy?: TestRunOrderInput | null;
}
