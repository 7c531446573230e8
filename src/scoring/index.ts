export { type AnswerForm, completeText, type Question } from "./judge/completion.js";
export { completeObject, type StructuredAnswer } from "./judge/structured-answer.js";
export { type Callers, type CallRunner, type LimitedCall, ModelCallFault, ModelCalls, type ModelCallsDeps, type ModelSession, type RemoteSession, WorkDeferred } from "./model-calls.js";
export { allOf } from "./all-of.js";
export type { ModelUsage } from "./model-usage.js";
export { isQuick, type MetricStatus, type MetricVerdict, type ResultVerdict, type ScoredMetric, type Scorer, type ScoreInput, type ScoredTurn, ScoringFault, skipReason, verdictOf } from "./score.js";
export { createScorer, type ScorerDeps } from "./scorer.js";
