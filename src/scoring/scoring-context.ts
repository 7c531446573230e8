import type { MetricDefinition } from "../metrics/index.js";
import type { Callers } from "./callers.js";
import type { ScoredMetric, ScoreInput } from "./score.js";
import type { TextWorkers } from "./text-work/text-workers.js";

/** What a scorer has to judge by. */
export interface ScoringContext {
  readonly metric: ScoredMetric;
  /** That of the metric. */
  readonly definition: MetricDefinition;
  readonly input: ScoreInput;
  /** The way to models and remote metrics; what they take is counted here. */
  readonly calls: Callers;
  readonly workers: TextWorkers;
  readonly signal: AbortSignal;
}
