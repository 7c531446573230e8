import { describe, expect, it } from "vitest";
import { type Loaders, NodeRegistry, pageArgs, toConnection } from "../../src/graphql/index.js";
import { IdKind, newId } from "../../src/ids.js";
import { Role, type Viewer } from "../../src/viewer.js";

describe("the node registry", () => {
  const asked: string[] = [];
  const registry = new NodeRegistry([
    { kind: IdKind.TEST, typename: "Test", load: (_, id) => Promise.resolve(asked.push(id) > 0 ? { id, name: "a test" } : null) },
    { kind: IdKind.API_TOKEN, typename: "ApiToken", role: Role.ADMIN, load: (_, id) => Promise.resolve({ id }) },
    { kind: IdKind.PROMPT, typename: "Prompt", load: () => Promise.resolve(null) },
  ]);
  const viewer: Viewer = { organizationId: newId(IdKind.ORGANIZATION), userId: newId(IdKind.USER), tokenId: null, role: Role.EDITOR, expiresAt: null };
  const context = { loaders: {} as Loaders, viewer };

  it("asks the source of the id's kind and says what type it is", async () => {
    const id = newId(IdKind.TEST);
    expect(await registry.find(context, id)).toEqual({ id, name: "a test", __typename: "Test" });
    expect(asked).toEqual([id]);
  });

  it("shows things of a kind that needs a role to viewers who have it, and answers null to others", async () => {
    const id = newId(IdKind.API_TOKEN);
    expect(await registry.find(context, id)).toBeNull();
    expect(await registry.find({ ...context, viewer: { ...viewer, role: Role.ADMIN } }, id)).toEqual({ id, __typename: "ApiToken" });
  });

  it("answers null for what is not there, has no source or is no id, without asking", async () => {
    asked.length = 0;
    expect(await registry.find(context, newId(IdKind.PROMPT))).toBeNull();
    for (const id of [newId(IdKind.METRIC), "", "1", newId(IdKind.TEST).toUpperCase()]) expect(await registry.find(context, id)).toBeNull();
    expect(asked).toEqual([]);
  });
});

describe("a connection", () => {
  it("is its page with a cursor for each item, and counts only when asked", async () => {
    let counts = 0;
    const count = (): Promise<number> => Promise.resolve((counts += 1));
    const connection = toConnection({ rows: ["a", "b"], cursors: ["1", "2"], hasNextPage: true, hasPreviousPage: false }, count);
    expect(connection).toMatchObject({ nodes: ["a", "b"], edges: [{ node: "a", cursor: "1" }, { node: "b", cursor: "2" }], pageInfo: { hasNextPage: true, hasPreviousPage: false, startCursor: "1", endCursor: "2" } });
    expect(counts).toBe(0);
    expect(await connection.totalCount()).toBe(1);
  });

  it("has no cursors when it is empty", () => {
    expect(toConnection({ rows: [], cursors: [], hasNextPage: false, hasPreviousPage: true }, () => Promise.resolve(0)).pageInfo).toEqual({ hasNextPage: false, hasPreviousPage: true, startCursor: null, endCursor: null });
  });

  it("takes only paging from a field's arguments", () => {
    expect(pageArgs({ first: 1, filter: "x" } as never)).toEqual({ first: 1, after: undefined, last: undefined, before: undefined });
  });
});
