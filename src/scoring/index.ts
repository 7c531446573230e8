export { isQuick, type MetricStatus, type MetricVerdict, type ResultVerdict, type Scorer, type ScoreInput, type ScoredTurn, skipReason, verdictOf } from "./score.js";
export { createScorer, type ScorerDeps } from "./scorer.js";
