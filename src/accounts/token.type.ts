import { Field, ID, ObjectType } from "type-graphql";
import { connectionOf, NodeType } from "../graphql/index.js";
import { Role } from "../viewer.js";
import type { ApiToken } from "./account.js";

@ObjectType("ApiToken", { implements: NodeType, description: "A token of a user. Its secret is shown once, when it is made, and kept only as a hash.", simpleResolvers: true })
export class ApiTokenType implements Pick<ApiToken, "id" | "name" | "prefix" | "role" | "expiresAt" | "lastUsedAt" | "revokedAt" | "createdAt"> {
  @Field(() => ID, { description: "The token's id." })
  id!: string;

  @Field(() => String, { description: "What the token is called." })
  name!: string;

  @Field(() => String, { description: "The first characters of its secret, to tell tokens apart." })
  prefix!: string;

  @Field(() => Role, { description: "What the token may do, as far as its user may." })
  role!: Role;

  @Field(() => Date, { nullable: true, description: "When it ends; null: never." })
  expiresAt!: Date | null;

  @Field(() => Date, { nullable: true, description: "When it was last used, to the minute; null: never." })
  lastUsedAt!: Date | null;

  @Field(() => Date, { nullable: true, description: "When it was revoked; null unless it was." })
  revokedAt!: Date | null;

  @Field(() => Date, { description: "When it was made." })
  createdAt!: Date;
}

@ObjectType("CreatedApiToken", { description: "A token that was just made, with its secret.", simpleResolvers: true })
export class CreatedApiTokenType {
  @Field(() => ApiTokenType, { description: "The token." })
  token!: ApiToken;

  @Field(() => String, { description: "The secret to send as Authorization: Bearer SECRET. Shown this once." })
  secret!: string;
}

export const ApiTokenConnectionType = connectionOf("ApiToken", "tokens", () => ApiTokenType);
