import { defaultFieldResolver, type GraphQLFieldResolver, type GraphQLSchema } from "graphql";
import type { Context } from "../graphql/context.js";
import type { Viewer } from "../viewer.js";

/** What a context is made of. `caching` is false for the events of subscriptions: their loaders batch, but remember nothing. */
export interface ContextArgs {
  readonly viewer: Viewer;
  readonly requestId: string;
  readonly signal: AbortSignal;
  readonly remoteAddress: string | null;
  readonly caching: boolean;
}

/** Makes the context of one operation, or of one event of a subscription. */
export type CreateContext = (args: ContextArgs) => Context;

/** How an operation's context gets fresh loaders; a symbol, because Apollo copies contexts. */
const makeAnother = Symbol("makeAnother");
type RenewableContext = { -readonly [K in keyof Context]: Context[K] } & { [makeAnother]?: () => Context };

const prepared = new WeakSet<GraphQLSchema>();

/** The context of a query or mutation, whose loaders `withFreshLoaders` can renew. */
export function operationContext(createContext: CreateContext, args: ContextArgs): Context {
  const context: RenewableContext = createContext(args);
  context[makeAnother] = () => createContext(args);
  return context;
}

/**
 * Gives each root mutation field its own loaders, and new ones again below it, so that what a field answers was read
 * after its own write: not before the one of a field above it, nor before its own by its resolver. Root mutation fields
 * run one after the other, each with all below it, so it is enough to put new loaders into the operation's context.
 * (A context of its own for each field would not do: graphql-js hands the operation's one to the resolvers below.)
 * Changes the schema in place, once.
 */
export function withFreshLoaders(schema: GraphQLSchema): GraphQLSchema {
  if (prepared.has(schema)) return schema;
  prepared.add(schema);
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const resolve: GraphQLFieldResolver<unknown, RenewableContext> = field.resolve ?? defaultFieldResolver;
    field.resolve = async (source: unknown, args: Record<string, unknown>, context: RenewableContext, info) => {
      renewLoaders(context);
      const answer: unknown = await resolve(source, args, context, info);
      renewLoaders(context);
      return answer;
    };
  }
  return schema;
}

function renewLoaders(context: RenewableContext): void {
  const another = context[makeAnother]?.();
  if (another !== undefined) context.loaders = another.loaders;
}
