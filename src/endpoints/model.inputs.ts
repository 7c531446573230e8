import { ArgsType, Field, Float, InputType } from "type-graphql";
import { EntityRefInput, PageArguments, StringFilterInput } from "../graphql/index.js";
import { EndpointLimitsInput } from "./endpoint.inputs.js";
import type { CreateModelArgs, UpdateModelArgs } from "./model.js";

@InputType("CreateModelInput", { description: "A new model." })
export class CreateModelInput implements CreateModelArgs {
  @Field(() => String, { description: "The model's name here, unique in the organization, ignoring case." })
  name!: string;

  @Field(() => String, { defaultValue: "openai-compatible", description: "Who serves it, as a label. It never changes." })
  provider!: string;

  @Field(() => EndpointLimitsInput, { nullable: true, description: "Bounds of its calls." })
  limits?: EndpointLimitsInput | null;

  @Field(() => String, { description: "The base URL of its API, such as https://api.openai.com/v1." })
  baseUrl!: string;

  @Field(() => String, { description: "What its provider calls the model." })
  model!: string;

  @Field(() => String, { nullable: true, description: "For the library metrics that compare embeddings." })
  embeddingModel?: string | null;

  @Field(() => String, { nullable: true, description: "The key of its API: stored encrypted, never shown." })
  apiKey?: string | null;

  @Field(() => Float, { nullable: true, description: "What a million input tokens cost, in US dollars." })
  inputCostPerMillionTokens?: number | null;

  @Field(() => Float, { nullable: true, description: "What a million output tokens cost, in US dollars." })
  outputCostPerMillionTokens?: number | null;
}

@InputType("UpdateModelInput", { description: "Changes of a model. Absent fields stay, null clears or is the default, limits merge." })
export class UpdateModelInput implements UpdateModelArgs {
  @Field(() => EntityRefInput, { description: "Which model." })
  model!: EntityRefInput;

  @Field(() => String, { nullable: true, description: "Another name." })
  name?: string | null;

  @Field(() => String, { nullable: true, description: "Another base URL." })
  baseUrl?: string | null;

  @Field(() => String, { nullable: true, description: "Another of its provider's models." })
  modelName?: string | null;

  @Field(() => String, { nullable: true, description: "Another embedding model." })
  embeddingModel?: string | null;

  @Field(() => String, { nullable: true, description: "Another key; null removes it, *** keeps it." })
  apiKey?: string | null;

  @Field(() => EndpointLimitsInput, { nullable: true, description: "Other bounds; absent ones stay." })
  limits?: EndpointLimitsInput | null;

  @Field(() => Float, { nullable: true, description: "What a million input tokens cost, in US dollars." })
  inputCostPerMillionTokens?: number | null;

  @Field(() => Float, { nullable: true, description: "What a million output tokens cost, in US dollars." })
  outputCostPerMillionTokens?: number | null;
}

@ArgsType()
export class ModelsArguments extends PageArguments {
  @Field(() => StringFilterInput, { nullable: true, description: "By name." })
  name?: StringFilterInput | null;
}
