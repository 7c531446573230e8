import { buildSchema, getIntrospectionQuery, GraphQLError, type GraphQLObjectType, Kind, type OperationDefinitionNode, parse } from "graphql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LIMITS } from "../../src/http/index.js";
import { OperationCheck } from "../../src/http/operation-check.js";
import { operationCost } from "../../src/http/operation-cost.js";
import { post, type SampleGateway, startSampleGateway } from "./sample-gateway.js";

const schema = buildSchema(/* GraphQL */ `
  interface Node { id: ID! }
  type Query { sets(first: Int, last: Int): SetConnection! nodes(ids: [ID!]!): [Node]! set: Set flaky(first: Int! = 20): [Set!] }
  type Set implements Node { id: ID! name: String! owner: Set tags: [Tag!]! runs(first: Int, last: Int): SetConnection! summary: Set }
  type Tag { name: String! }
  type SetEdge { cursor: String! node: Set! }
  type PageInfo { endCursor: String }
  type SetConnection { edges: [SetEdge!]! nodes: [Set!]! pageInfo: PageInfo! totalCount: Int! }
`);
(schema.getType("Set") as GraphQLObjectType).getFields()["summary"]!.extensions = { complexity: 300 };

function cost(source: string, variables: Record<string, unknown> = {}): number {
  const document = parse(source);
  const operation = document.definitions.find((node): node is OperationDefinitionNode => node.kind === Kind.OPERATION_DEFINITION);
  return operation === undefined ? Number.NaN : operationCost({ schema, document, operation, variables });
}

function refusal(source: string): unknown {
  try {
    new OperationCheck(schema, { introspection: true }).check({ query: source });
    return null;
  } catch (error) {
    return error instanceof GraphQLError ? error.extensions["reason"] : error;
  }
}

describe("the cost of an operation", () => {
  test.each([
    ["leaves are free and objects are one each", "{ set { id name owner { name } } }", 2],
    ["a page counts its items", "{ sets(first: 10) { nodes { id } } }", 1 + 10],
    ["edges add nothing to their nodes", "{ sets(first: 10) { edges { cursor node { id } } pageInfo { endCursor } totalCount } }", 1 + 10 + 1],
    ["a page of no given size counts 50", "{ sets { nodes { id } } }", 1 + 50],
    ["a page counts from its end, too", "{ sets(last: 7) { nodes { id } } }", 1 + 7],
    ["nested pages multiply", "{ sets(first: 10) { nodes { runs(first: 5) { nodes { owner { id } } } } } }", 1 + 10 * (1 + (1 + 5 * (1 + 1)))],
    ["other lists count a small guess", "{ set { tags { name } } }", 1 + LIMITS.assumedListLength],
    ["lists with page arguments but no connection count them, by default, too", "{ flaky { id } }", 20],
    ["a price replaces the one object", "{ sets(first: 10) { nodes { summary { id } } } }", 1 + 10 * (1 + 300)],
    ["the same field in two fragments counts once", "{ set { owner { id } ...A } } fragment A on Set { owner { name } }", 2],
    ["aliases count each", "{ a: set { id } b: set { id } }", 2],
    ["pages over the most count as the most: the field refuses them itself", "{ sets(first: 1000000000) { nodes { id } } }", 1 + LIMITS.pageSize],
    ["negative pages count as none", "{ sets(first: -5) { nodes { id } } }", 1],
    ["lookups count their ids", '{ nodes(ids: ["a", "b", "c"]) { id ... on Set { owner { id } } } }', 3 * 2],
  ])("%s", (_title, source, expected) => expect(cost(source)).toBe(expected));

  test("sizes come from variables and their defaults as well", () => {
    const source = "query($n: Int = 30) { sets(first: $n) { nodes { id } } }";
    expect(cost(source, { n: 3 })).toBe(4);
    expect(cost(source)).toBe(31);
    expect(cost(source, { n: null })).toBe(51);
    expect(cost("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", { ids: Array.from({ length: 40 }, String) })).toBe(40);
  });
});

