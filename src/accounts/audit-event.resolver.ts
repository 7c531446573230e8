import { Args, Authorized, Ctx, FieldResolver, Query, Resolver, Root } from "type-graphql";
import { type Connection, type Context, pageArgs, toConnection } from "../graphql/index.js";
import { Role } from "../viewer.js";
import type { ApiToken, AuditEvent, User } from "./account.js";
import { AuditEventsArguments } from "./accounts.inputs.js";
import { UserType } from "./accounts.type.js";
import type { AuditTrail } from "./audit-trail.js";
import { AuditEventConnectionType, AuditEventType } from "./audit-event.type.js";
import { ApiTokenType } from "./token.type.js";

/** The audit trail, for ADMIN. */
@Resolver(() => AuditEventType)
export class AuditEventResolver {
  readonly #trail: AuditTrail;

  constructor(trail: AuditTrail) {
    this.#trail = trail;
  }

  @Authorized(Role.ADMIN)
  @Query(() => AuditEventConnectionType, { nullable: true, description: "Mutations that took effect, newest first. For ADMIN; null with an error for others." })
  async auditEvents(@Args(() => AuditEventsArguments) args: AuditEventsArguments, @Ctx() { viewer }: Context): Promise<Connection<AuditEvent>> {
    const filter = { targetId: args.targetId ?? null, action: args.action ?? null };
    return toConnection(await this.#trail.list(viewer, { filter, page: pageArgs(args) }), () => this.#trail.count(viewer, filter));
  }

  @FieldResolver(() => UserType, { nullable: true, description: "Who did it." })
  actor(@Root() { actorId }: AuditEvent, @Ctx() { loaders }: Context): Promise<User | null> | null {
    return actorId === null ? null : loaders.accounts.userById.load(actorId);
  }

  @FieldResolver(() => ApiTokenType, { nullable: true, description: "The token that it was done with." })
  token(@Root() { tokenId }: AuditEvent, @Ctx() { loaders }: Context): Promise<ApiToken | null> | null {
    return tokenId === null ? null : loaders.accounts.tokenById.load(tokenId);
  }
}
