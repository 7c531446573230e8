import { ArgsType, Field, ID, InputType, Int, registerEnumType } from "type-graphql";
import { JSONObjectScalar, OrderDirection, PageArguments } from "../graphql/index.js";
import type { TestFilter } from "./test-filter.js";
import { DEFAULT_MAX_TURNS, type TestPatch } from "./test-patch.js";
import { type JsonObject, TestType } from "./test-set.js";
import type { TestOrder } from "./test.repository.js";

/** What lists of tests may be ordered by. */
export const TestOrderField = { POSITION: "POSITION", CREATED_AT: "CREATED_AT" } as const;
registerEnumType(TestOrderField, {
  name: "TestOrderField",
  description: "What a list of tests is ordered by.",
  valuesConfig: { POSITION: { description: "Their place in the set." }, CREATED_AT: { description: "When they were added." } },
});

@InputType("TestOrder", { description: "An order of tests." })
export class TestOrderInput implements TestOrder {
  @Field(() => TestOrderField, { defaultValue: TestOrderField.POSITION, description: "What to order by." })
  field!: TestOrder["field"];

  @Field(() => OrderDirection, { defaultValue: OrderDirection.ASC, description: "In which direction." })
  direction!: OrderDirection;
}

@InputType("TestFilter", { description: "Which tests are meant. Several fields must hold together." })
export class TestFilterInput implements TestFilter {
  @Field(() => [ID], { nullable: true, description: "One of these tests." })
  ids?: string[] | null;

  @Field(() => String, { nullable: true, description: "With this text in the prompt, its expected response, the goal, a scripted turn or the key, ignoring case. A blank text asks for nothing." })
  search?: string | null;

  @Field(() => TestType, { nullable: true, description: "Of this type." })
  type?: TestType | null;

  @Field(() => ID, { nullable: true, description: "Of this behavior." })
  behaviorId?: string | null;

  @Field(() => ID, { nullable: true, description: "Of this category." })
  categoryId?: string | null;

  @Field(() => ID, { nullable: true, description: "Of this topic." })
  topicId?: string | null;

  @Field(() => ID, { nullable: true, description: "Of this use case." })
  useCaseId?: string | null;

  @Field(() => ID, { nullable: true, description: "With this very prompt: only the test whose present content it is." })
  promptId?: string | null;

  @Field(() => [String], { nullable: true, description: "With each of these tags." })
  tags?: string[] | null;
}

@ArgsType()
export class TestsArguments extends PageArguments {
  @Field(() => TestFilterInput, { nullable: true, description: "Which tests; all where it is absent." })
  filter?: TestFilterInput | null;

  @Field(() => TestOrderInput, { nullable: true, description: "In which order; by position where it is absent." })
  orderBy?: TestOrderInput | null;
}

@InputType("PromptInput", { description: "What a single-turn test sends and expects." })
export class PromptInput {
  @Field(() => String, { description: "What is sent, unchanged. It may not be blank." })
  content!: string;

  @Field(() => String, { nullable: true, description: "The answer that is expected." })
  expectedResponse?: string | null;

  @Field(() => String, { nullable: true, description: "The language, such as en or de-CH." })
  languageCode?: string | null;

  @Field(() => [String], { nullable: true, description: "Texts that the answer should rest on." })
  context?: string[] | null;
}

@InputType("ConversationPlanInput", { description: "What a multi-turn test asks for: a goal or scripted turns are needed." })
export class ConversationPlanInput {
  @Field(() => String, { nullable: true, description: "What the simulated user wants to reach. It may not be blank." })
  goal?: string | null;

  @Field(() => String, { nullable: true, description: "How the simulated user should go about it." })
  instructions?: string | null;

  @Field(() => String, { nullable: true, description: "What the application must not do." })
  restrictions?: string | null;

  @Field(() => String, { nullable: true, description: "The situation that the conversation takes place in." })
  scenario?: string | null;

  @Field(() => Int, { nullable: true, description: "Turns before the conversation may end: 1 to maxTurns." })
  minTurns?: number | null;

  @Field(() => Int, { defaultValue: DEFAULT_MAX_TURNS, description: "Turns after which the conversation ends: 1 to 50. In an update, too, it is 10 where it is left out." })
  maxTurns!: number;

  @Field(() => [String], { nullable: true, description: "What the user says, turn by turn; at most maxTurns." })
  scriptedTurns?: string[] | null;
}

@InputType("TestInput", { description: "A test. In an update, absent fields stay, null clears, lists replace." })
export class TestInput implements TestPatch {
  @Field(() => String, { nullable: true, description: "A key of your own, unique in the set: importing again updates the test with the same key." })
  key?: string | null;

  @Field(() => PromptInput, { nullable: true, description: "For a single-turn test, which needs content." })
  prompt?: PromptInput | null;

  @Field(() => ConversationPlanInput, { nullable: true, description: "For a multi-turn test, which needs a goal or scripted turns." })
  conversation?: ConversationPlanInput | null;

  @Field(() => String, { nullable: true, description: "The behavior by name; made where it is new." })
  behavior?: string | null;

  @Field(() => String, { nullable: true, description: "The category by name; made where it is new." })
  category?: string | null;

  @Field(() => String, { nullable: true, description: "The topic by name; made where it is new." })
  topic?: string | null;

  @Field(() => String, { nullable: true, description: "The use case by name; made where it is new." })
  useCase?: string | null;

  @Field(() => [String], { nullable: true, description: "Free words to filter by." })
  tags?: string[] | null;

  @Field(() => JSONObjectScalar, { nullable: true, description: "Whatever else the test carries, for templates and metrics." })
  metadata?: JsonObject | null;
}

@InputType("UpdateTestInput", { description: "An edit of a test." })
export class UpdateTestInput {
  @Field(() => ID, { description: "Which test." })
  id!: string;

  @Field(() => TestInput, { description: "What changes of it." })
  test!: TestInput;
}
