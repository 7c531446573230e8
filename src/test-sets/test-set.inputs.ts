import { ArgsType, Field, ID, InputType, registerEnumType } from "type-graphql";
import { DateTimeFilterInput, EntityRefInput, JSONObjectScalar, OrderDirection, PageArguments, StringFilterInput } from "../graphql/index.js";
import { TestInput } from "./test.inputs.js";
import { type JsonObject, TestType } from "./test-set.js";
import type { TestSetFilter, TestSetOrder } from "./test-set.repository.js";

/** What lists of sets may be ordered by. */
export const TestSetOrderField = { CREATED_AT: "CREATED_AT", UPDATED_AT: "UPDATED_AT", NAME: "NAME" } as const;
registerEnumType(TestSetOrderField, {
  name: "TestSetOrderField",
  description: "What a list of test sets is ordered by.",
  valuesConfig: { CREATED_AT: { description: "When the set was made." }, UPDATED_AT: { description: "When the set or its tests last changed." }, NAME: { description: "The set's name." } },
});

@InputType("TestSetOrder", { description: "An order of test sets; equal ones are ordered by id." })
export class TestSetOrderInput implements TestSetOrder {
  @Field(() => TestSetOrderField, { defaultValue: TestSetOrderField.CREATED_AT, description: "What to order by." })
  field!: TestSetOrder["field"];

  @Field(() => OrderDirection, { defaultValue: OrderDirection.DESC, description: "In which direction." })
  direction!: OrderDirection;
}

@InputType("TestSetFilter", { description: "Which test sets are meant. Several fields must hold together." })
export class TestSetFilterInput implements TestSetFilter {
  @Field(() => StringFilterInput, { nullable: true, description: "By name." })
  name?: StringFilterInput | null;

  @Field(() => ID, { nullable: true, description: "In this project." })
  projectId?: string | null;

  @Field(() => TestType, { nullable: true, description: "Of this type." })
  type?: TestType | null;

  @Field(() => [String], { nullable: true, description: "With each of these tags." })
  tags?: string[] | null;

  @Field(() => DateTimeFilterInput, { nullable: true, description: "By when it was made." })
  createdAt?: DateTimeFilterInput | null;
}

@ArgsType()
export class TestSetsArguments extends PageArguments {
  @Field(() => TestSetFilterInput, { nullable: true, description: "Which sets; all where it is absent." })
  filter?: TestSetFilterInput | null;

  @Field(() => TestSetOrderInput, { nullable: true, description: "In which order; newest first where it is absent." })
  orderBy?: TestSetOrderInput | null;
}

@InputType("CreateTestSetInput", { description: "A new test set, with its first tests." })
export class CreateTestSetInput {
  @Field(() => String, { description: "The set's name, unique in its project, ignoring case." })
  name!: string;

  @Field(() => String, { nullable: true, description: "What the set is for." })
  description?: string | null;

  @Field(() => TestType, { defaultValue: TestType.SINGLE_TURN, description: "The type of all its tests. It never changes." })
  type!: TestType;

  @Field(() => ID, { nullable: true, description: "The project to make it in; the organization's default project where it is absent." })
  projectId?: string | null;

  @Field(() => [String], { nullable: true, description: "Free words to filter by." })
  tags?: string[] | null;

  @Field(() => JSONObjectScalar, { nullable: true, description: "Whatever else is noted about the set." })
  attributes?: JsonObject | null;

  @Field(() => [EntityRefInput], { nullable: true, description: "The metrics assigned to it, at most 20." })
  metrics?: EntityRefInput[] | null;

  @Field(() => [TestInput], { nullable: true, description: "Its tests in order, at most 1,000; more go through addTests or importTests." })
  tests?: TestInput[] | null;
}

@InputType("UpdateTestSetInput", { description: "Changes of a test set. Absent fields stay, null clears, lists replace." })
export class UpdateTestSetInput {
  @Field(() => EntityRefInput, { description: "Which set." })
  testSet!: EntityRefInput;

  @Field(() => String, { nullable: true, description: "Its new name; it cannot be cleared." })
  name?: string | null;

  @Field(() => String, { nullable: true, description: "What it is for." })
  description?: string | null;

  @Field(() => [String], { nullable: true, description: "Its tags." })
  tags?: string[] | null;

  @Field(() => JSONObjectScalar, { nullable: true, description: "Its attributes, as a whole." })
  attributes?: JsonObject | null;

  @Field(() => [EntityRefInput], { nullable: true, description: "The metrics assigned to it, instead of those that were; at most 20." })
  metrics?: EntityRefInput[] | null;
}
