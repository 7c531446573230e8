import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exactMcNemar, holm, pairedT } from "../../src/comparison/statistics.js";

/** n over k times 2^-n, summed exactly: the definition, for numbers that fit. */
function twoSided(b: number, c: number): number {
  const n = BigInt(b + c);
  let [binomial, tail] = [1n, 0n];
  for (let k = 0n; k <= BigInt(Math.min(b, c)); k += 1n) {
    tail += binomial;
    binomial = (binomial * (n - k)) / (k + 1n);
  }
  return Math.min(1, Number((2n * tail * 10n ** 30n) / 2n ** n) / 1e30);
}

describe("exactMcNemar", () => {
  // Agresti, Categorical Data Analysis (1990), p. 350: approval of the prime minister; p as in the vignette of R's exact2x2.
  it("gives the published p-value of the prime minister's approval", () => {
    expect(exactMcNemar(150, 86)).toBeCloseTo(3.716e-5, 8);
  });

  it.each([[1, 0, 1], [5, 0, 0.0625], [6, 0, 0.03125], [10, 2, 0.03857421875], [121, 59, 4.4344492637551645e-6], [51_000, 49_000, 2.5887160383468943e-10]])("is %s against %s: %s", (b, c, p) => {
    expect(exactMcNemar(b, c)).toBeCloseTo(p, 12);
    expect(exactMcNemar(b, c) / p).toBeCloseTo(1, 8);
  }); // prettier-ignore

  it("is 1 where nothing changed, and where as many changed one way as the other", () => {
    for (const n of [0, 1, 7, 100_000]) expect(exactMcNemar(n, n)).toBe(1);
  });

  it("agrees with exact arithmetic, and does not care which side is which", () => {
    fc.assert(
      fc.property(fc.nat(60), fc.nat(60), (b, c) => {
        expect(exactMcNemar(b, c)).toBeCloseTo(twoSided(b, c), 10);
        expect(exactMcNemar(b, c)).toBe(exactMcNemar(c, b));
      }),
    );
  });

  // By scipy.stats.binomtest, which sums the same tail by the incomplete beta function.
  it.each([[550, 451, 0.0019371180914118226], [5_100, 4_900, 0.04658552770494645]])("has the same values where it computes in logarithms: %s against %s", (b, c, p) => {
    expect(exactMcNemar(b, c)).toBeCloseTo(p, 12);
  }); // prettier-ignore

  it("stays within 0 and 1 for a million pairs", () => {
    fc.assert(
      fc.property(fc.nat(500_000), fc.nat(500_000), (b, c) => {
        const p = exactMcNemar(b, c);
        expect(p >= 0 && p <= 1).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});

describe("pairedT", () => {
  const differences = (first: readonly number[], second: readonly number[]) => {
    const values = first.map((value, index) => value - (second[index] ?? 0));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
    return { pairs: values.length, mean, standardDeviation: Math.sqrt(variance), magnitude: 1 };
  };

  // Student (1908), the sleep of ten patients under two drugs; figures as R's t.test(paired = TRUE) prints them for its data set "sleep".
  it("gives Student's own example", () => {
    const result = pairedT(differences([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2], [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]));
    expect(result?.pValue).toBeCloseTo(0.002833, 6);
    expect(result?.interval.low).toBeCloseTo(-2.4598858, 6);
    expect(result?.interval.high).toBeCloseTo(-0.7001142, 6);
  });

  it("holds for few and for very many pairs", () => {
    // t and its p-values by scipy.stats.t.
    const p = (t: number, pairs: number): number | undefined => pairedT({ pairs, mean: t / Math.sqrt(pairs), standardDeviation: 1, magnitude: 1 })?.pValue;
    expect(p(1, 2)).toBeCloseTo(0.5, 7);
    expect(p(2, 6)).toBeCloseTo(0.10193947882985835, 7);
    expect(p(2, 200_000)).toBeCloseTo(0.045501613680475846, 7);
    expect((p(10, 200_000) ?? 0) / 1.5435174150626957e-23).toBeCloseTo(1, 6);
  });

  it("is null for fewer than two pairs and where the differences do not vary, rounding aside", () => {
    expect(pairedT({ pairs: 1, mean: 0.5, standardDeviation: null, magnitude: 1 })).toBeNull();
    expect(pairedT({ pairs: 9, mean: 0, standardDeviation: 0, magnitude: 0 })).toBeNull();
    expect(pairedT(differences([0.4, 0.5, 0.6], [0.1, 0.2, 0.3]))).toBeNull();
  });
});

describe("holm", () => {
  // The example of R's and of the usual texts: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm").
  it("gives the usual example", () => {
    const adjusted = holm([0.01, 0.04, 0.03, 0.005]);
    [0.03, 0.06, 0.06, 0.02].forEach((expected, index) => expect(adjusted[index]).toBeCloseTo(expected, 12));
  });

  it("leaves out what was not tested, and a lone p-value as it is", () => {
    expect(holm([null, 0.04, null])).toEqual([null, 0.04, null]);
    expect(holm([])).toEqual([]);
  });

  it("never makes a p-value smaller, nor greater than 1, and keeps their order", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 }), (pValues) => {
        const adjusted = holm(pValues).map((value) => value ?? -1);
        adjusted.forEach((value, index) => expect(value >= (pValues[index] ?? 2) && value <= 1).toBe(true));
        const order = pValues.map((_, index) => index).sort((a, b) => (pValues[a] ?? 0) - (pValues[b] ?? 0));
        order.slice(1).forEach((index, place) => expect(adjusted[index]).toBeGreaterThanOrEqual(adjusted[order[place] ?? 0] ?? 0));
      }),
    );
  });
});
