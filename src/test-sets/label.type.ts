import { Field, ID, ObjectType } from "type-graphql";
import { connectionOf, NodeType } from "../graphql/index.js";
import type { Label } from "./label.js";

type PublicLabel = Pick<Label, "id" | "name" | "description">;

@ObjectType("Behavior", { implements: NodeType, description: "What a test checks about the application, such as refusing or citing. Its metrics score the tests that carry it, where neither the run nor the set names metrics.", simpleResolvers: true })
export class BehaviorType implements PublicLabel {
  @Field(() => ID, { description: "The behavior's id." })
  id!: string;

  @Field(() => String, { description: "The behavior's name, unique in the organization, ignoring case." })
  name!: string;

  @Field(() => String, { nullable: true, description: "What the behavior is; null where nobody said." })
  description!: string | null;
}

@ObjectType("Category", { implements: NodeType, description: "A kind of test, such as harmful or harmless.", simpleResolvers: true })
export class CategoryType implements PublicLabel {
  @Field(() => ID, { description: "The category's id." })
  id!: string;

  @Field(() => String, { description: "The category's name, unique in the organization, ignoring case." })
  name!: string;

  @Field(() => String, { nullable: true, description: "What the category is; null where nobody said." })
  description!: string | null;
}

@ObjectType("Topic", { implements: NodeType, description: "What a test is about, such as refunds.", simpleResolvers: true })
export class TopicType implements PublicLabel {
  @Field(() => ID, { description: "The topic's id." })
  id!: string;

  @Field(() => String, { description: "The topic's name, unique in the organization, ignoring case." })
  name!: string;

  @Field(() => String, { nullable: true, description: "What the topic is; null where nobody said." })
  description!: string | null;
}

@ObjectType("UseCase", { implements: NodeType, description: "What the application is used for in a test, such as booking a journey.", simpleResolvers: true })
export class UseCaseType implements PublicLabel {
  @Field(() => ID, { description: "The use case's id." })
  id!: string;

  @Field(() => String, { description: "The use case's name, unique in the organization, ignoring case." })
  name!: string;

  @Field(() => String, { nullable: true, description: "What the use case is; null where nobody said." })
  description!: string | null;
}

export const BehaviorConnectionType = connectionOf("Behavior", "behaviors", () => BehaviorType);
export const CategoryConnectionType = connectionOf("Category", "categories", () => CategoryType);
export const TopicConnectionType = connectionOf("Topic", "topics", () => TopicType);
export const UseCaseConnectionType = connectionOf("UseCase", "use cases", () => UseCaseType);
