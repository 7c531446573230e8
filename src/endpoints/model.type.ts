import { Field, Float, ID, ObjectType } from "type-graphql";
import { connectionOf, NodeType } from "../graphql/index.js";
import type { EndpointLimits } from "./endpoint.js";
import { EndpointLimitsType } from "./endpoint.type.js";
import type { Model } from "./model.js";

@ObjectType("Model", { implements: NodeType, description: "An OpenAI-compatible chat model that judges or plays the user.", simpleResolvers: true })
export class ModelType implements Pick<Model, "id" | "name" | "provider" | "baseUrl" | "model" | "embeddingModel" | "hasApiKey" | "limits" | "inputCostPerMillionTokens" | "outputCostPerMillionTokens" | "createdAt" | "deletedAt"> {
  @Field(() => ID, { description: "The model's id." })
  id!: string;

  @Field(() => String, { description: "The model's name here, unique in the organization, ignoring case." })
  name!: string;

  @Field(() => String, { description: "Who serves it, as a label: all are spoken to as OpenAI's API is." })
  provider!: string;

  @Field(() => String, { description: "The base URL of its API, such as https://api.openai.com/v1." })
  baseUrl!: string;

  @Field(() => String, { description: "What its provider calls the model." })
  model!: string;

  @Field(() => String, { nullable: true, description: "For the library metrics that compare embeddings." })
  embeddingModel!: string | null;

  @Field(() => Boolean, { description: "Whether a key is stored for it. It is encrypted and never shown." })
  hasApiKey!: boolean;

  @Field(() => EndpointLimitsType, { description: "Bounds of its calls, across all runs and workers." })
  limits!: EndpointLimits;

  @Field(() => Float, { nullable: true, description: "What a million input tokens cost, in US dollars; null where it is not known." })
  inputCostPerMillionTokens!: number | null;

  @Field(() => Float, { nullable: true, description: "What a million output tokens cost, in US dollars; null where it is not known." })
  outputCostPerMillionTokens!: number | null;

  @Field(() => Date, { description: "When the model was added." })
  createdAt!: Date;

  @Field(() => Date, { nullable: true, description: "Null unless deleted: a deleted model stays readable from its metrics." })
  deletedAt!: Date | null;
}

export const ModelConnectionType = connectionOf("Model", "models", () => ModelType);
