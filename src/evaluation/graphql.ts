import type { NodeSource } from "../graphql/index.js";
import { IdKind } from "../ids.js";

export { EvaluationOperationsResolver } from "./evaluation-operations.resolver.js";
export { EvaluationAgentResolver, EvaluationMetricResultResolver, EvaluationRunResolver, TestRunEvaluationResolver } from "./evaluation-run.resolver.js";
export { EvaluationTestCaseResolver } from "./test-case.resolver.js";
export { EvaluationTestCaseVersionResolver, StarMetricResolver, TestCaseContentResolver } from "./test-case-content.resolver.js";

/** How `node` finds what this room holds. */
export const evaluationNodes: readonly NodeSource[] = [
  { kind: IdKind.EVALUATION_TEST_CASE, typename: "EvaluationTestCase", load: (loaders, id) => loaders.evaluation.testCaseById.load(id) },
  { kind: IdKind.EVALUATION_TEST_CASE_VERSION, typename: "EvaluationTestCaseVersion", load: (loaders, id) => loaders.evaluation.versionById.load(id) },
  { kind: IdKind.EVALUATION_RUN, typename: "EvaluationRun", load: (loaders, id) => loaders.evaluation.runById.load(id) },
];
