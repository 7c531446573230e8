import { Field, ID, Int, ObjectType } from "type-graphql";
import { connectionOf, JSONObjectScalar, NodeType } from "../graphql/index.js";
import type { Experiment, ExperimentVersion } from "./experiment.js";

@ObjectType("Experiment", { implements: NodeType, description: "A named series of versions of parameters that tests run with.", simpleResolvers: true })
export class ExperimentType implements Pick<Experiment, "id" | "name" | "description" | "createdAt"> {
  @Field(() => ID, { description: "The experiment's id." })
  id!: string;

  @Field(() => String, { description: "The experiment's name, unique in its project ignoring case." })
  name!: string;

  @Field(() => String, { nullable: true, description: "What is being tried." })
  description!: string | null;

  @Field(() => Date, { description: "When it was first published." })
  createdAt!: Date;
}

@ObjectType("ExperimentVersion", { implements: NodeType, description: "Parameters as they were committed: immutable. Committing the same values again gives the same version.", simpleResolvers: true })
export class ExperimentVersionType implements Pick<ExperimentVersion, "id" | "number" | "values" | "contentHash" | "message" | "createdAt"> {
  @Field(() => ID, { description: "The version's id." })
  id!: string;

  @Field(() => Int, { description: "Its number, from 1 without gaps." })
  number!: number;

  @Field(() => JSONObjectScalar, { description: "The parameters by name; request mappings and metrics use them as {{ params.NAME }}." })
  values!: ExperimentVersion["values"];

  @Field(() => String, { description: "SHA-256 over the values: equal values have equal hashes." })
  contentHash!: string;

  @Field(() => String, { nullable: true, description: "What was said of it when it was committed; null for parameters of an execution." })
  message!: string | null;

  @Field(() => Date, { description: "When it was committed." })
  createdAt!: Date;
}

export const ExperimentConnectionType = connectionOf("Experiment", "experiments", () => ExperimentType);
export const ExperimentVersionConnectionType = connectionOf("ExperimentVersion", "versions of an experiment", () => ExperimentVersionType);
