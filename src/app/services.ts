import { AccountsService, AuditTrail, MemberService, ProjectService } from "../accounts/index.js";
import { createOutbound } from "../address-guard.js";
import { ComparisonService, GateService } from "../comparison/index.js";
import type { Db } from "../db/index.js";
import { EndpointProbeService, EndpointService, EndpointTargets, ModelService, ModelTargets, OutboundEndpointClient } from "../endpoints/index.js";
import { EvaluationRunService, TestCaseService } from "../evaluation/index.js";
import type { EventBus } from "../events/index.js";
import { DownloadLinks, ExportService } from "../exports/index.js";
import { ExperimentService } from "../experiments/index.js";
import type { Logger } from "../log.js";
import { MetricAssignmentsService, MetricsService, RemoteMetricTargets } from "../metrics/index.js";
import { GraphileJobQueue } from "../queue/index.js";
import { LaneService, ExecutionPlanService, RerunService, RescoreService, RetryService, RunControlService, RunDeletionService, RunEditService, RunEvents, RunReadService, RunsChanged, RunService, RunSummaries, TestConfigurationService } from "../runs/index.js";
import { ReviewService } from "../reviews/index.js";
import { skipReason } from "../scoring/index.js";
import { SecretBox } from "../secrets.js";
import { ImporterService, LabelService, TestService, TestSetService } from "../test-sets/index.js";

/** What the services stand on. Tests compose the same way with another clock. */
export interface Ground {
  readonly db: Db;
  readonly bus: EventBus;
  readonly now: () => Date;
  readonly log: Logger;
  /** 32 bytes: encrypts credentials at rest. */
  readonly secretKey: Buffer;
  /** Older keys that still open what they sealed. */
  readonly previousSecretKeys?: readonly Buffer[];
  /** The keys as they are now, where they may change meanwhile. */
  readonly readSecretKeys?: (() => readonly Buffer[]) | null;
  /** Whether endpoints, models and remote metrics may be on private addresses. */
  readonly allowPrivateAddresses: boolean;
}

/** The use cases of all rooms: a page of constructor calls, read top to bottom. Free of GraphQL: the worker composes it, too. */
export function composeServices(ground: Ground) {
  const secrets = new SecretBox(ground.secretKey, ground.previousSecretKeys, ground.readSecretKeys);
  const outbound = createOutbound({ allowPrivate: ground.allowPrivateAddresses });
  const accounts = new AccountsService(ground);
  const projects = new ProjectService(ground);
  const members = new MemberService(ground);
  const audit = new AuditTrail(ground);
  const endpoints = new EndpointService({ ...ground, accounts, secrets });
  const models = new ModelService({ ...ground, secrets });
  const endpointTargets = new EndpointTargets({ ...ground, secrets });
  const endpointClient = new OutboundEndpointClient({ ...ground, outbound });
  const endpointProbes = new EndpointProbeService({ ...ground, targets: endpointTargets, client: endpointClient });
  const metrics = new MetricsService({ ...ground, secrets });
  const modelTargets = new ModelTargets({ ...ground, secrets });
  const remoteMetricTargets = new RemoteMetricTargets({ ...ground, secrets });
  const metricAssignments = new MetricAssignmentsService(ground);
  const experiments = new ExperimentService({ ...ground, accounts });
  const testSets = new TestSetService({ ...ground, accounts, metrics: metricAssignments });
  const tests = new TestService(ground);
  const importer = new ImporterService({ ...ground, accounts, metrics: metricAssignments });
  const labels = new LabelService({ ...ground, metrics: metricAssignments });
  const queue = new GraphileJobQueue();
  const lanes = new LaneService({ ...ground, queue });
  const runs = new RunService({ ...ground, queue });
  const configurations = new TestConfigurationService(ground);
  const executionPlans = new ExecutionPlanService({ ...ground, skipReason });
  const rescores = new RescoreService({ ...ground, queue });
  const reruns = new RerunService({ ...ground, queue });
  const retries = new RetryService({ ...ground, queue });
  const runEdits = new RunEditService(ground);
  const runDeletions = new RunDeletionService({ ...ground, queue });
  const runControl = new RunControlService({ ...ground, queue, lanes });
  const runEvents = new RunEvents(ground);
  const runsChanged = new RunsChanged(ground);
  const runReads = new RunReadService(ground);
  const testCases = new TestCaseService({ ...ground, accounts });
  const evaluationRuns = new EvaluationRunService({ ...ground, runs, control: runControl, events: runEvents });
  const reviews = new ReviewService(ground);
  const exports = new ExportService(ground);
  const downloadLinks = new DownloadLinks(ground);
  const comparisons = new ComparisonService(ground);
  const runSummaries = new RunSummaries(ground);
  const gates = new GateService({ ...ground, summaries: runSummaries });
  return {
    accounts,
    projects,
    members,
    audit,
    endpoints,
    endpointProbes,
    models,
    metrics,
    metricAssignments,
    experiments,
    testSets,
    tests,
    labels,
    importer,
    runs,
    configurations,
    runControl,
    executionPlans,
    rescores,
    reruns,
    retries,
    runEdits,
    runDeletions,
    runEvents,
    runsChanged,
    runReads,
    runSummaries,
    testCases,
    evaluationRuns,
    reviews,
    exports,
    downloadLinks,
    comparisons,
    gates,
    /** What a worker stands on. */
    execution: { queue, lanes, targets: endpointTargets, client: endpointClient, models: modelTargets, remoteMetrics: remoteMetricTargets, outbound },
    /** Ends what the services hold open: connections of outbound calls. */
    close: async (): Promise<void> => {
      await endpointClient.close();
      await outbound.close();
    },
  };
}

export type Services = ReturnType<typeof composeServices>;
