import { ArgsType, Field, ID, InputType } from "type-graphql";
import { EntityRefInput, JSONObjectScalar, PageArguments, StringFilterInput } from "../graphql/index.js";

@ArgsType()
export class ExperimentsArguments extends PageArguments {
  @Field(() => StringFilterInput, { nullable: true, description: "By name." })
  name?: StringFilterInput | null;

  @Field(() => ID, { nullable: true, description: "In this project." })
  projectId?: string | null;
}

@InputType("PublishExperimentInput", { description: "An experiment with its values. On an existing name it commits a version with exactly these values." })
export class PublishExperimentInput {
  @Field(() => String, { description: "The experiment's name, unique in its project ignoring case." })
  name!: string;

  @Field(() => String, { nullable: true, description: "What is being tried. On an existing name, absent keeps and null clears." })
  description?: string | null;

  @Field(() => ID, { nullable: true, description: "Its project; the organization's default project where absent." })
  projectId?: string | null;

  @Field(() => JSONObjectScalar, { description: "The parameters by name, at most 64 KiB as JSON. null is a value." })
  values!: Record<string, unknown>;

  @Field(() => String, { nullable: true, description: "What is to be said of the version." })
  message?: string | null;
}

@InputType("CommitExperimentInput", { description: "A version of an experiment." })
export class CommitExperimentInput {
  @Field(() => EntityRefInput, { description: "The experiment." })
  experiment!: EntityRefInput;

  @Field(() => JSONObjectScalar, { description: "Laid over the latest version's values, name by name; null is a value. At most 64 KiB together, as JSON." })
  values!: Record<string, unknown>;

  @Field(() => Boolean, { defaultValue: false, description: "Whether to drop what values do not name." })
  replace!: boolean;

  @Field(() => String, { nullable: true, description: "What is to be said of the version." })
  message?: string | null;
}
