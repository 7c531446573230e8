import { isRetryable } from "../db/index.js";
import type { MetricDefinition, MetricErrorCode } from "../metrics/index.js";
import { scoreBuiltIn } from "./built-in.scorer.js";
import type { Finding } from "./finding.js";
import { scoreByJudge } from "./judge/judge.scorer.js";
import { WorkDeferred } from "./call-runner.js";
import { type Callers, NO_CALLS } from "./callers.js";
import type { ModelCalls } from "./model-calls.js";
import { scoreByRemote } from "./remote/remote.scorer.js";
import { type MetricStatus, type MetricVerdict, type ScoreInput, type Scorer, ScoringFault, skipReason } from "./score.js";
import type { ScoringContext } from "./scoring-context.js";
import { TextWorkError } from "./text-work/text-work.js";
import { TextWorkers, type TextWorkersOptions } from "./text-work/text-workers.js";

const SKIPPED_BECAUSE = {
  SCOPE_MISMATCH: "The metric does not apply to tests of this type.",
  NO_GROUND_TRUTH: "The test has no expected response.",
  NO_CONTEXT: "Neither the test nor the answer has context.",
} as const;

/** What scoring stands on. */
export interface ScorerDeps {
  readonly textWork?: TextWorkersOptions;
  /** The way to models and remote metrics; without it, only metrics that need none can be scored. */
  readonly calls?: ModelCalls;
  /** Told of faults of ours: the verdict says only that there was one. */
  readonly onInternalError?: (error: unknown, definition: MetricDefinition) => void;
}

/** Makes the scorer of a process. Its worker threads start with the first text work; `close` ends them. */
export function createScorer(deps: ScorerDeps = {}): Scorer {
  const workers = new TextWorkers(deps.textWork);
  return {
    async score(metric, input, signal) {
      signal.throwIfAborted();
      const calls = deps.calls?.begin({ organizationId: metric.organizationId }, input.runId, signal, `${input.resultId} ${metric.metricId}`) ?? NO_CALLS;
      const started = performance.now();
      // Waiting for a model's limits says nothing of how long it takes to judge.
      const tookMs = (): number => Math.max(0, performance.now() - started - calls.waitedMs);
      try {
        assertApplies(metric.definition, input);
        const finding = await judge({ metric, definition: metric.definition, input, calls, workers, signal });
        return { ...NO_VERDICT, ...finding, ...taken(calls), durationMs: tookMs() };
      } catch (error) {
        if (signal.aborted || isRetryable(error) || error instanceof WorkDeferred) throw error;
        const { status, code, message } = faultOf(error);
        if (code === "INTERNAL") deps.onInternalError?.(error, metric.definition);
        return { ...NO_VERDICT, ...taken(calls), status, error: { code, message }, durationMs: tookMs() };
      }
    },
    close: () => workers.close(),
  };
}

const NO_VERDICT = {
  status: "ERROR",
  score: null,
  category: null,
  threshold: null,
  reason: null,
  error: null,
  metadata: {},
  durationMs: 0,
  inputTokens: null,
  outputTokens: null,
  cost: null,
  modelCalls: 0,
} as const satisfies MetricVerdict;

function judge(context: ScoringContext): Promise<Finding> {
  const { kind } = context.definition;
  switch (kind) {
    case "BUILT_IN":
      return scoreBuiltIn(context);
    case "LLM_JUDGE":
      return scoreByJudge(context);
    case "REMOTE":
      return scoreByRemote(context);
    default:
      return kind satisfies never;
  }
}

/** What the calls took, for verdicts and for faults: a judge that said nothing usable has cost as much. */
function taken({ usage }: Callers): Pick<MetricVerdict, "inputTokens" | "outputTokens" | "cost" | "modelCalls"> {
  return { inputTokens: usage.inputTokens, outputTokens: usage.outputTokens, cost: usage.cost, modelCalls: usage.calls };
}

function assertApplies(definition: MetricDefinition, input: ScoreInput): void {
  const code = skipReason(definition, {
    testType: input.testType,
    hasExpectedResponse: input.expectedResponse !== null,
    hasContext: input.context.length > 0 || input.answerContext.length > 0,
  });
  if (code !== null) throw new ScoringFault(code, SKIPPED_BECAUSE[code], "SKIPPED");
}

function faultOf(error: unknown): { status: MetricStatus; code: MetricErrorCode; message: string } {
  if (error instanceof ScoringFault) return error;
  if (error instanceof TextWorkError) return { status: "ERROR", code: error.code, message: error.message };
  return { status: "ERROR", code: "INTERNAL", message: "Something went wrong inside while scoring. The gateway's log has it." };
}
