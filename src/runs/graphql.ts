import type { NodeSource } from "../graphql/index.js";
import { IdKind } from "../ids.js";

export { MetricResultResolver, ResultResolver, TestOutputResolver } from "./result.resolver.js";
export { MetricResultType, TestResultConnectionType, TestResultType } from "./result.type.js";
export { ResultErrorObjectType, TestOutputType } from "./output.type.js";
export { EndpointRunsResolver, TestResultsResolver, TestSetRunsResolver } from "./run-lists.resolver.js";
export { ExperimentRunsResolver, RunExperimentResolver } from "./run-experiment.resolver.js";
export { ExecutionPlanResolver } from "./execution-plan.resolver.js";
export { RunAgainResolver } from "./run-again.resolver.js";
export { RunEditResolver } from "./run-edit.resolver.js";
export { RunMutationResolver } from "./run-mutation.resolver.js";
export { TestResultsArguments } from "./result.inputs.js";
export { resultsOfRun, RunProgressResolver, RunResolver } from "./run.resolver.js";
export { RunStatusResolver } from "./run-status.resolver.js";
export { RunsChangedResolver } from "./runs-changed.resolver.js";
export { BreakdownRowResolver, MetricSummaryResolver, RunSummaryResolver } from "./run-summary.resolver.js";
export { IntervalType } from "./run-summary.type.js";
export { TestRunConnectionType, TestRunType } from "./run.type.js";
export { TestConfigurationMutationResolver } from "./test-configuration-mutation.resolver.js";
export { TestConfigurationResolver } from "./test-configuration.resolver.js";
export { TestConfigurationType } from "./test-configuration.type.js";

/** How `node` finds what this room holds. */
export const runNodes: readonly NodeSource[] = [
  { kind: IdKind.TEST_RUN, typename: "TestRun", load: (loaders, id) => loaders.runs.byId.load(id) },
  { kind: IdKind.TEST_RESULT, typename: "TestResult", load: (loaders, id) => loaders.results.byId.load(id) },
  { kind: IdKind.METRIC_RESULT, typename: "MetricResult", load: (loaders, id) => loaders.results.metricResultById.load(id) },
  { kind: IdKind.TEST_CONFIGURATION, typename: "TestConfiguration", load: (loaders, id) => loaders.runs.configurationById.load(id) },
];
