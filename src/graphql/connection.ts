import "reflect-metadata";
import { ArgsType, type ClassType, Field, Int, ObjectType } from "type-graphql";
import type { Page, PageArgs } from "../db/index.js";

/** Where a page stands in its list. */
@ObjectType("PageInfo", { description: "Where a page stands in its list.", simpleResolvers: true })
export class PageInfoType {
  @Field(() => Boolean, { description: "Whether there are items after this page." })
  hasNextPage!: boolean;

  @Field(() => Boolean, { description: "Whether there are items before this page." })
  hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: "The cursor of the page's first item, for `before`; null on an empty page." })
  startCursor!: string | null;

  @Field(() => String, { nullable: true, description: "The cursor of the page's last item, for `after`; null on an empty page." })
  endCursor!: string | null;
}

/** The arguments of every connection. */
@ArgsType()
export class PageArguments implements PageArgs {
  @Field(() => Int, { nullable: true, description: "How many items from the start, or past `after`: 0 to 200, 50 when neither first nor last is given." })
  first?: number | null;

  @Field(() => String, { nullable: true, description: "The cursor that the page starts after." })
  after?: string | null;

  @Field(() => Int, { nullable: true, description: "How many items from the end, or before `before`: 0 to 200." })
  last?: number | null;

  @Field(() => String, { nullable: true, description: "The cursor that the page ends before." })
  before?: string | null;
}

/** A connection as resolvers return it: `totalCount` is a function, so it costs nothing unless it is selected. */
export interface Connection<R> {
  readonly edges: readonly { readonly node: R; readonly cursor: string }[];
  readonly nodes: readonly R[];
  readonly pageInfo: PageInfoType;
  readonly totalCount: () => Promise<number>;
}

/** Turns a page into a connection. */
export function toConnection<R>(page: Page<R>, totalCount: () => Promise<number>): Connection<R> {
  return {
    edges: page.rows.map((node, index) => ({ node, cursor: page.cursors[index] ?? "" })),
    nodes: page.rows,
    pageInfo: {
      hasNextPage: page.hasNextPage,
      hasPreviousPage: page.hasPreviousPage,
      startCursor: page.cursors[0] ?? null,
      endCursor: page.cursors.at(-1) ?? null,
    },
    totalCount,
  };
}

/** Only the paging arguments of a field's arguments, so that equal pages have equal loader keys. */
export function pageArgs(args: PageArgs): PageArgs {
  return { first: args.first, after: args.after, last: args.last, before: args.before };
}

/**
 * Makes the types `{name}Edge` and `{name}Connection`. `items` names the items in the descriptions, such as "test sets".
 * Call it once for each type: the schema holds each name once.
 */
export function connectionOf(name: string, items: string, node: () => ClassType): ClassType<Connection<unknown>> {
  @ObjectType(`${name}Edge`, { description: `One item of a list of ${items} with its cursor.`, simpleResolvers: true })
  class Edge {
    @Field(node, { description: "The item." })
    node!: unknown;

    @Field(() => String, { description: "The item's place in this list, order and filter." })
    cursor!: string;
  }

  @ObjectType(`${name}Connection`, { description: `A page of ${items}.` })
  class ConnectionType {
    @Field(() => [Edge], { simple: true, description: "The items with their cursors." })
    edges!: { node: unknown; cursor: string }[];

    @Field(() => [node()], { simple: true, description: "The items alone." })
    nodes!: unknown[];

    @Field(() => PageInfoType, { simple: true, description: "Where the page stands in the list." })
    pageInfo!: PageInfoType;

    @Field(() => Int, { simple: true, description: "How many items the list has under its filter. Computed only when it is selected." })
    totalCount!: () => Promise<number>;
  }
  return ConnectionType;
}
