import type DataLoader from "dataloader";
import { buildSchema, type GraphQLFieldResolver, type GraphQLSchema } from "graphql";
import { NotFoundError } from "../../src/errors.js";
import type { Context } from "../../src/graphql/context.js";

/** A schema with what the doors must cope with, and no domain behind it. */
const TYPES = /* GraphQL */ `
  type Query {
    hello(name: String! = "you"): String!
    role: String!
    requestId: String!
    value: Int!
    missing: String
    broken: String
    brokenHard: String!
    stuck: String
    text(characters: Int!): String!
    things(first: Int, after: String, last: Int, before: String): ThingConnection!
    nodes(ids: [ID!]!): [Thing]!
    dear: Thing
    echo(input: Sample!): String!
  }
  input Sample { count: Int! color: Color! }
  enum Color { RED GREEN }
  type Thing { id: ID! parent: Thing things(first: Int, after: String, last: Int, before: String): ThingConnection! tags: [Tag!]! raw: String }
  type Tag { name: String! }
  type ThingEdge { cursor: String! node: Thing! }
  type ThingConnection { edges: [ThingEdge!]! nodes: [Thing!]! totalCount: Int! }
  type Mutation { setValue(value: Int!): State! }
  type State { value: Int! }
  type Subscription {
    ticks(count: Int!): Int!
    values: Int!
    silent: Int!
    generated: Int!
    flood: String!
    breaking: Int!
    refused: Int!
    thing: Thing!
  }
`;

type Resolve = GraphQLFieldResolver<unknown, Context, Record<string, unknown>>;

/** What tests look at: what the resolvers did. */
export interface Watched {
  value: number;
  /** Sources of subscriptions that were opened and not yet returned. */
  openSources: number;
  produced: number;
  contexts: Context[];
  abortedSignals: number;
  /** How often `stuck` was asked for. */
  stuck: number;
}

interface SampleLoaders {
  readonly value: DataLoader<string, number>;
}

function valueLoader(context: Context): DataLoader<string, number> {
  return (context.loaders as unknown as SampleLoaders).value;
}

/** A source as rooms write them: by hand, so that `return` takes effect at once. */
function source(watched: Watched, next: () => Promise<IteratorResult<unknown>>): AsyncIterableIterator<unknown> {
  watched.openSources += 1;
  let isOpen = true;
  return {
    next,
    return: () => {
      if (isOpen) watched.openSources -= 1;
      isOpen = false;
      return Promise.resolve({ value: undefined, done: true });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

const never = new Promise<never>(() => undefined);

function resolvers(watched: Watched): Record<string, Resolve> {
  const thing = { id: "1", raw: "raw", parent: () => thing, things: () => connection, tags: [{ name: "a" }] };
  const connection = { edges: [{ cursor: "c", node: thing }], nodes: [thing], totalCount: 1 };
  return {
    "Query.hello": (_root, { name }) => `hello ${String(name)}`,
    "Query.role": (_root, _args, { viewer }) => viewer.role,
    "Query.requestId": (_root, _args, { requestId }) => requestId,
    "Query.value": (_root, _args, context) => valueLoader(context).load("value"),
    "Query.missing": () => {
      throw new NotFoundError("thing", "x");
    },
    "Query.broken": () => {
      throw new Error("secret internals at 10.0.0.1");
    },
    "Query.brokenHard": () => {
      throw new Error("secret internals at 10.0.0.1");
    },
    "Query.stuck": (_root, _args, { signal }) => {
      watched.stuck += 1;
      signal.addEventListener("abort", () => (watched.abortedSignals += 1));
      return never;
    },
    "Query.text": (_root, { characters }) => "x".repeat(Number(characters)),
    "Query.things": () => connection,
    "Query.nodes": (_root, { ids }) => (ids as string[]).map(() => thing),
    "Query.dear": () => thing,
    "Query.echo": (_root, { input }) => JSON.stringify(input),
    "Mutation.setValue": async (_root, { value }, context) => {
      await valueLoader(context).load("value"); // fills this loader, as a service's check would
      watched.value = Number(value);
      return {};
    },
    "State.value": (_root, _args, context) => {
      watched.contexts.push(context);
      return valueLoader(context).load("value");
    },
  };
}

function subscribers(watched: Watched): Record<string, Resolve> {
  return {
    ticks: (_root, { count }) => {
      let sent = 0;
      return source(watched, () => Promise.resolve(sent < Number(count) ? { value: { ticks: ++sent }, done: false } : { value: undefined, done: true }));
    },
    values: () => source(watched, () => Promise.resolve(++watched.value > 3 ? { value: undefined, done: true } : { value: {}, done: false })),
    silent: (_root, _args, { signal }) => {
      signal.addEventListener("abort", () => (watched.abortedSignals += 1));
      return source(watched, () => never);
    },
    generated: async function* (_root, _args, { signal }) {
      signal.addEventListener("abort", () => (watched.abortedSignals += 1));
      yield { generated: 1 };
      await never;
    },
    flood: () => source(watched, () => Promise.resolve({ value: { flood: String(++watched.produced).padEnd(20_000, "x") }, done: false })),
    breaking: () => {
      let sent = 0;
      return source(watched, () => (sent++ === 0 ? Promise.resolve({ value: { breaking: 1 }, done: false }) : Promise.reject(new Error("secret internals at 10.0.0.1"))));
    },
    refused: () => {
      throw new NotFoundError("run", "x");
    },
    thing: () => source(watched, () => Promise.resolve({ value: { thing: { id: "1", raw: "raw" } }, done: false })),
  };
}

/** The sample schema over what a test watches. */
export function sampleSchema(watched: Watched): GraphQLSchema {
  const schema = buildSchema(TYPES);
  for (const [place, resolve] of Object.entries(resolvers(watched))) field(schema, place).resolve = resolve;
  for (const [name, subscribe] of Object.entries(subscribers(watched))) field(schema, `Subscription.${name}`).subscribe = subscribe;
  field(schema, "Subscription.values").resolve = (_root, _args, context) => {
    watched.contexts.push(context);
    return valueLoader(context).load("value");
  };
  field(schema, "Query.dear").extensions = { complexity: 40_000 };
  field(schema, "Thing.raw").extensions = { forbiddenInSubscription: true };
  return schema;
}

interface SampleField {
  resolve?: Resolve;
  subscribe?: Resolve;
  extensions: object;
}

function field(schema: GraphQLSchema, place: string): SampleField {
  const [type = "", name = ""] = place.split(".");
  const found = schema.getType(type);
  if (found === undefined || !("getFields" in found)) throw new Error(`no type ${type}`);
  return found.getFields()[name] as unknown as SampleField; // the tests wrote the types above
}
