import type { MetricDefinition, MetricErrorCode } from "../metrics/index.js";
import { scoreBuiltIn } from "./built-in.scorer.js";
import type { Finding } from "./finding.js";
import { type MetricStatus, type MetricVerdict, type ScoreInput, type Scorer, ScoringFault, skipReason } from "./score.js";
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
  /** Told of faults of ours: the verdict says only that there was one. */
  readonly onInternalError?: (error: unknown, definition: MetricDefinition) => void;
}

/** Makes the scorer of a process. Its worker threads start with the first text work; `close` ends them. */
export function createScorer(deps: ScorerDeps = {}): Scorer {
  const workers = new TextWorkers(deps.textWork);
  const judge = (definition: MetricDefinition, input: ScoreInput, signal: AbortSignal): Promise<Finding> => {
    if (definition.kind === "BUILT_IN") return scoreBuiltIn(definition, input, workers, signal);
    throw new ScoringFault("INVALID_PARAMETERS", `This release has no scorer for metrics of kind ${definition.kind}.`);
  };
  return {
    async score(definition, input, signal) {
      signal.throwIfAborted();
      const started = performance.now();
      try {
        assertApplies(definition, input);
        return { ...NO_VERDICT, ...(await judge(definition, input, signal)), durationMs: performance.now() - started };
      } catch (error) {
        if (signal.aborted) throw error;
        const { status, code, message } = faultOf(error);
        if (code === "INTERNAL") deps.onInternalError?.(error, definition);
        return { ...NO_VERDICT, status, error: { code, message }, durationMs: performance.now() - started };
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
} as const satisfies MetricVerdict;

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
