import { Arg, Args, Authorized, Ctx, ID, Mutation, Query, Resolver } from "type-graphql";
import { type Connection, type Context, pageArgs, PageArguments, toConnection } from "../graphql/index.js";
import { Role } from "../viewer.js";
import type { ApiToken, User } from "./account.js";
import { CreateApiTokenInput, CreateUserInput, UpdateUserInput } from "./accounts.inputs.js";
import { UserConnectionType, UserType } from "./accounts.type.js";
import type { MemberService } from "./member.service.js";
import { ApiTokenConnectionType, ApiTokenType, CreatedApiTokenType } from "./token.type.js";

/** The organization's users and their tokens, for ADMIN. */
@Resolver()
export class MemberResolver {
  readonly #members: MemberService;

  constructor(members: MemberService) {
    this.#members = members;
  }

  @Authorized(Role.ADMIN)
  @Query(() => UserConnectionType, { nullable: true, description: "The organization's users, newest first. For ADMIN; null with an error for others." })
  async users(@Args(() => PageArguments) args: PageArguments, @Ctx() { viewer }: Context): Promise<Connection<User>> {
    return toConnection(await this.#members.listUsers(viewer, pageArgs(args)), () => this.#members.countUsers(viewer));
  }

  @Authorized(Role.ADMIN)
  @Query(() => ApiTokenConnectionType, { nullable: true, description: "The organization's tokens, newest first, revoked and expired ones, too. For ADMIN; null with an error for others." })
  async apiTokens(@Args(() => PageArguments) args: PageArguments, @Ctx() { viewer }: Context): Promise<Connection<ApiToken>> {
    return toConnection(await this.#members.listTokens(viewer, pageArgs(args)), () => this.#members.countTokens(viewer));
  }

  @Authorized(Role.ADMIN)
  @Mutation(() => UserType, { description: "Adds a user. An address that is taken is CONFLICT (NAME_TAKEN)." })
  createUser(@Arg("input", () => CreateUserInput, { description: "The user." }) input: CreateUserInput, @Ctx() { viewer }: Context): Promise<User> {
    return this.#members.createUser(viewer, { name: input.name, email: input.email, role: input.role });
  }

  @Authorized(Role.ADMIN)
  @Mutation(() => UserType, { description: "Changes a user; a new role holds at once. The only ADMIN cannot become another: FAILED_PRECONDITION (LAST_ADMIN)." })
  updateUser(@Arg("input", () => UpdateUserInput, { description: "The change." }) input: UpdateUserInput, @Ctx() { viewer }: Context): Promise<User> {
    return this.#members.updateUser(viewer, { id: input.id, name: input.name, role: input.role });
  }

  @Authorized(Role.ADMIN)
  @Mutation(() => CreatedApiTokenType, { description: "Makes a token and shows its secret, this once." })
  createApiToken(@Arg("input", () => CreateApiTokenInput, { description: "The token." }) input: CreateApiTokenInput, @Ctx() { viewer }: Context): Promise<{ token: ApiToken; secret: string }> {
    return this.#members.createToken(viewer, { name: input.name, role: input.role, userId: input.userId ?? null, expiresAt: input.expiresAt ?? null });
  }

  @Authorized(Role.ADMIN)
  @Mutation(() => ApiTokenType, { description: "Ends a token: requests with it are refused at once, its open sockets are closed within seconds. One that is revoked already is answered as it is." })
  revokeApiToken(@Arg("id", () => ID, { description: "The token's id." }) id: string, @Ctx() { viewer }: Context): Promise<ApiToken> {
    return this.#members.revokeToken(viewer, id);
  }
}
