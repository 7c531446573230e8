import type { ClassType } from "type-graphql";
import { accountsNodes, AuditEventResolver, MemberResolver, OrganizationResolver, ProjectResolver, ViewerResolver } from "../accounts/graphql.js";
import { endpointNodes, EndpointResolver, ModelResolver } from "../endpoints/graphql.js";
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
  RunMutationResolver,
  runNodes,
  RunProgressResolver,
  RunResolver,
  RunStatusResolver,
  RunSummaryResolver,
  TestConfigurationMutationResolver,
  TestConfigurationResolver,
  TestOutputResolver,
  TestResultsResolver,
  TestSetRunsResolver,
} from "../runs/graphql.js";
import { ImportResolver, LabelResolver, testSetNodes, TestResolver, TestSetResolver } from "../test-sets/graphql.js";
import { LIMITS } from "../http/index.js";
import { EndpointProbeResolver } from "./endpoint-probe.resolver.js";
import { GatewayResolver } from "./gateway.resolver.js";
import { NodeResolver } from "./node.resolver.js";
import type { Services } from "./services.js";
import { packageVersion } from "./version.js";

/** Every resolver class with its instance. A class that is forgotten here is not in the schema. */
export function composeResolvers(services: Services): ReadonlyMap<ClassType, object> {
  const nodes = new NodeRegistry([...accountsNodes, ...endpointNodes, ...experimentNodes, ...metricsNodes, ...runNodes, ...testSetNodes]);
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
    [RunProgressResolver, new RunProgressResolver()],
    [RunMutationResolver, new RunMutationResolver(services.runs, services.runControl)],
    [RunStatusResolver, new RunStatusResolver()],
    [RunSummaryResolver, new RunSummaryResolver()],
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
  ]);
}
