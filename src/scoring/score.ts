import { findBuiltIn, type MetricDefinition, type MetricErrorCode, type MetricVersion } from "../metrics/index.js";
import type { TemplateValues } from "../templates.js";
import type { ConversationPlan, TestType } from "../test-sets/index.js";

/** One exchange of a conversation. */
export interface ScoredTurn {
  readonly message: string;
  readonly response: string | null;
}

/** What a metric judges: an answer with the test that asked for it, all as pinned by the run. */
export interface ScoreInput {
  readonly testType: TestType;
  /** What was asked: the prompt, or a conversation's goal or first message. */
  readonly input: string;
  /** What a conversation was to be; null for a single turn. */
  readonly plan: Pick<ConversationPlan, "instructions" | "restrictions" | "scenario"> | null;
  readonly expectedResponse: string | null;
  /** The test's own context. */
  readonly context: readonly string[];
  /** The context that the endpoint said it used. */
  readonly answerContext: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The run's parameters. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly output: {
    readonly text: string;
    readonly latencyMs: number | null;
    readonly toolCalls: unknown;
    readonly metadata: unknown;
    readonly turns: readonly ScoredTurn[];
  };
  readonly sessionId: string | null;
  readonly languageCode: string | null;
  readonly testId: string;
  readonly testKey: string | null;
  readonly runId: string;
  readonly resultId: string;
  readonly trial: number;
}

export type MetricStatus = "PASSED" | "FAILED" | "ERROR" | "SKIPPED" | "INCONCLUSIVE";

/** What a metric says of an answer. Without a verdict the score is null, never 0. */
export interface MetricVerdict {
  readonly status: MetricStatus;
  readonly score: number | null;
  readonly category: string | null;
  readonly threshold: number | null;
  readonly reason: string | null;
  /** Why there is no verdict: for ERROR, SKIPPED and INCONCLUSIVE. */
  readonly error: { readonly code: MetricErrorCode; readonly message: string } | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly durationMs: number;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly cost: number | null;
  /** Calls of models, failed attempts included. */
  readonly modelCalls: number;
}

/** A metric as a run has pinned it. */
export type ScoredMetric = Pick<MetricVersion, "organizationId" | "metricId" | "definition">;

/** Judges answers. */
export interface Scorer {
  /** A fault is a verdict with status ERROR and its code. Throws only for an abort, where the database is away, and WorkDeferred. */
  score(metric: ScoredMetric, input: ScoreInput, signal: AbortSignal): Promise<MetricVerdict>;
  close(): Promise<void>;
}

/** Why there is no verdict: thrown while scoring, stored with the verdict. */
export class ScoringFault extends Error {
  constructor(
    readonly code: MetricErrorCode,
    message: string,
    readonly status: "ERROR" | "SKIPPED" | "INCONCLUSIVE" = "ERROR",
  ) {
    super(message);
    this.name = "ScoringFault";
  }
}

/** What a test offers to a metric, as far as is known: before an answer, its context is not. */
export interface Applicability {
  readonly testType: TestType;
  readonly hasExpectedResponse: boolean;
  readonly hasContext: boolean;
}

/** Why the metric is skipped for a test, or null when it applies. */
export function skipReason(definition: Pick<MetricDefinition, "scope" | "groundTruthRequired" | "contextRequired">, test: Applicability): "SCOPE_MISMATCH" | "NO_GROUND_TRUTH" | "NO_CONTEXT" | null {
  if (!definition.scope.includes(test.testType)) return "SCOPE_MISMATCH";
  if (definition.groundTruthRequired && !test.hasExpectedResponse) return "NO_GROUND_TRUTH";
  if (definition.contextRequired && !test.hasContext) return "NO_CONTEXT";
  return null;
}

/** Whether the metric is deterministic and local, so that its verdict follows the answer at once. */
export function isQuick(definition: Pick<MetricDefinition, "kind" | "builtIn" | "modelId">): boolean {
  return definition.kind === "BUILT_IN" && definition.modelId === null && findBuiltIn(definition.builtIn ?? "")?.needsModel !== true;
}

/** A result's verdict, with why there is none. */
export type ResultVerdict = { readonly status: "PASSED" | "FAILED"; readonly error: null } | { readonly status: "ERROR"; readonly error: "METRIC" | "NO_METRICS" };

/**
 * The verdict of a result that has an answer, from its metrics: FAILED if any failed; else ERROR if any gave none;
 * else PASSED. Skipped metrics do not count, and without any other there is no verdict.
 */
export function verdictOf(statuses: readonly MetricStatus[]): ResultVerdict {
  if (statuses.includes("FAILED")) return { status: "FAILED", error: null };
  if (statuses.includes("ERROR") || statuses.includes("INCONCLUSIVE")) return { status: "ERROR", error: "METRIC" };
  return statuses.includes("PASSED") ? { status: "PASSED", error: null } : { status: "ERROR", error: "NO_METRICS" };
}

/** What parameter templates are filled from. */
export function templateValues(input: ScoreInput): TemplateValues {
  return {
    input: input.input,
    expected_response: input.expectedResponse,
    context: input.context,
    metadata: input.metadata,
    params: input.params,
    session_id: input.sessionId,
    messages: messagesOf(input),
    turn: Math.max(1, input.output.turns.length),
    test_id: input.testId,
    test_key: input.testKey,
    run_id: input.runId,
    result_id: input.resultId,
    trial: input.trial,
    language_code: input.languageCode,
  };
}

/** The whole conversation as role and content. */
export function messagesOf(input: ScoreInput): readonly { role: "user" | "assistant"; content: string }[] {
  const turns = input.output.turns.length > 0 ? input.output.turns : [{ message: input.input, response: input.output.text }];
  return turns.flatMap(({ message, response }) => [{ role: "user" as const, content: message }, ...(response === null ? [] : [{ role: "assistant" as const, content: response }])]);
}
