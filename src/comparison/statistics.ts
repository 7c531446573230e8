import jstat from "jstat";

const { jStat } = jstat;

/** Below it the remaining terms of a falling series no longer change a double. */
const NEGLIGIBLE = 1e-18;
/** How far apart differences must be, beside the values' own size, to be more than rounding: as R's t.test has it. */
const CONSTANT = 10 * Number.EPSILON;
const CONFIDENCE = 0.95;

/** Up to so many changes, 2 to their power and every binomial coefficient are doubles. */
const DIRECT = 1_000;

/**
 * The two-sided p-value of the exact McNemar test: whether, among the pairs that changed, changes one way are as likely
 * as the other. Twice the smaller tail of Binomial(n, 1/2), at most 1; 1 where nothing changed.
 * Source: Fay, "Exact McNemar's Test and Matching Confidence Intervals" (R package exact2x2).
 */
export function exactMcNemar(improved: number, regressed: number): number {
  const n = improved + regressed;
  if (improved === regressed) return 1;
  return Math.min(1, 2 * (n <= DIRECT ? directTail : logarithmicTail)(n, Math.min(improved, regressed)));
}

/** The chance of at most k among n, by its definition: exact for small numbers. */
function directTail(n: number, k: number): number {
  let [coefficient, sum] = [1, 1];
  for (let i = 1; i <= k; i += 1) {
    coefficient = (coefficient * (n - i + 1)) / i;
    sum += coefficient;
  }
  return sum * 2 ** -n;
}

/** The same in logarithms, so that a million pairs neither overflow nor underflow: k is below n / 2. */
function logarithmicTail(n: number, k: number): number {
  let logTerm = -n * Math.LN2;
  for (let i = 1; i <= k; i += 1) logTerm += Math.log((n - k + i) / i);
  // The tail is its last and greatest term times 1 + r + r r' + …, whose ratios fall.
  let sum = 1;
  for (let i = k, term = 1; i > 0 && term > NEGLIGIBLE * sum; i -= 1) {
    term *= i / (n - i + 1);
    sum += term;
  }
  return sum * Math.exp(logTerm);
}

/** What is known of paired differences. */
export interface Differences {
  readonly pairs: number;
  readonly mean: number;
  /** Of the sample, with n - 1; null for fewer than two pairs. */
  readonly standardDeviation: number | null;
  /** The size of the values themselves: what rounding errors are relative to. */
  readonly magnitude: number;
}

/**
 * The 95 % interval of the mean of paired differences and the two-sided p-value of its being 0, by Student's t with
 * n - 1 degrees of freedom. Null for fewer than two pairs, and where the differences do not vary: t divides by how
 * much they do. Source: Student, "The Probable Error of a Mean" (1908); quantiles by jstat.
 */
export function pairedT({ pairs, mean, standardDeviation, magnitude }: Differences): { readonly interval: { readonly low: number; readonly high: number }; readonly pValue: number } | null {
  if (pairs < 2 || standardDeviation === null) return null;
  const error = standardDeviation / Math.sqrt(pairs);
  if (error <= CONSTANT * magnitude) return null;
  const degrees = pairs - 1;
  const t = mean / error;
  const margin = jStat.studentt.inv((1 + CONFIDENCE) / 2, degrees) * error;
  // The tail itself rather than 1 - cdf, which is 0 from 1e-16 on.
  return { interval: { low: mean - margin, high: mean + margin }, pValue: Math.min(1, jStat.ibeta(degrees / (degrees + t * t), degrees / 2, 0.5)) };
}

/**
 * Holm's correction of p-values that are looked at together: the chance that any of them is called evidence by luck
 * stays below the level. Nulls are no test and stay. Source: Holm, "A Simple Sequentially Rejective Multiple Test
 * Procedure" (1979), as R's p.adjust.
 */
export function holm(pValues: readonly (number | null)[]): (number | null)[] {
  const tested = pValues.flatMap((pValue, index) => (pValue === null ? [] : [{ pValue, index }])).sort((a, b) => a.pValue - b.pValue);
  const adjusted = pValues.map((): number | null => null);
  let highest = 0;
  tested.forEach(({ pValue, index }, rank) => {
    highest = Math.max(highest, Math.min(1, pValue * (tested.length - rank)));
    adjusted[index] = highest;
  });
  return adjusted;
}
