import type { LimitsInput } from "../endpoints/index.js";
import type { EntityRef } from "../entity-ref.js";
import { jsonFault, nameProblems, textFault } from "../texts.js";
import type { Problem } from "../errors.js";
import type { TestType } from "../test-sets/index.js";
import type { MetricDefinition, MetricKind, ScoreType, ThresholdOperator } from "./metric.js";

/** What users say about a metric: absent keeps, null clears, lists replace, limits merge. */
export interface MetricFields {
  readonly name?: string | null | undefined;
  readonly description?: string | null | undefined;
  readonly parameters?: Readonly<Record<string, unknown>> | null | undefined;
  readonly evaluationPrompt?: string | null | undefined;
  readonly evaluationSteps?: string | null | undefined;
  readonly reasoning?: string | null | undefined;
  readonly evaluationExamples?: string | null | undefined;
  readonly model?: EntityRef | null | undefined;
  readonly url?: string | null | undefined;
  readonly secret?: string | null | undefined;
  readonly limits?: LimitsInput | null | undefined;
  readonly scoreType?: ScoreType | null | undefined;
  readonly minScore?: number | null | undefined;
  readonly maxScore?: number | null | undefined;
  readonly threshold?: number | null | undefined;
  readonly thresholdOperator?: ThresholdOperator | null | undefined;
  readonly categories?: readonly string[] | null | undefined;
  readonly passingCategories?: readonly string[] | null | undefined;
  readonly scope?: readonly TestType[] | null | undefined;
  readonly groundTruthRequired?: boolean | null | undefined;
  readonly contextRequired?: boolean | null | undefined;
}

/** A new metric: its kind and built-in never change. */
export interface NewMetric extends MetricFields {
  readonly name: string;
  readonly kind: MetricKind;
  readonly builtIn?: string | null | undefined;
}

/** What a definition depends on beside the fields. */
export interface DefinitionGround {
  /** Whom `model` names: absent keeps, null clears. */
  readonly modelId?: string | null | undefined;
  /** Whether that model names an embedding model; undefined where no model was named. */
  readonly hasEmbeddingModel?: boolean | undefined;
  /** Whether the url may be on a private address. */
  readonly allowPrivate: boolean;
  /** Whether there is a secret that *** can keep. */
  readonly hasSecret: boolean;
}

/** A problem; `isBlocked` marks those whose reason is BLOCKED_ADDRESS. */
export interface DefinitionProblem extends Problem {
  readonly isBlocked?: true;
}

/** A definition with all that is wrong with it; it is usable only without problems. */
export interface Defined {
  readonly definition: MetricDefinition;
  readonly problems: readonly DefinitionProblem[];
}

/** The longest text of a judge: it is sent with every judgement. */
const MAX_TEXT = 50_000;

/** A field after a change: absent keeps, null clears. */
export function chosen<T>(change: T | null | undefined, present: T, cleared: T): T {
  return change === undefined ? present : (change ?? cleared);
}

/** What the fields of every kind make of a definition. */
export function withCommonFields(before: MetricDefinition, changes: MetricFields, scope: readonly TestType[]): MetricDefinition {
  return {
    ...before,
    name: chosen(changes.name?.trim(), before.name, before.name),
    description: chosen<string | null>(changes.description, before.description, null),
    scope: [...new Set(chosen(changes.scope, before.scope, scope))],
  };
}

/** What is wrong with the fields of every kind. */
export function commonProblems(definition: MetricDefinition, changes: MetricFields): Problem[] {
  const problems = nameProblems("input.name", definition.name);
  if (changes.name === null) problems.push({ field: "input.name", message: "A metric needs a name." });
  if (definition.scope.length === 0) problems.push({ field: "input.scope", message: "A metric needs at least one test type." });
  for (const field of ["description", "parameters"] as const) {
    const fault = jsonFault(definition[field]);
    if (fault !== null) problems.push({ field: `input.${field}`, message: fault });
  }
  return problems;
}

/** What is wrong with a text of a judge; null is none. */
export function textProblems(field: string, text: string | null): Problem[] {
  if (text === null) return [];
  if (text.trim() === "") return [{ field, message: "It may not be blank. Leave it out, or give null to clear it." }];
  if (text.length > MAX_TEXT) return [{ field, message: `It may have ${MAX_TEXT} characters; it has ${text.length}.` }];
  const fault = textFault(text);
  return fault === null ? [] : [{ field, message: fault }];
}

/** The fields that belong to some kinds only. */
const OWN_FIELDS: Readonly<Record<string, readonly MetricKind[]>> = {
  builtIn: ["BUILT_IN"],
  model: ["LLM_JUDGE", "BUILT_IN"],
  evaluationPrompt: ["LLM_JUDGE"],
  evaluationSteps: ["LLM_JUDGE"],
  reasoning: ["LLM_JUDGE"],
  evaluationExamples: ["LLM_JUDGE"],
  url: ["REMOTE"],
  secret: ["REMOTE"],
  limits: ["REMOTE"],
};

/** The given fields that belong to other kinds. A null says nothing, so it is no problem. */
export function foreignProblems(kind: MetricKind, given: MetricFields & { readonly builtIn?: string | null | undefined }): Problem[] {
  const fields = given as Readonly<Record<string, unknown>>; // each by its name
  return Object.entries(OWN_FIELDS)
    .filter(([field, kinds]) => fields[field] != null && !kinds.includes(kind))
    .map(([field, kinds]) => ({ field: `input.${field}`, message: `It belongs to metrics of kind ${kinds.join(" and ")}; this one is of kind ${kind}.` }));
}
