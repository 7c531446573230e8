import { ArgsType, Field, ID, InputType } from "type-graphql";
import { PageArguments, StringFilterInput } from "../graphql/index.js";
import { Role } from "../viewer.js";

@ArgsType()
export class ProjectsArguments extends PageArguments {
  @Field(() => StringFilterInput, { nullable: true, description: "By name." })
  name?: StringFilterInput | null;
}

@ArgsType()
export class AuditEventsArguments extends PageArguments {
  @Field(() => ID, { nullable: true, description: "Of this thing." })
  targetId?: string | null;

  @Field(() => String, { nullable: true, description: "Of this mutation, such as deleteTestSet." })
  action?: string | null;
}

@InputType("CreateProjectInput", { description: "A new project." })
export class CreateProjectInput {
  @Field(() => String, { description: "The project's name, unique in the organization ignoring case." })
  name!: string;

  @Field(() => String, { nullable: true, description: "What the project is for." })
  description?: string | null;
}

@InputType("UpdateProjectInput", { description: "A change of a project. Absent fields stay, null clears." })
export class UpdateProjectInput {
  @Field(() => ID, { description: "The project's id." })
  id!: string;

  @Field(() => String, { nullable: true, description: "Its new name." })
  name?: string | null;

  @Field(() => String, { nullable: true, description: "What the project is for; null clears." })
  description?: string | null;
}

@InputType("CreateUserInput", { description: "A new member of the organization." })
export class CreateUserInput {
  @Field(() => String, { description: "The user's name." })
  name!: string;

  @Field(() => String, { description: "The user's mail address, unique in the organization ignoring case." })
  email!: string;

  @Field(() => Role, { description: "What the user may do at most." })
  role!: Role;
}

@InputType("UpdateUserInput", { description: "A change of a user. Absent fields stay." })
export class UpdateUserInput {
  @Field(() => ID, { description: "The user's id." })
  id!: string;

  @Field(() => String, { nullable: true, description: "The user's new name." })
  name?: string | null;

  @Field(() => Role, { nullable: true, description: "The user's new role; it holds at once. The only ADMIN stays one." })
  role?: Role | null;
}

@InputType("CreateApiTokenInput", { description: "A new token." })
export class CreateApiTokenInput {
  @Field(() => String, { description: "What the token is called in lists." })
  name!: string;

  @Field(() => Role, { description: "What the token may do; one above the user's role is lowered to it." })
  role!: Role;

  @Field(() => ID, { nullable: true, description: "Whose token it is; the caller's where absent." })
  userId?: string | null;

  @Field(() => Date, { nullable: true, description: "When it ends; never where absent." })
  expiresAt?: Date | null;
}