describe("the limits", () => {
  const nested = (depth: number): string => `{ set ${"{ owner ".repeat(depth - 2)}{ id }${" }".repeat(depth - 2)} }`;

  test("what honest frontends ask passes", () => {
    expect(refusal(getIntrospectionQuery({ inputValueDeprecation: true, oneOf: true, specifiedByUrl: true, schemaDescription: true, directiveIsRepeatable: true }))).toBeNull();
    expect(refusal(nested(LIMITS.depth))).toBeNull();
    const row = "id name owner { id name } tags { name } pageInfo: owner { id } a: owner { id } b: owner { id }";
    expect(refusal(`{ sets(first: 50) { edges { node { ${row} runs(first: 50) { edges { node { ${row} } } pageInfo { endCursor } totalCount } } } } }`)).toBeNull();
  });

  test.each([
    ["nesting", nested(LIMITS.depth + 1), "TOO_DEEP"],
    ["nesting through fragments", `{ set { ${"owner { ".repeat(9)} ...A ${"}".repeat(9)} } } fragment A on Set { ${"owner { ".repeat(9)} id ${"}".repeat(9)} }`, "TOO_DEEP"],
    ["nesting that the parser cannot follow", `{ nodes(ids: ${"[".repeat(2_400)} 1 ${"]".repeat(2_400)}) { id } }`, "TOO_DEEP"],
    ["circular introspection", "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }", "TOO_DEEP"],
    ["aliases", `{ ${Array.from({ length: LIMITS.aliases + 1 }, (_, index) => `a${index}: __typename`).join(" ")} }`, "TOO_MANY_ALIASES"],
    ["directives", `{ set { id ${"@skip(if: false) ".repeat(LIMITS.directives + 1)} } }`, "TOO_MANY_DIRECTIVES"],
    ["root fields", `{ ${"set { id } ".repeat(LIMITS.rootFields + 1)} }`, "TOO_MANY_ROOT_FIELDS"],
    ["fragments that double each other", `{ set { ...F0 } } ${Array.from({ length: 30 }, (_, index) => `fragment F${index} on Set { ${index === 29 ? "id" : `...F${index + 1} ... { ...F${index + 1} }`} }`).join(" ")}`, "TOO_MANY_FIELDS"],
    ["fragments that only spread each other, in circles", `{ set { ...F0 } } ${Array.from({ length: 30 }, (_, index) => `fragment F${index} on Set { ${Array.from({ length: 30 }, (_, other) => (other === index ? "" : `...F${other}`)).join(" ")} }`).join(" ")}`, "TOO_MANY_FIELDS"],
    ["price", "{ sets(first: 200) { nodes { summary { id } } } }", "COST_TOO_HIGH"],
    ["pages in pages in pages", "{ sets(first: 50) { nodes { runs(first: 50) { nodes { runs(first: 50) { nodes { id } } } } } } }", "COST_TOO_HIGH"],
  ])("too much is refused in bounded time: %s", (_title, source, reason) => {
    const startedAt = performance.now();
    expect(refusal(source)).toBe(reason);
    expect(performance.now() - startedAt).toBeLessThan(15_000); // what grows without bounds takes hours
  });
});

describe("the limits over HTTP", () => {
  let gateway: SampleGateway;
  beforeAll(async () => (gateway = await startSampleGateway()));
  afterAll(() => gateway.close(1_000));

  test("what is too much is QUERY_TOO_COMPLEX, with the status of the media type", async () => {
    for (const query of ["{ dear { id } a: dear { id } }", `{ ${"hello ".repeat(LIMITS.rootFields + 1)} }`, `{ ${"hello ".repeat(LIMITS.tokens)} }`]) {
      const plain = await post(gateway, query);
      expect(plain).toMatchObject({ status: 200, errors: [{ extensions: { code: "QUERY_TOO_COMPLEX" } }] });
      expect((await post(gateway, query, {}, { accept: "application/graphql-response+json" })).status).toBe(400);
    }
  });

  test("a graphical client's introspection passes", async () => {
    const { data, errors } = await post(gateway, getIntrospectionQuery({ oneOf: true, inputValueDeprecation: true }));
    expect(errors).toBeUndefined();
    expect(data?.["__schema"]).toBeDefined();
  });
});
