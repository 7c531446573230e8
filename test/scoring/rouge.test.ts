import { readFileSync } from "node:fs";
import fc from "fast-check";
import { l, n } from "js-rouge";
import { describe, expect, it } from "vitest";
import { rougeL, rougeN } from "../../src/scoring/text-work/rouge.js";

/** Texts of what splits sentences, begins lists, opens quotations or is taken apart as a word. */
const PIECES = ["a", "cat", "Dr", "Dr.", "U.S.", "e.g.", "1", "1.", "2)", "(3)", "[1]", "-", "*", "•", '"', "'", "``", "''", "“", "”", "’", ":", ";", "...", "…", "gonna", "cannot", "don't", ".", "!", "?", "。", "\n", "\n\n", "\t", "$5", "3.5", "http://x.y", "É", "ß", "ΣΑΣ", "I", "i", "And", "p. 5"];
const odd = fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 12 }).chain((pieces) => fc.constantFrom(" ", "").map((space) => pieces.join(space)));
const text = fc.oneof(odd, fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 })).filter((given) => /[^\s\u0085]/.test(given));

function outcome(measure: () => number): number | string {
  try {
    return measure();
  } catch (error) {
    return String(error); // js-rouge refuses what has too many n-grams, and so on
  }
}

describe("ROUGE", () => {
  it("is what js-rouge gives, for all kinds of texts", () => {
    fc.assert(
      fc.property(text, text, fc.boolean(), fc.integer({ min: 1, max: 3 }), (answer, expected, caseSensitive, size) => {
        expect(outcome(() => rougeL(answer, expected, caseSensitive))).toBe(outcome(() => l(answer, expected, { caseSensitive })));
        expect(outcome(() => rougeN(answer, expected, size, caseSensitive))).toBe(outcome(() => n(answer, expected, { n: size, caseSensitive })));
      }),
      { numRuns: 1500 },
    );
  });

  it("is what js-rouge gives for the problems of GSM8K, again when a text comes again", () => {
    const texts = readFileSync("src/demo/gsm8k_test.jsonl", "utf8").split("\n").slice(0, 30).map((line) => (JSON.parse(line) as { answer: string }).answer);
    for (const [index, answer] of texts.entries()) {
      const expected = texts[(index * 7) % texts.length] ?? "";
      for (const _time of [1, 2]) {
        expect(rougeL(answer, expected, true)).toBe(l(answer, expected));
        expect(rougeN(answer, expected, 2, true)).toBe(n(answer, expected, { n: 2 }));
      }
      expect(rougeL(answer, expected, false)).toBe(l(answer, expected, { caseSensitive: false }));
    }
  });
});
