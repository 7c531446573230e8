import { Args, Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import { ProjectType, UserType } from "../accounts/graphql.js";
import type { Project, User } from "../accounts/index.js";
import { EndpointType } from "../endpoints/graphql.js";
import type { Endpoint } from "../endpoints/index.js";
import { NotFoundError } from "../errors.js";
import type { Connection, Context } from "../graphql/index.js";
import { MetricType } from "../metrics/graphql.js";
import type { Metric } from "../metrics/index.js";
import { resultsOfRun, TestResultConnectionType, TestResultsArguments, TestRunType } from "../runs/graphql.js";
import type { TestResult, TestRun } from "../runs/index.js";
import { type EvaluationRun, evaluationStatus, EvaluationRunStatus } from "./evaluation-run.js";
import { EvaluationAgentType, EvaluationMetricResultType, EvaluationRunType } from "./evaluation-run.type.js";
import { decidePass, type PassDecision, type RunLevelResult, runLevelResult } from "./pass-rule.js";
import { type EvaluationTestCase, type EvaluationTestCaseVersion, starMetricOf } from "./test-case.js";
import { EvaluationTestCaseType } from "./test-case.type.js";

async function testRunOf(evaluation: EvaluationRun, { loaders }: Context): Promise<TestRun> {
  const run = evaluation.testRun ?? (await loaders.runs.byId.load(evaluation.runId));
  if (run === null) throw new NotFoundError("test run", evaluation.runId);
  return run;
}

async function versionOf({ testCaseVersionId }: EvaluationRun, { loaders }: Context): Promise<EvaluationTestCaseVersion> {
  const version = await loaders.evaluation.versionById.load(testCaseVersionId);
  if (version === null) throw new NotFoundError("version of an evaluation test case", testCaseVersionId);
  return version;
}

async function decisionOf(evaluation: EvaluationRun, context: Context): Promise<PassDecision> {
  const [run, version] = [await testRunOf(evaluation, context), await versionOf(evaluation, context)];
  const star = starMetricOf(version);
  const { metrics } = await context.loaders.summaries.ofRun.load(run.id);
  const summary = metrics.find((metric) => metric.metricId === star?.metricId) ?? null;
  const pinned = summary === null ? null : await context.loaders.metrics.versionById.load(summary.metricVersionId);
  return decidePass(run, star, pinned?.definition ?? null, summary === null ? null : runLevelResult(summary, run.total));
}

async function projectOf(id: string, { loaders }: Context): Promise<Project> {
  const project = await loaders.accounts.projectById.load(id);
  if (project === null) throw new NotFoundError("project", id);
  return project;
}

/** Evaluation runs, with what their test runs came to. */
@Resolver(() => EvaluationRunType)
export class EvaluationRunResolver {
  @FieldResolver(() => EvaluationRunStatus, { description: "Where it stands." })
  async status(@Root() evaluation: EvaluationRun, @Ctx() context: Context): Promise<EvaluationRunStatus> {
    return evaluationStatus(await testRunOf(evaluation, context));
  }

  @FieldResolver(() => Boolean, { nullable: true, description: "Whether the agent passes, by the star metric alone; null while the run is not finished, was cancelled, or its star metric has no value. Follows reviews." })
  async passStatus(@Root() evaluation: EvaluationRun, @Ctx() context: Context): Promise<boolean | null> {
    return (await decisionOf(evaluation, context)).passStatus;
  }

  @FieldResolver(() => String, { description: "Why passStatus is what it is, null included." })
  async passReason(@Root() evaluation: EvaluationRun, @Ctx() context: Context): Promise<string> {
    return (await decisionOf(evaluation, context)).passReason;
  }

  @FieldResolver(() => EvaluationMetricResultType, { nullable: true, description: "The star metric's value over the run so far; null without a star metric." })
  async starMetricResult(@Root() evaluation: EvaluationRun, @Ctx() context: Context): Promise<RunLevelResult | null> {
    const { starMetricId } = await versionOf(evaluation, context);
    return (await runLevelResults(evaluation, context)).find((result) => result.metricId === starMetricId) ?? null;
  }

  @FieldResolver(() => [EvaluationMetricResultType], { description: "Every metric's value over the run so far, in the metrics' order." })
  runLevelMetricResults(@Root() evaluation: EvaluationRun, @Ctx() context: Context): Promise<RunLevelResult[]> {
    return runLevelResults(evaluation, context);
  }

  @FieldResolver(() => String, { nullable: true, description: "Why the run failed as a whole; null unless it did." })
  async errorDescription(@Root() evaluation: EvaluationRun, @Ctx() context: Context): Promise<string | null> {
    const run = await testRunOf(evaluation, context);
    if (run.error !== null) return run.error.message;
    return run.status === "FAILED" ? `All ${run.total} planned results ended in ERROR. Their errors say why.` : null;
  }

  @FieldResolver(() => EvaluationTestCaseType, { description: "The test case as it is now; archived ones included." })
  async testCase(@Root() { testCaseId }: EvaluationRun, @Ctx() { loaders }: Context): Promise<EvaluationTestCase> {
    const testCase = await loaders.evaluation.testCaseById.load(testCaseId);
    if (testCase === null) throw new NotFoundError("evaluation test case", testCaseId);
    return testCase;
  }

  @FieldResolver(() => String, { description: "The test case's name when the run was queued." })
  async testCaseName(@Root() evaluation: EvaluationRun, @Ctx() context: Context): Promise<string> {
    return (await versionOf(evaluation, context)).name;
  }

  @FieldResolver(() => String, { nullable: true, description: "The test case's description when the run was queued." })
  async testCaseDescription(@Root() evaluation: EvaluationRun, @Ctx() context: Context): Promise<string | null> {
    return (await versionOf(evaluation, context)).description;
  }

  @FieldResolver(() => ProjectType, { description: "The test case's project." })
  async testCaseProject(@Root() evaluation: EvaluationRun, @Ctx() context: Context): Promise<Project> {
    return projectOf((await this.testCase(evaluation, context)).projectId, context);
  }

  @FieldResolver(() => EvaluationAgentType, { description: "The endpoint as it stood when the run was queued." })
  agent(@Root() { agentId, endpointId, agent }: EvaluationRun): Agent {
    return { id: agentId, endpointId, ...agent };
  }

  @FieldResolver(() => TestRunType, { description: "The test run that does the work." })
  testRun(@Root() evaluation: EvaluationRun, @Ctx() context: Context): Promise<TestRun> {
    return testRunOf(evaluation, context);
  }

  @FieldResolver(() => TestResultConnectionType, { description: "The test run's planned results, whether they have begun or not." })
  async results(@Root() evaluation: EvaluationRun, @Args(() => TestResultsArguments) args: TestResultsArguments, @Ctx() context: Context): Promise<Connection<TestResult>> {
    return resultsOfRun(await testRunOf(evaluation, context), args, context);
  }

  @FieldResolver(() => UserType, { nullable: true, description: "Who queued it; null where nobody is known." })
  createdBy(@Root() { createdById }: EvaluationRun, @Ctx() { loaders }: Context): Promise<User | null> | null {
    return createdById === null ? null : loaders.accounts.userById.load(createdById);
  }

  @FieldResolver(() => Date, { nullable: true, description: "When a worker took it up; null before." })
  async startedAt(@Root() evaluation: EvaluationRun, @Ctx() context: Context): Promise<Date | null> {
    return (await testRunOf(evaluation, context)).startedAt;
  }

  @FieldResolver(() => Date, { nullable: true, description: "When it ended; null before." })
  async finishedAt(@Root() evaluation: EvaluationRun, @Ctx() context: Context): Promise<Date | null> {
    return (await testRunOf(evaluation, context)).finishedAt;
  }
}

async function runLevelResults(evaluation: EvaluationRun, context: Context): Promise<RunLevelResult[]> {
  const run = await testRunOf(evaluation, context);
  const { metrics } = await context.loaders.summaries.ofRun.load(run.id);
  return metrics.map((summary) => runLevelResult(summary, run.total));
}

/** An agent's snapshot. */
interface Agent {
  readonly id: string;
  readonly endpointId: string;
  readonly name: string;
  readonly versionHash: string;
  readonly projectId: string;
}

/** The agent of an evaluation run, with the endpoint as it is now. */
@Resolver(() => EvaluationAgentType)
export class EvaluationAgentResolver {
  @FieldResolver(() => Boolean, { description: "Whether the endpoint was deleted since." })
  async deleted(@Root() agent: Agent, @Ctx() context: Context): Promise<boolean> {
    return (await this.endpoint(agent, context)).deletedAt !== null;
  }

  @FieldResolver(() => ProjectType, { description: "The endpoint's project then." })
  project(@Root() { projectId }: Agent, @Ctx() context: Context): Promise<Project> {
    return projectOf(projectId, context);
  }

  @FieldResolver(() => EndpointType, { description: "The endpoint as it is now; deleted ones included." })
  async endpoint(@Root() { endpointId }: Agent, @Ctx() { loaders }: Context): Promise<Endpoint> {
    const endpoint = await loaders.endpoints.byId.load(endpointId);
    if (endpoint === null) throw new NotFoundError("endpoint", endpointId);
    return endpoint;
  }
}

/** The metric of a value over a run. */
@Resolver(() => EvaluationMetricResultType)
export class EvaluationMetricResultResolver {
  @FieldResolver(() => MetricType, { description: "The metric as it is now; deleted ones included." })
  async metric(@Root() { metricId }: RunLevelResult, @Ctx() { loaders }: Context): Promise<Metric> {
    const metric = await loaders.metrics.byId.load(metricId);
    if (metric === null) throw new NotFoundError("metric", metricId);
    return metric;
  }
}

/** The evaluation run that a test run belongs to. */
@Resolver(() => TestRunType)
export class TestRunEvaluationResolver {
  @FieldResolver(() => EvaluationRunType, { nullable: true, description: "The evaluation run that it does the work of; null for others." })
  evaluationRun(@Root() run: TestRun, @Ctx() { loaders }: Context): Promise<EvaluationRun | null> {
    return loaders.evaluation.ofTestRun.load(run.id);
  }
}
