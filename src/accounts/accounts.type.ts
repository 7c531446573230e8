import { Field, ID, ObjectType, registerEnumType } from "type-graphql";
import { connectionOf, NodeType } from "../graphql/index.js";
import { Role } from "../viewer.js";
import type { Organization, Project, User } from "./account.js";

registerEnumType(Role, {
  name: "Role",
  description: "What a member may do. Each role may do what those before it may.",
  valuesConfig: {
    VIEWER: { description: "Reads, subscribes and downloads." },
    REVIEWER: { description: "Reviews results, too." },
    EDITOR: { description: "Changes test sets, endpoints, metrics and experiments and runs them, too." },
    ADMIN: { description: "Manages users, tokens, projects, the audit trail and others' reviews, too." },
  },
});

@ObjectType("Project", { implements: NodeType, description: "A part of an organization that keeps test sets, endpoints and runs apart.", simpleResolvers: true })
export class ProjectType implements Pick<Project, "id" | "name" | "description" | "createdAt"> {
  @Field(() => ID, { description: "The project's id." })
  id!: string;

  @Field(() => String, { description: "The project's name, unique in the organization." })
  name!: string;

  @Field(() => String, { nullable: true, description: "What the project is for." })
  description!: string | null;

  @Field(() => Date, { description: "When the project was made." })
  createdAt!: Date;
}

@ObjectType("Organization", { implements: NodeType, description: "A tenant: nothing of one organization is visible to another.", simpleResolvers: true })
export class OrganizationType implements Pick<Organization, "id" | "name"> {
  @Field(() => ID, { description: "The organization's id." })
  id!: string;

  @Field(() => String, { description: "The organization's name." })
  name!: string;
}

@ObjectType("User", { implements: NodeType, description: "A member of an organization.", simpleResolvers: true })
export class UserType implements Pick<User, "id" | "name" | "email" | "role" | "createdAt"> {
  @Field(() => ID, { description: "The user's id." })
  id!: string;

  @Field(() => String, { description: "The user's name." })
  name!: string;

  @Field(() => String, { description: "The user's mail address, unique in the organization." })
  email!: string;

  @Field(() => Role, { description: "What the user may do at most; a token may allow less." })
  role!: Role;

  @Field(() => Date, { description: "When the user was added." })
  createdAt!: Date;
}

@ObjectType("Viewer", { description: "Who is asking." })
export class ViewerType {
  @Field(() => Role, { simple: true, description: "What the viewer may do: the lower of the token's and the user's role." })
  role!: Role;
}

export const ProjectConnectionType = connectionOf("Project", "projects", () => ProjectType);
export const UserConnectionType = connectionOf("User", "users", () => UserType);
