import { Arg, Authorized, Ctx, ID, Query, Resolver } from "type-graphql";
import { BadUserInputError } from "../errors.js";
import { type Context, type NodeRegistry, NodeType } from "../graphql/index.js";
import { MAX_PAGE_SIZE } from "../db/index.js";
import { Role } from "../viewer.js";

/** Anything by its id. */
@Resolver()
export class NodeResolver {
  readonly #registry: NodeRegistry;

  constructor(registry: NodeRegistry) {
    this.#registry = registry;
  }

  @Authorized(Role.VIEWER)
  @Query(() => NodeType, { nullable: true, description: "The thing of the id; null when there is none." })
  node(@Arg("id", () => ID, { description: "The id of any thing." }) id: string, @Ctx() context: Context): Promise<object | null> {
    return this.#registry.find(context, id);
  }

  @Authorized(Role.VIEWER)
  @Query(() => [NodeType], { nullable: "items", description: "The things of the ids, in their order; null for each that is not there. At most 200." })
  nodes(@Arg("ids", () => [ID], { description: "Ids of any things, at most 200." }) ids: string[], @Ctx() context: Context): Promise<(object | null)[]> {
    if (ids.length > MAX_PAGE_SIZE) {
      const message = `At most ${MAX_PAGE_SIZE} ids at once; there are ${ids.length}.`;
      throw new BadUserInputError(message, [{ field: "ids", message }], "PAGE_TOO_LARGE", { maximum: MAX_PAGE_SIZE });
    }
    return Promise.all(ids.map((id) => this.#registry.find(context, id)));
  }
}
