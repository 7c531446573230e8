/** The property of tests that a run's results are counted by. */
export const BreakdownField = { BEHAVIOR: "BEHAVIOR", CATEGORY: "CATEGORY", TOPIC: "TOPIC", USE_CASE: "USE_CASE", TAG: "TAG" } as const;
export type BreakdownField = (typeof BreakdownField)[keyof typeof BreakdownField];

/** The verdicts that count of results whose tests have one value of the property. */
export interface BreakdownRow {
  /** Null: of tests without the property. */
  readonly key: string | null;
  readonly passed: number;
  readonly failed: number;
  readonly errored: number;
}
