import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { overlay, type ParameterValues, valuesHash, valuesProblems } from "../../src/experiments/experiment.js";

const values: fc.Arbitrary<ParameterValues> = fc.dictionary(fc.string(), fc.jsonValue() as fc.Arbitrary<unknown>, { noNullPrototype: true });

/** The same content with the names of every object in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).reverse().map(([key, inner]) => [key, reversed(inner)]));
}

describe("the hash of values", () => {
  it("is the same for whatever order the names stand in, and after a trip through JSON", () => {
    fc.assert(
      fc.property(values, (given) => {
        expect(valuesHash(reversed(given) as ParameterValues)).toBe(valuesHash(given));
        expect(valuesHash(JSON.parse(JSON.stringify(given)) as ParameterValues)).toBe(valuesHash(given));
      }),
    );
  });

  it("differs for values that differ", () => {
    fc.assert(
      fc.property(values, values, (some, others) => {
        fc.pre(JSON.stringify(reversed(some)) !== JSON.stringify(reversed(others)));
        const isEqual = valuesHash(some) === valuesHash(others);
        if (isEqual) expect(others).toEqual(some); // equal but for the order of names, or for -0
      }),
    );
  });
});

describe("an overlay", () => {
  it("takes each name whole from the changes, else from what was there", () => {
    fc.assert(
      fc.property(values, values, (before, changes) => {
        const after = overlay(before, changes);
        expect(new Set(Object.keys(after))).toEqual(new Set([...Object.keys(before), ...Object.keys(changes)]));
        for (const name of Object.keys(after)) expect(after[name]).toEqual(Object.hasOwn(changes, name) ? changes[name] : before[name]);
      }),
    );
  });

  it("of nothing changes nothing, and of the same twice no more than once", () => {
    fc.assert(
      fc.property(values, values, (before, changes) => {
        expect(valuesHash(overlay(before, {}))).toBe(valuesHash(before));
        expect(valuesHash(overlay(overlay(before, changes), changes))).toBe(valuesHash(overlay(before, changes)));
      }),
    );
  });
});

describe("the problems of values", () => {
  it("are none for what can be stored, and one for each place that cannot", () => {
    expect(valuesProblems("input.values", { a: [1, null, { b: "ü 😀" }], "": true })).toEqual([]);
    expect(valuesProblems("input.values", { a: ["\0"], b: { c: "\ud800" }, d: Number.POSITIVE_INFINITY }).map((problem) => problem.field)).toEqual(["input.values.d", "input.values.a.0", "input.values.b.c"]);
  });

  it("name the depth of what is nested a hundred thousand levels deep, without a stack that deep", () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    expect(valuesProblems("input.values", { deep })).toEqual([{ field: "input.values", message: "They may be nested 32 levels deep." }]);
  });

  it("count bytes of JSON, not characters", () => {
    expect(valuesProblems("f", { a: "x".repeat(65_528) })).toEqual([]); // with {"a":""} exactly 64 KiB
    expect(valuesProblems("f", { a: "x".repeat(65_529) })).toMatchObject([{ field: "f" }]);
    expect(valuesProblems("f", { a: "é".repeat(40_000) })).toMatchObject([{ field: "f" }]);
  });
});
