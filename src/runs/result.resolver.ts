import { Arg, Args, Authorized, Ctx, Extensions, FieldResolver, ID, Int, Query, Resolver, Root } from "type-graphql";
import { EMPTY_PAGE } from "../db/index.js";
import { NotFoundError } from "../errors.js";
import { type Connection, type Context, JSONObjectScalar, JSONScalar, pageArgs, toConnection } from "../graphql/index.js";
import { IdKind, isId, resultId } from "../ids.js";
import type { Metric, MetricVersion } from "../metrics/index.js";
import { MetricType } from "../metrics/graphql.js";
import type { ConversationPlan, Prompt, Test } from "../test-sets/index.js";
import { ConversationPlanType, PromptType, TestObjectType } from "../test-sets/graphql.js";
import { Role } from "../viewer.js";
import { type MetricResult, scoreValue } from "./metric-result.js";
import type { OutputSummary } from "./output.repository.js";
import { ConversationTurnType, TestOutputType } from "./output.type.js";
import type { StoredTurn, TestResult } from "./result.js";
import { askedResults, TestResultsArguments } from "./result.inputs.js";
import { MetricErrorType, MetricResultType, TestResultConnectionType, TestResultType } from "./result.type.js";
import type { TestRun } from "./run.js";
import type { RunReadService } from "./run-read.service.js";
import { BY_POSITION } from "./run.resolver.js";
import { TestRunType } from "./run.type.js";
import type { TestConfiguration } from "./test-configuration.repository.js";
import { TestConfigurationType } from "./test-configuration.type.js";

/** Results, with what they refer to. */
@Resolver(() => TestResultType)
export class ResultResolver {
  readonly #runs: RunReadService;

  constructor(runs: RunReadService) {
    this.#runs = runs;
  }

  @Authorized(Role.VIEWER)
  @Query(() => TestResultType, { nullable: true, description: "The planned result of the id, whether it has begun or not; null when there is none." })
  testResult(@Arg("id", () => ID, { description: "The result's id." }) id: string, @Ctx() { loaders }: Context): Promise<TestResult | null> | null {
    return isId(id, IdKind.TEST_RESULT) ? loaders.results.byId.load(id) : null;
  }

  @Authorized(Role.VIEWER)
  @Query(() => TestResultConnectionType, { description: "Planned results of one run or of all of them, whether they have begun or not." })
  async testResults(@Args(() => TestResultsArguments) args: TestResultsArguments, @Ctx() { viewer }: Context): Promise<Connection<TestResult>> {
    const filter = askedResults(args.filter);
    const page = await this.#runs.listResults(viewer, { filter, orderBy: args.orderBy ?? BY_POSITION, page: pageArgs(args) });
    return toConnection(page ?? EMPTY_PAGE, () => this.#runs.countResults(viewer, filter));
  }

  @FieldResolver(() => TestRunType, { description: "The run that it is part of." })
  run(@Root() result: TestResult, @Ctx() context: Context): Promise<TestRun> {
    return runOf(result.runId, context);
  }

  @FieldResolver(() => TestConfigurationType, { description: "The settings that its run was executed by." })
  async configuration(@Root() result: TestResult, @Ctx() { loaders }: Context): Promise<TestConfiguration> {
    const configuration = await loaders.runs.configurationById.load(result.configurationId);
    if (configuration === null) throw new NotFoundError("test configuration", result.configurationId);
    return configuration;
  }

  @FieldResolver(() => TestObjectType, { nullable: true, description: "The test as it is now, removed ones included." })
  test(@Root() result: TestResult, @Ctx() { loaders }: Context): Promise<Test | null> {
    return loaders.testSets.testById.load(result.testId);
  }

  @FieldResolver(() => PromptType, { nullable: true, description: "What was or will be sent, as the run has it; null for a conversation." })
  async prompt(@Root() result: TestResult, @Ctx() { loaders }: Context): Promise<Prompt | null> {
    return (await loaders.testSets.revisionById.load(result.testRevisionId))?.prompt ?? null;
  }

  @FieldResolver(() => ConversationPlanType, { nullable: true, description: "What the conversation is to be, as the run has it; null for a single turn." })
  async conversation(@Root() result: TestResult, @Ctx() { loaders }: Context): Promise<ConversationPlan | null> {
    return (await loaders.testSets.revisionById.load(result.testRevisionId))?.conversation ?? null;
  }

  @FieldResolver(() => JSONObjectScalar, { description: "The test's metadata, as the run has it." })
  async metadata(@Root() result: TestResult, @Ctx() { loaders }: Context): Promise<Readonly<Record<string, unknown>>> {
    return (await loaders.testSets.revisionById.load(result.testRevisionId))?.metadata ?? {};
  }

  @FieldResolver(() => TestOutputType, { nullable: true, description: "What the endpoint answered; null without an answer." })
  output(@Root() result: TestResult, @Ctx() { loaders }: Context): Promise<OutputSummary | null> | null {
    return result.outputRunId === null ? null : loaders.results.output.load(resultId(result.outputRunId, result.ordinal));
  }

  @FieldResolver(() => [MetricResultType], { description: "What each metric made of it, in the order of the run's metrics; empty until it is judged." })
  metricResults(@Root() result: TestResult, @Ctx() { loaders }: Context): Promise<readonly MetricResult[]> {
    return loaders.results.metricResultsOf.load(result.id);
  }

  @FieldResolver(() => JSONObjectScalar, { description: "Metric name to its score, or its category for CATEGORICAL metrics; null without a verdict." })
  async scores(@Root() result: TestResult, @Ctx() context: Context): Promise<Record<string, number | string | null>> {
    const scored = await context.loaders.results.metricResultsOf.load(result.id);
    const entries = scored.map(async (each): Promise<[string, number | string | null]> => {
      const version = await versionOf(each, context);
      return [version.definition.name, scoreValue(each, version)];
    });
    return Object.fromEntries(await Promise.all(entries));
  }
}

/** Outputs' large columns, each read only where it is asked for. */
@Resolver(() => TestOutputType)
export class TestOutputResolver {
  @FieldResolver(() => String, { description: "The answer's text; for a conversation, the last response." })
  async output(@Root() { runId, ordinal }: OutputSummary, @Ctx() { loaders }: Context): Promise<string> {
    return (await loaders.results.outputText.load(resultId(runId, ordinal)))?.output ?? "";
  }

