import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { agreementOf } from "../../src/reviews/agreement.js";

describe("the agreement of a metric with its reviewers", () => {
  // The worked examples of "Cohen's kappa" in Wikipedia: 20/5/10/15 gives 0.4; two with equal accuracy give 0.1304 and 0.2593.
  it.each([
    [20, 5, 15, 10, 0.7, 0.4],
    [45, 15, 15, 25, 0.6, 0.1304],
    [25, 35, 35, 5, 0.6, 0.2593],
  ])("of %i, %i, %i and %i is the published one", (truePass, falsePass, trueFail, falseFail, accuracy, kappa) => {
    const agreement = agreementOf({ truePass, falsePass, trueFail, falseFail });
    expect(agreement.reviewed).toBe(truePass + falsePass + trueFail + falseFail);
    expect(agreement.accuracy).toBeCloseTo(accuracy, 12);
    expect(agreement.kappa).toBeCloseTo(kappa, 4);
  });

  it("is null without a review, and has no kappa where both sides know one verdict only", () => {
    expect(agreementOf({ truePass: 0, falsePass: 0, trueFail: 0, falseFail: 0 })).toMatchObject({ reviewed: 0, accuracy: null, kappa: null });
    expect(agreementOf({ truePass: 9, falsePass: 0, trueFail: 0, falseFail: 0 })).toMatchObject({ accuracy: 1, kappa: null });
    // One side varies: agreement is what chance gives.
    expect(agreementOf({ truePass: 9, falsePass: 1, trueFail: 0, falseFail: 0 })).toMatchObject({ accuracy: 0.9, kappa: 0 });
  });

  it("has a kappa of 1 for full agreement on both verdicts, and never a higher one", () => {
    const count = fc.nat(500);
    fc.assert(
      fc.property(count, count, count, count, (truePass, falsePass, trueFail, falseFail) => {
        const { kappa } = agreementOf({ truePass, falsePass, trueFail, falseFail });
        if (kappa !== null) expect([kappa >= -1, kappa <= 1]).toEqual([true, true]);
        if (truePass > 0 && trueFail > 0) expect(agreementOf({ truePass, trueFail, falsePass: 0, falseFail: 0 }).kappa).toBe(1);
      }),
    );
  });
});
