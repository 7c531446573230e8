import { Field, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { connectionOf, JSONObjectScalar, NodeType } from "../graphql/index.js";
import type { ConversationPlan, Prompt, Test } from "./test.js";
import { type JsonObject, TestType } from "./test-set.js";

registerEnumType(TestType, {
  name: "TestType",
  description: "Whether a test is one question or a conversation.",
  valuesConfig: { SINGLE_TURN: { description: "One prompt, one answer." }, MULTI_TURN: { description: "A conversation: a simulated user pursues a goal, or scripted turns are sent in order." } },
});

@ObjectType("Prompt", { implements: NodeType, description: "The immutable content of a single-turn test: editing a test makes a new prompt, and results keep the one that they ran.", simpleResolvers: true })
export class PromptType implements Pick<Prompt, "id" | "content" | "expectedResponse" | "languageCode" | "context"> {
  @Field(() => ID, { description: "The prompt's id." })
  id!: string;

  @Field(() => String, { description: "What is sent, unchanged." })
  content!: string;

  @Field(() => String, { nullable: true, description: "The answer that is expected; null where there is none, and then metrics that need ground truth are skipped." })
  expectedResponse!: string | null;

  @Field(() => String, { nullable: true, description: "The language, such as en or de-CH; null where nobody said." })
  languageCode!: string | null;

  @Field(() => [String], { description: "Texts that the answer should rest on; empty where there are none." })
  context!: readonly string[];
}

@ObjectType("ConversationPlan", { description: "What a multi-turn test asks for: a simulated user pursues the goal, or sends the scripted turns in order.", simpleResolvers: true })
export class ConversationPlanType implements ConversationPlan {
  @Field(() => String, { nullable: true, description: "What the simulated user wants to reach; null where the turns are scripted." })
  goal!: string | null;

  @Field(() => String, { nullable: true, description: "How the simulated user should go about it." })
  instructions!: string | null;

  @Field(() => String, { nullable: true, description: "What the application must not do." })
  restrictions!: string | null;

  @Field(() => String, { nullable: true, description: "The situation that the conversation takes place in." })
  scenario!: string | null;

  @Field(() => Int, { nullable: true, description: "Turns before the conversation may end, from 1; null for no minimum." })
  minTurns!: number | null;

  @Field(() => Int, { description: "Turns after which the conversation ends, from 1 to 50." })
  maxTurns!: number;

  @Field(() => [String], { description: "What the user says, turn by turn; empty where a goal is pursued freely." })
  scriptedTurns!: readonly string[];
}

@ObjectType("Test", { implements: NodeType, description: "One test of a set.", simpleResolvers: true })
export class TestObjectType implements Pick<Test, "id" | "position" | "key" | "type" | "conversation" | "tags" | "metadata" | "createdAt" | "updatedAt" | "deletedAt"> {
  @Field(() => ID, { description: "The test's id; edits keep it." })
  id!: string;

  @Field(() => Int, { description: "Its place in the set, from 1, with gaps where tests were removed." })
  position!: number;

  @Field(() => String, { nullable: true, description: "The importer's own key, unique in the set where given: importing again updates the test with the same key." })
  key!: string | null;

  @Field(() => TestType, { description: "The type of the test and its set." })
  type!: TestType;

  @Field(() => ConversationPlanType, { nullable: true, description: "What a multi-turn test asks for; null for a single-turn test." })
  conversation!: ConversationPlan | null;

  @Field(() => [String], { description: "Free words to filter by." })
  tags!: readonly string[];

  @Field(() => JSONObjectScalar, { description: "Whatever else the test carries, for templates and metrics: `{{ metadata.NAME }}`." })
  metadata!: JsonObject;

  @Field(() => Date, { description: "When the test was added to its set." })
  createdAt!: Date;

  @Field(() => Date, { description: "When the test was last edited or removed." })
  updatedAt!: Date;

  @Field(() => Date, { nullable: true, description: "When the test was removed from its set; null while it is part of it." })
  deletedAt!: Date | null;
}

export const TestConnectionType = connectionOf("Test", "tests", () => TestObjectType);
