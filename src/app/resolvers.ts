import type { ClassType } from "type-graphql";
import { accountsNodes, AuditEventResolver, MemberResolver, OrganizationResolver, ProjectResolver, ViewerResolver } from "../accounts/graphql.js";
import { ComparisonResolver, FlakyTestResolver, FlakyTestsResolver, GateResolver, RunComparisonResolver, TestComparisonResolver, TestHistoryPointResolver, TestHistoryResolver } from "../comparison/graphql.js";
import { endpointNodes, EndpointResolver, ModelResolver } from "../endpoints/graphql.js";
import { RunDownloadsResolver } from "../exports/graphql.js";
import {
  EvaluationAgentResolver,
  EvaluationMetricResultResolver,
  evaluationNodes,
  EvaluationOperationsResolver,
  EvaluationRunResolver,
  EvaluationTestCaseResolver,
  EvaluationTestCaseVersionResolver,
  StarMetricResolver,
  TestCaseContentResolver,
  TestRunEvaluationResolver,
} from "../evaluation/graphql.js";
import { experimentNodes, ExperimentResolver, ExperimentVersionResolver } from "../experiments/graphql.js";
import { NodeRegistry } from "../graphql/index.js";
import { BehaviorMetricsResolver, metricsNodes, MetricsResolver, MetricVersionResolver, TestSetMetricsResolver } from "../metrics/graphql.js";
import {
  BreakdownRowResolver,
  EndpointRunsResolver,
  ExperimentRunsResolver,
  MetricResultResolver,
  MetricSummaryResolver,
  ResultResolver,
  RunExperimentResolver,
  ExecutionPlanResolver,
  RunAgainResolver,
  RunEditResolver,
  RunMutationResolver,
  runNodes,
  RunProgressResolver,
  RunResolver,
  RunsChangedResolver,
  RunStatusResolver,
  RunSummaryResolver,
  TestConfigurationMutationResolver,
  TestConfigurationResolver,
  TestOutputResolver,
  TestResultsResolver,
  TestSetRunsResolver,
} from "../runs/graphql.js";
import { MetricAgreementResolver, reviewNodes, ResultReviewsResolver, ReviewResolver, RunReviewsResolver } from "../reviews/graphql.js";
import { ImportResolver, LabelResolver, testSetNodes, TestResolver, TestSetResolver } from "../test-sets/graphql.js";
import { LIMITS } from "../http/index.js";
import { EndpointProbeResolver } from "./endpoint-probe.resolver.js";
import { GatewayResolver } from "./gateway.resolver.js";
import { NodeResolver } from "./node.resolver.js";
import type { Services } from "./services.js";
import { packageVersion } from "./version.js";

/** Every resolver class with its instance. A class that is forgotten here is not in the schema. */
export function composeResolvers(services: Services): ReadonlyMap<ClassType, object> {
  const nodes = new NodeRegistry([...accountsNodes, ...endpointNodes, ...evaluationNodes, ...experimentNodes, ...metricsNodes, ...reviewNodes, ...runNodes, ...testSetNodes]);
  return new Map<ClassType, object>([
    [GatewayResolver, new GatewayResolver({ version: packageVersion(), limits: LIMITS })],
    [NodeResolver, new NodeResolver(nodes)],
    [EndpointResolver, new EndpointResolver(services.endpoints)],
    [ModelResolver, new ModelResolver(services.models)],
    [EndpointProbeResolver, new EndpointProbeResolver(services.endpointProbes)],
    [OrganizationResolver, new OrganizationResolver()],
    [ViewerResolver, new ViewerResolver()],
    [ProjectResolver, new ProjectResolver(services.projects)],
    [MemberResolver, new MemberResolver(services.members)],
    [AuditEventResolver, new AuditEventResolver(services.audit)],
    [MetricsResolver, new MetricsResolver(services.metrics)],
    [MetricVersionResolver, new MetricVersionResolver()],
    [TestSetMetricsResolver, new TestSetMetricsResolver(services.metricAssignments)],
    [BehaviorMetricsResolver, new BehaviorMetricsResolver(services.metricAssignments)],
    [ExperimentResolver, new ExperimentResolver(services.experiments)],
    [ExperimentVersionResolver, new ExperimentVersionResolver()],
    [TestSetResolver, new TestSetResolver(services.testSets)],
    [ImportResolver, new ImportResolver(services.importer)],
    [LabelResolver, new LabelResolver(services.labels)],
    [TestResolver, new TestResolver(services.tests)],
    [RunResolver, new RunResolver(services.runReads)],
    [RunExperimentResolver, new RunExperimentResolver()],
    [RunDownloadsResolver, new RunDownloadsResolver(services.downloadLinks)],
    [RunProgressResolver, new RunProgressResolver()],
    [ExecutionPlanResolver, new ExecutionPlanResolver(services.executionPlans)],
    [RunAgainResolver, new RunAgainResolver(services.rescores, services.reruns, services.retries)],
    [RunEditResolver, new RunEditResolver(services.runEdits, services.runDeletions)],
    [RunMutationResolver, new RunMutationResolver(services.runs, services.runControl)],
    [RunStatusResolver, new RunStatusResolver()],
    [RunsChangedResolver, new RunsChangedResolver()],
    [RunSummaryResolver, new RunSummaryResolver()],
    [ReviewResolver, new ReviewResolver(services.reviews)],
    [ResultReviewsResolver, new ResultReviewsResolver()],
    [RunReviewsResolver, new RunReviewsResolver()],
    [MetricAgreementResolver, new MetricAgreementResolver()],
    [MetricSummaryResolver, new MetricSummaryResolver()],
    [BreakdownRowResolver, new BreakdownRowResolver()],
    [ResultResolver, new ResultResolver(services.runReads)],
    [TestOutputResolver, new TestOutputResolver()],
    [MetricResultResolver, new MetricResultResolver()],
    [TestConfigurationResolver, new TestConfigurationResolver(services.runReads)],
    [TestConfigurationMutationResolver, new TestConfigurationMutationResolver(services.configurations, services.runs)],
    [ExperimentRunsResolver, new ExperimentRunsResolver()],
    [TestSetRunsResolver, new TestSetRunsResolver()],
    [EndpointRunsResolver, new EndpointRunsResolver()],
    [TestResultsResolver, new TestResultsResolver()],
    [EvaluationTestCaseResolver, new EvaluationTestCaseResolver(services.testCases)],
    [TestCaseContentResolver, new TestCaseContentResolver()],
    [EvaluationTestCaseVersionResolver, new EvaluationTestCaseVersionResolver()],
    [StarMetricResolver, new StarMetricResolver()],
    [EvaluationOperationsResolver, new EvaluationOperationsResolver(services.evaluationRuns)],
    [EvaluationRunResolver, new EvaluationRunResolver()],
    [EvaluationAgentResolver, new EvaluationAgentResolver()],
    [EvaluationMetricResultResolver, new EvaluationMetricResultResolver()],
    [TestRunEvaluationResolver, new TestRunEvaluationResolver()],
    [ComparisonResolver, new ComparisonResolver(services.comparisons)],
    [RunComparisonResolver, new RunComparisonResolver()],
    [GateResolver, new GateResolver(services.gates)],
    [TestHistoryResolver, new TestHistoryResolver()],
    [TestHistoryPointResolver, new TestHistoryPointResolver()],
    [FlakyTestsResolver, new FlakyTestsResolver()],
    [FlakyTestResolver, new FlakyTestResolver()],
    [TestComparisonResolver, new TestComparisonResolver()],
  ]);
}
