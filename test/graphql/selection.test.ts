import { buildSchema, graphql, type GraphQLResolveInfo } from "graphql";
import { describe, expect, it } from "vitest";
import { selects } from "../../src/graphql/index.js";

const schema = buildSchema("type Query { list: List } type List { nodes: [Int] totalCount: Int inner: List }");

async function selected(source: string, variableValues: Record<string, unknown> = {}): Promise<boolean> {
  let found: boolean | null = null;
  const list = (_args: unknown, _context: unknown, info: GraphQLResolveInfo): object => {
    found = selects(info, "totalCount");
    return {};
  };
  const { errors } = await graphql({ schema, source, variableValues, rootValue: { list } });
  expect(errors).toBeUndefined();
  return found ?? expect.unreachable("the field was not resolved");
}

describe("selects", () => {
  it.each<[string, boolean, Record<string, unknown>?]>([
    ["{ list { totalCount } }", true],
    ["{ list { count: totalCount } }", true],
    ["{ list { totalCount: nodes } }", false],
    ["{ list { nodes inner { totalCount } } }", false],
    ["{ list { ... on List { totalCount } } }", true],
    ["{ list { ...A } } fragment A on List { ...B } fragment B on List { totalCount }", true],
    ["{ list { ...A } } fragment A on List { inner { totalCount } }", false],
    ["{ list { nodes } ...Q } fragment Q on Query { list { totalCount } }", true],
    ["{ list { nodes totalCount @skip(if: true) } }", false],
    ["{ list { nodes totalCount @skip(if: false) } }", true],
    ["{ list { nodes totalCount @include(if: false) } }", false],
    ["{ list { nodes totalCount @include(if: true) @skip(if: true) } }", false],
    ["query ($if: Boolean!) { list { nodes totalCount @include(if: $if) } }", true, { if: true }],
    ["query ($if: Boolean!) { list { nodes totalCount @include(if: $if) } }", false, { if: false }],
    ["query ($if: Boolean! = false) { list { nodes ... @include(if: $if) { totalCount } } }", false],
    ["query ($if: Boolean! = true) { list { nodes ...A @skip(if: $if) } } fragment A on List { totalCount }", false],
    ["{ list { nodes totalCount @skip(if: true) totalCount } }", true],
  ])("%s: %s", async (source, expected, variables) => {
    expect(await selected(source, variables)).toBe(expected);
  });
});