  @Extensions({ complexity: 20, forbiddenInSubscription: true })
  @FieldResolver(() => JSONScalar, { nullable: true, description: "The endpoint's answer before mapping, secrets removed." })
  async raw(@Root() { runId, ordinal }: OutputSummary, @Ctx() { loaders }: Context): Promise<unknown> {
    return (await loaders.results.outputRaw.load(resultId(runId, ordinal)))?.raw ?? null;
  }

  @FieldResolver(() => [ConversationTurnType], { description: "The turns of a conversation, in their order; empty for a single turn." })
  async turns(@Root() { runId, ordinal }: OutputSummary, @Ctx() { loaders }: Context): Promise<readonly StoredTurn[]> {
    return (await loaders.results.outputTurns.load(resultId(runId, ordinal)))?.turns ?? [];
  }
}

/** Metric results, with what they refer to. */
@Resolver(() => MetricResultType)
export class MetricResultResolver {
  @FieldResolver(() => TestResultType, { description: "The result that was judged." })
  async result(@Root() { runId, ordinal }: MetricResult, @Ctx() { loaders }: Context): Promise<TestResult> {
    const result = await loaders.results.byId.load(resultId(runId, ordinal));
    if (result === null) throw new NotFoundError("test result", resultId(runId, ordinal));
    return result;
  }

  @FieldResolver(() => MetricType, { description: "The metric as it is now, deleted ones included." })
  async metric(@Root() root: MetricResult, @Ctx() context: Context): Promise<Metric> {
    const { metricId } = await versionOf(root, context);
    const metric = await context.loaders.metrics.byId.load(metricId);
    if (metric === null) throw new NotFoundError("metric", metricId);
    return metric;
  }

  @FieldResolver(() => Int, { description: "The version of the metric that judged." })
  async metricVersion(@Root() root: MetricResult, @Ctx() context: Context): Promise<number> {
    return (await versionOf(root, context)).number;
  }

  @FieldResolver(() => String, { description: "The metric's name in that version." })
  async name(@Root() root: MetricResult, @Ctx() context: Context): Promise<string> {
    return (await versionOf(root, context)).definition.name;
  }

  @FieldResolver(() => MetricErrorType, { nullable: true, description: "Why there is no verdict: for ERROR, SKIPPED and INCONCLUSIVE." })
  error(@Root() { errorCode, errorMessage }: MetricResult): { code: string; message: string } | null {
    return errorCode === null ? null : { code: errorCode, message: errorMessage ?? errorCode };
  }
}

async function runOf(id: string, { loaders }: Context): Promise<TestRun> {
  const run = await loaders.runs.byId.load(id);
  if (run === null) throw new NotFoundError("test run", id);
  return run;
}

async function versionOf({ runId, metricIndex }: Pick<MetricResult, "runId" | "metricIndex">, { loaders }: Context): Promise<MetricVersion> {
  const pinned = (await loaders.runs.metricsOfRun.load(runId)).find((metric) => metric.metricIndex === metricIndex);
  const version = pinned === undefined ? null : await loaders.metrics.versionById.load(pinned.metricVersionId);
  if (version === null) throw new NotFoundError("metric of the run", `${runId} ${metricIndex}`);
  return version;
}
