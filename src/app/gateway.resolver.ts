import { Authorized, Field, ObjectType, Query, Resolver } from "type-graphql";
import { JSONObjectScalar } from "../graphql/index.js";
import { Role } from "../viewer.js";

/** The gateway itself. */
@ObjectType("Gateway", { description: "The gateway itself.", simpleResolvers: true })
export class GatewayType {
  @Field(() => String, { description: "The gateway's version." })
  version!: string;

  @Field(() => JSONObjectScalar, { description: "Its limits by name, as configured: page size, depth, cost, input sizes and more." })
  limits!: Readonly<Record<string, unknown>>;
}

@Resolver()
export class GatewayResolver {
  readonly #gateway: GatewayType;

  constructor(gateway: GatewayType) {
    this.#gateway = gateway;
  }

  @Authorized(Role.VIEWER)
  @Query(() => GatewayType, { description: "The gateway itself: its version and limits." })
  gateway(): GatewayType {
    return this.#gateway;
  }
}
