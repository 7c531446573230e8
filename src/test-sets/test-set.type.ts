import { Field, ID, Int, ObjectType } from "type-graphql";
import { connectionOf, JSONObjectScalar, NodeType } from "../graphql/index.js";
import { type JsonObject, type TestSet, TestType } from "./test-set.js";

@ObjectType("TestSet", { implements: NodeType, description: "A named, versioned list of tests of one type in a project.", simpleResolvers: true })
export class TestSetType implements Pick<TestSet, "id" | "name" | "description" | "type" | "version" | "tags" | "attributes" | "testCount" | "createdAt" | "updatedAt" | "deletedAt"> {
  @Field(() => ID, { description: "The set's id." })
  id!: string;

  @Field(() => String, { description: "The set's name, unique in its project, ignoring case." })
  name!: string;

  @Field(() => String, { nullable: true, description: "What the set is for; null where nobody said." })
  description!: string | null;

  @Field(() => TestType, { description: "The type of all its tests." })
  type!: TestType;

  @Field(() => Int, { description: "Grows by one with every change of its tests, from 1; a run records the version that it ran." })
  version!: number;

  @Field(() => [String], { description: "Free words to filter by." })
  tags!: readonly string[];

  @Field(() => JSONObjectScalar, { description: "Whatever else is noted about the set." })
  attributes!: JsonObject;

  @Field(() => Int, { description: "How many tests its present version has." })
  testCount!: number;

  @Field(() => Date, { description: "When the set was made." })
  createdAt!: Date;

  @Field(() => Date, { description: "When the set or its tests last changed." })
  updatedAt!: Date;

  @Field(() => Date, { nullable: true, description: "Null unless deleted: what is deleted leaves lists and name lookups and frees its name, and stays readable from what refers to it." })
  deletedAt!: Date | null;
}

export const TestSetConnectionType = connectionOf("TestSet", "test sets", () => TestSetType);
