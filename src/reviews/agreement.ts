/** A metric's automated verdicts beside those of reviewers: a confusion matrix with what follows from it. */
export interface ConfusionMatrix {
  /** Passes that a reviewer confirmed, and those that a reviewer turned. */
  readonly truePass: number;
  readonly falsePass: number;
  /** Fails that a reviewer confirmed, and those that a reviewer turned. */
  readonly trueFail: number;
  readonly falseFail: number;
}

/** How far a metric and its reviewers agree. */
export interface JudgeAgreement extends ConfusionMatrix {
  readonly reviewed: number;
  readonly accuracy: number | null;
  readonly kappa: number | null;
}

/**
 * The agreement of a matrix. kappa = (po - pe) / (1 - pe), where po is the share of equal verdicts and pe what chance
 * would give with the same margins: J. Cohen, Educational and Psychological Measurement 20 (1960). Null where nothing
 * was reviewed, and kappa where both sides gave one verdict only, so that chance explains all (pe = 1).
 */
export function agreementOf(matrix: ConfusionMatrix): JudgeAgreement {
  const { truePass, falsePass, trueFail, falseFail } = matrix;
  const reviewed = truePass + falsePass + trueFail + falseFail;
  const observed = truePass + trueFail;
  // In whole numbers, so that "pe is 1" is exact.
  const byChance = (truePass + falsePass) * (truePass + falseFail) + (trueFail + falseFail) * (trueFail + falsePass);
  const total = reviewed * reviewed;
  return {
    ...matrix,
    reviewed,
    accuracy: reviewed === 0 ? null : observed / reviewed,
    kappa: total === byChance ? null : (observed * reviewed - byChance) / (total - byChance),
  };
}
