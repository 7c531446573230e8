import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bleu, type BleuCounts, bleuCounts, bleuScore, bleuTokens, tokenF1 } from "../../src/scoring/text-work/similarity.js";

/** BLEU of a corpus sums the counts of its sentences. */
function corpus(answers: readonly string[], references: readonly (readonly string[])[]): BleuCounts {
  const counts = answers.map((answer, index) => bleuCounts(answer, references.map((list) => list[index] ?? "")));
  const sum = (pick: (count: BleuCounts) => number): number => counts.reduce((total, count) => total + pick(count), 0);
  return {
    matches: [0, 1, 2, 3].map((order) => sum((count) => count.matches[order] ?? 0)),
    totals: [0, 1, 2, 3].map((order) => sum((count) => count.totals[order] ?? 0)),
    length: sum((count) => count.length),
    referenceLength: sum((count) => count.referenceLength),
  };
}

describe("BLEU", () => {
  it("agrees with sacreBLEU's published figures", () => {
    // Of its README: two references, 48.530827.
    const references = [
      ["The dog bit the man.", "It was not unexpected.", "The man bit him first."],
      ["The dog had bit the man.", "No one was surprised.", "The man had bitten the dog."],
    ];
    expect(100 * bleuScore(corpus(["The dog bit the man.", "It wasn't surprising.", "The man had just bitten him."], references))).toBeCloseTo(48.530827009929865, 9);
    // Of its tests for sentences.
    expect(100 * bleu("Producția de zahăr primă va fi exprimată în ceea ce privește zahărul alb;", "producţia de zahăr brut se exprimă în zahăr alb;")).toBeCloseTo(8.493, 3);
    expect(bleu("this is a cat", "okay thanks")).toBe(0);
    expect(bleu("this is a test", "this is a test")).toBe(1);
    expect(bleu("a test", "a test")).toBe(1);
    expect(bleu("test", "a test")).toBeCloseTo(0.3678794411714425, 12);
    // Of its tests for counts: two texts read as lists of characters would be another case.
    expect(bleuCounts("am I am a character sequence", ["I am a symbol string sequence a a"])).toMatchObject({ matches: [4, 2, 1, 0], totals: [6, 5, 4, 3] });
    expect(bleuScore({ matches: [9, 7, 5, 3], totals: [10, 8, 6, 4], length: 11, referenceLength: 11 })).toBeCloseTo(0.8375922397, 10);
  });

  it("splits marks from words, but not numbers", () => {
    expect(bleuTokens("It costs $3.50, or 1,000 -not 5-6- &quot;(x)&quot;.")).toEqual(["It", "costs", "$", "3.50", ",", "or", "1,000", "-not", "5", "-", "6", "-", '"', "(", "x", ")", '"', "."]);
  });

  it("is between 0 and 1, and 1 for a text against itself", () => {
    const text = fc.array(fc.constantFrom("a", "b", "c", ".", "1,5"), { maxLength: 12 }).map((words) => words.join(" "));
    fc.assert(
      fc.property(text, text, (answer, reference) => {
        for (const similarity of [bleu, tokenF1]) {
          const score = similarity(answer, reference);
          expect(score).toBeGreaterThanOrEqual(0);
          expect(score).toBeLessThanOrEqual(1 + 1e-12);
        }
        if (answer !== "") expect(bleu(answer, answer)).toBeCloseTo(1, 12);
        expect(tokenF1(answer, reference)).toBeCloseTo(tokenF1(reference, answer), 12);
      }),
    );
  });
});
