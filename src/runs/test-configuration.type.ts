import { Field, ID, Int, ObjectType } from "type-graphql";
import { connectionOf, JSONObjectScalar, NodeType } from "../graphql/index.js";
import { ExecutionMode } from "./run.js";
import type { TestConfiguration } from "./test-configuration.repository.js";

@ObjectType("TestConfiguration", { implements: NodeType, description: "Reusable settings of an execution: which tests of a set go to which endpoint, and how.", simpleResolvers: true })
export class TestConfigurationType implements Pick<TestConfiguration, "id" | "mode" | "trials" | "attributes" | "createdAt"> {
  @Field(() => ID, { description: "The configuration's id." })
  id!: string;

  @Field(() => ExecutionMode, { description: "Whether calls may overlap." })
  mode!: ExecutionMode;

  @Field(() => Int, { description: "How often each test is executed, from 1 to 100." })
  trials!: number;

  @Field(() => JSONObjectScalar, { description: "timeout (seconds) and retry_count override the endpoint's own limits; other keys are kept as they are." })
  attributes!: Record<string, unknown>;

  @Field(() => Date, { description: "When the configuration was made." })
  createdAt!: Date;
}

export const TestConfigurationConnectionType = connectionOf("TestConfiguration", "test configurations", () => TestConfigurationType);
