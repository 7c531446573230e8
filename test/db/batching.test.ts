import { describe, expect, it } from "vitest";
import { byParentAndArgs, manyByKey, oneByKey, valueByKey } from "../../src/db/index.js";

interface Row {
  readonly key: string;
  readonly n: number;
}
const ROWS: readonly Row[] = [{ key: "b", n: 1 }, { key: "a", n: 2 }, { key: "b", n: 3 }];

function recording<A>(answer: (keys: readonly string[]) => A) {
  const calls: string[][] = [];
  const find = (keys: readonly string[]): Promise<A> => {
    calls.push([...keys]);
    return Promise.resolve(answer(keys));
  };
  return { calls, find };
}
const rowsOf = (keys: readonly string[]): Row[] => ROWS.filter((row) => keys.includes(row.key));

describe("loaders", () => {
  it("ask once for all keys of a moment, each key once, and answer in the callers' order with the gaps filled", async () => {
    const one = recording((keys) => rowsOf(keys).slice().reverse());
    const oneLoader = oneByKey({ cache: false }, one.find, (row) => row.key);
    expect(await Promise.all(["a", "x", "b", "a"].map((key) => oneLoader.load(key)))).toEqual([ROWS[1], null, ROWS[0], ROWS[1]]);
    expect(one.calls).toEqual([["a", "x", "b"]]);

    const many = recording(rowsOf);
    const manyLoader = manyByKey({ cache: false }, many.find, (row) => row.key);
    expect(await Promise.all(["x", "b", "a", "b"].map((key) => manyLoader.load(key)))).toEqual([[], [ROWS[0], ROWS[2]], [ROWS[1]], [ROWS[0], ROWS[2]]]);
    expect(many.calls).toEqual([["x", "b", "a"]]);

    const value = recording(() => new Map([["a", 5], ["b", 0]]));
    const valueLoader = valueByKey({ cache: false }, value.find, 7);
    expect(await Promise.all(["a", "b", "x"].map((key) => valueLoader.load(key)))).toEqual([5, 0, 7]);
    expect(value.calls).toHaveLength(1);
  });

  it("remember with a cache and ask again without", async () => {
    for (const cache of [true, false]) {
      const one = recording(rowsOf);
      const loader = oneByKey({ cache }, one.find, (row) => row.key);
      await loader.load("a");
      await loader.load("a");
      expect(one.calls).toHaveLength(cache ? 1 : 2);
    }
  });

  it("give a failure to whoever asked", async () => {
    const loader = manyByKey<string, Row>({ cache: true }, () => Promise.reject(new Error("away")), (row) => row.key);
    await expect(Promise.all([loader.load("a"), loader.load("b")])).rejects.toThrow("away");
  });
});

describe("byParentAndArgs", () => {
  it("asks once for each distinct arguments, whoever the parents are", async () => {
    const calls: [readonly string[], unknown][] = [];
    const loader = byParentAndArgs<{ first: number; after?: string }, string>(
      { cache: true },
      (parentIds, args) => {
        calls.push([parentIds, args]);
        return Promise.resolve(new Map(parentIds.filter((id) => id !== "none").map((id) => [id, `${id}:${args.first}`])));
      },
      (args) => `nothing:${args.first}`,
    );
    const keys = [["p", 1], ["q", 1], ["p", 2], ["none", 1], ["p", 1]] as const;
    expect(await Promise.all(keys.map(([parentId, first]) => loader.load({ parentId, args: { first } })))).toEqual(["p:1", "q:1", "p:2", "nothing:1", "p:1"]);
    expect(calls).toEqual([[["p", "q", "none"], { first: 1 }], [["p"], { first: 2 }]]);
    await loader.load({ parentId: "p", args: { first: 1 } });
    expect(calls).toHaveLength(2);
  });

  it("fails only those who asked with the arguments that failed", async () => {
    const loader = byParentAndArgs<string, number>(
      { cache: true },
      (parentIds, args) => (args === "bad" ? Promise.reject(new Error("The cursor is of another list.")) : Promise.resolve(new Map(parentIds.map((id) => [id, 1])))),
      () => 0,
    );
    const results = await Promise.allSettled([loader.load({ parentId: "p", args: "good" }), loader.load({ parentId: "p", args: "bad" }), loader.load({ parentId: "q", args: "good" })]);
    expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(results[1]).toMatchObject({ reason: { message: "The cursor is of another list." } });
  });
});
