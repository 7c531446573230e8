import type { TestType } from "../../test-sets/index.js";
import { BINARY_CATEGORIES, type ScoreType, ThresholdOperator } from "../metric.js";

/** The JSON Schema of one parameter. */
export type ParameterSchema = Readonly<Record<string, unknown>> & { readonly description: string };

/** A metric that ships with the gateway. */
export interface BuiltIn {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly scoreType: ScoreType;
  readonly scope: readonly TestType[];
  readonly contextRequired: boolean;
  readonly needsModel: boolean;
  /** Whether it compares embeddings, so that its model must name an embedding model. */
  readonly needsEmbeddings: boolean;
  /** For BINARY and CATEGORICAL: what its verdict can be; empty for NUMERIC. */
  readonly categories: readonly string[];
  /** Those that pass where the metric names no others. */
  readonly passingCategories: readonly string[];
  /** The range of its scores; null where there is no bound. */
  readonly minScore: number | null;
  readonly maxScore: number | null;
  /** The threshold where none is given; null when a NUMERIC metric must be given one. */
  readonly threshold: number | null;
  readonly thresholdOperator: ThresholdOperator;
  /** JSON Schemas of its parameters by name; `default` is what holds without one. */
  readonly parameters: Readonly<Record<string, ParameterSchema>>;
  readonly required: readonly string[];
  /** Parameters of which at least one is needed; empty where there is no such rule. */
  readonly anyOf: readonly string[];
  /** What is different where a parameter has a value: the score then means something else. */
  readonly variant: { readonly parameter: string; readonly value: unknown; readonly score: Pick<BuiltIn, "minScore" | "maxScore" | "thresholdOperator"> } | null;
  /** Parameters that are objects of their own language: texts in them are no templates. */
  readonly verbatim: readonly string[];
}

const BOTH: readonly TestType[] = ["SINGLE_TURN", "MULTI_TURN"];
const NEGATE: ParameterSchema = { type: "boolean", default: false, description: "Turns the verdict around: what holds fails." };

/** The sentence that every description of a similarity ends with. */
export const SIMILARITY = "From 0 (nothing in common) to 1 (the same).";

type Described = Pick<BuiltIn, "name" | "title" | "description" | "parameters"> & Partial<BuiltIn>;

/** A built-in that passes or fails: it takes `negate`. */
export function binary(given: Described): BuiltIn {
  return {
    scoreType: "BINARY",
    scope: BOTH,
    contextRequired: false,
    needsModel: false,
    needsEmbeddings: false,
    categories: BINARY_CATEGORIES,
    passingCategories: BINARY_CATEGORIES.slice(0, 1),
    minScore: 0,
    maxScore: 1,
    threshold: null,
    thresholdOperator: ThresholdOperator.GTE,
    required: [],
    anyOf: [],
    variant: null,
    verbatim: [],
    ...given,
    parameters: { ...given.parameters, negate: NEGATE },
  };
}

/** A built-in that gives a number, which a threshold turns into a verdict. */
export function numeric(given: Described): BuiltIn {
  const threshold: ParameterSchema = { type: "number", description: "Another way to give the metric's own threshold." };
  return { ...binary(given), scoreType: "NUMERIC", categories: [], passingCategories: [], ...given, parameters: { ...given.parameters, threshold } };
}

/** A built-in whose verdict is one of its categories. */
export function categorical(given: Described & Pick<BuiltIn, "categories" | "passingCategories">): BuiltIn {
  return { ...binary(given), scoreType: "CATEGORICAL", ...given, parameters: given.parameters };
}

/** A text parameter that may be a template. */
export function text(description: string, more: Readonly<Record<string, unknown>> = {}): ParameterSchema {
  return { type: "string", description: `${description} May be a template over the test.`, ...more };
}

/** The expected text: the test's expected response unless a template says otherwise. */
export const EXPECTED_VALUE: ParameterSchema = text("What the answer is compared with.", { default: "{{ expected_response }}" });

export const IGNORE_CASE: ParameterSchema = { type: "boolean", default: false, description: "Whether upper and lower case count as equal." };

export const FLAGS: ParameterSchema = { type: "string", pattern: "^[ims]*$", default: "", description: "Any of i (ignore case), m (^ and $ match at lines) and s (. matches line breaks)." };
