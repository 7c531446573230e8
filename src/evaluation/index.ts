export { createEvaluationLoaders, type EvaluationLoaders } from "./evaluation.loaders.js";
export { type EvaluationRun, evaluationStatus, EvaluationRunStatus } from "./evaluation-run.js";
export { EvaluationRunService } from "./evaluation-run.service.js";
export type * from "./evaluation.table.js";
export { decidePass, MetricValueType, type PassDecision, type RunLevelResult, runLevelResult } from "./pass-rule.js";
export { type EvaluationTestCase, type EvaluationTestCaseVersion, type StarMetric } from "./test-case.js";
export { TestCaseService } from "./test-case.service.js";
