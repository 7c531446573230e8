import type { Selectable } from "kysely";
import type { EndpointLimits } from "../endpoints/index.js";
import type { TestType } from "../test-sets/index.js";
import type { MetricVersionTable } from "./metrics.table.js";

/** How a metric comes to its verdict. */
export const MetricKind = { LLM_JUDGE: "LLM_JUDGE", BUILT_IN: "BUILT_IN", REMOTE: "REMOTE" } as const;
export type MetricKind = (typeof MetricKind)[keyof typeof MetricKind];

/** What a metric gives for an answer. */
export const ScoreType = { NUMERIC: "NUMERIC", CATEGORICAL: "CATEGORICAL", BINARY: "BINARY" } as const;
export type ScoreType = (typeof ScoreType)[keyof typeof ScoreType];

/** How a score stands to the threshold when it passes. */
export const ThresholdOperator = { EQ: "EQ", NE: "NE", GT: "GT", GTE: "GTE", LT: "LT", LTE: "LTE" } as const;
export type ThresholdOperator = (typeof ThresholdOperator)[keyof typeof ThresholdOperator];

/** Why a metric gave no verdict. */
export const MetricErrorCode = {
  SCOPE_MISMATCH: "SCOPE_MISMATCH",
  NO_GROUND_TRUTH: "NO_GROUND_TRUTH",
  NO_CONTEXT: "NO_CONTEXT",
  NO_ASSERTIONS: "NO_ASSERTIONS",
  OUT_OF_RANGE: "OUT_OF_RANGE",
  UNKNOWN_CATEGORY: "UNKNOWN_CATEGORY",
  NO_VERDICT: "NO_VERDICT",
  INVALID_PARAMETERS: "INVALID_PARAMETERS",
  HTTP: "HTTP",
  NETWORK: "NETWORK",
  TIMEOUT: "TIMEOUT",
  RATE_LIMIT: "RATE_LIMIT",
  BLOCKED_ADDRESS: "BLOCKED_ADDRESS",
  MALFORMED_ANSWER: "MALFORMED_ANSWER",
  INTERNAL: "INTERNAL",
} as const;
export type MetricErrorCode = (typeof MetricErrorCode)[keyof typeof MetricErrorCode];

/** Metrics of a run, a test set or a behavior at the most: every one is a verdict to store for every result. */
export const MAX_METRICS = 20;

/** The categories of every BINARY metric; the first one passes. */
export const BINARY_CATEGORIES: readonly string[] = ["pass", "fail"];

/** All that shapes a metric's verdict: what a version holds and what a run pins. */
export interface MetricDefinition {
  readonly name: string;
  readonly description: string | null;
  readonly kind: MetricKind;
  /** For BUILT_IN: its name in the catalog. */
  readonly builtIn: string | null;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly evaluationPrompt: string | null;
  readonly evaluationSteps: string | null;
  readonly reasoning: string | null;
  readonly evaluationExamples: string | null;
  readonly scoreType: ScoreType;
  /** The lowest and highest score; null where there is no bound. */
  readonly minScore: number | null;
  readonly maxScore: number | null;
  readonly threshold: number | null;
  readonly thresholdOperator: ThresholdOperator;
  readonly categories: readonly string[];
  readonly passingCategories: readonly string[];
  /** The test types that it applies to. */
  readonly scope: readonly TestType[];
  readonly groundTruthRequired: boolean;
  readonly contextRequired: boolean;
  /** The model that judges; for LLM_JUDGE, and for the built-ins that need one. */
  readonly modelId: string | null;
  /** For REMOTE: what is posted the test and its output. */
  readonly url: string | null;
  /** For REMOTE: bounds of its calls; a call goes by those of the latest version. */
  readonly limits: EndpointLimits | null;
}

/** A definition as jsonb holds it: one that an earlier release wrote may lack fields. */
export type StoredDefinition = Partial<MetricDefinition> & Pick<MetricDefinition, "name" | "kind" | "scoreType">;

/** A metric with its latest definition. By hand, as it joins two tables. */
export interface Metric extends MetricDefinition {
  readonly organizationId: string;
  readonly id: string;
  readonly version: number;
  readonly versionId: string;
  /** For REMOTE: whether requests are signed. The secret itself is in no field. */
  readonly hasSecret: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly deletedAt: Date | null;
}

/** An immutable definition of a metric. */
export type MetricVersion = Omit<Selectable<MetricVersionTable>, "definition"> & { readonly definition: MetricDefinition };

/** The definition with what an earlier release did not know yet. */
export function toDefinition(stored: StoredDefinition): MetricDefinition {
  return {
    description: null,
    builtIn: null,
    parameters: {},
    evaluationPrompt: null,
    evaluationSteps: null,
    reasoning: null,
    evaluationExamples: null,
    minScore: null,
    maxScore: null,
    threshold: null,
    thresholdOperator: ThresholdOperator.GTE,
    categories: [],
    passingCategories: [],
    scope: ["SINGLE_TURN", "MULTI_TURN"],
    groundTruthRequired: false,
    contextRequired: false,
    modelId: null,
    url: null,
    limits: null,
    ...stored,
  };
}

/** Whether a score passes. EQ and NE compare exactly: they are for scores that are counts or grades. */
export function meetsThreshold(score: number, operator: ThresholdOperator, threshold: number): boolean {
  switch (operator) {
    case "EQ":
      return score === threshold;
    case "NE":
      return score !== threshold;
    case "GT":
      return score > threshold;
    case "GTE":
      return score >= threshold;
    case "LT":
      return score < threshold;
    case "LTE":
      return score <= threshold;
    default:
      return operator satisfies never;
  }
}
