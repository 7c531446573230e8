import { ArgsType, Field, InputType } from "type-graphql";
import { EntityRefInput, PageArguments, StringFilterInput } from "../graphql/index.js";

@ArgsType()
export class LabelsArguments extends PageArguments {
  @Field(() => StringFilterInput, { nullable: true, description: "Only those whose name meets it." })
  name?: StringFilterInput | null;
}

@InputType("CreateBehaviorInput", { description: "A new behavior." })
export class CreateBehaviorInput {
  @Field(() => String, { description: "The behavior's name, unique in the organization, ignoring case." })
  name!: string;

  @Field(() => String, { nullable: true, description: "What the behavior is." })
  description?: string | null;

  @Field(() => [EntityRefInput], { nullable: true, description: "The metrics that score its tests where neither the run nor the set names metrics; at most 20." })
  metrics?: EntityRefInput[] | null;
}

@InputType("UpdateBehaviorInput", { description: "Changes of a behavior. Absent fields stay, null clears." })
export class UpdateBehaviorInput {
  @Field(() => EntityRefInput, { description: "Which behavior." })
  behavior!: EntityRefInput;

  @Field(() => String, { nullable: true, description: "Its new name; it cannot be cleared." })
  name?: string | null;

  @Field(() => String, { nullable: true, description: "What it is." })
  description?: string | null;
}
