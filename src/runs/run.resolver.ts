import { Arg, Args, Authorized, Ctx, FieldResolver, Float, Query, Resolver, Root } from "type-graphql";
import type { User } from "../accounts/index.js";
import { UserType } from "../accounts/graphql.js";
import type { Endpoint } from "../endpoints/index.js";
import { EndpointType } from "../endpoints/graphql.js";
import { NotFoundError } from "../errors.js";
import { type Connection, type Context, EntityRefInput, pageArgs, toConnection } from "../graphql/index.js";
import type { TestSet } from "../test-sets/index.js";
import { TestSetType } from "../test-sets/graphql.js";
import { Role } from "../viewer.js";
import { encodeEventCursor } from "./event-cursor.js";
import type { TestResult } from "./result.js";
import { countByCounters } from "./result-count.js";
import { askedResults, TestResultsArguments } from "./result.inputs.js";
import type { TestResultFilter } from "./result-filter.js";
import type { TestResultOrder } from "./result-order.js";
import { TestResultConnectionType } from "./result.type.js";
import { coverage, isTerminal, passRate, phaseOf, type TestRun, TestRunPhase } from "./run.js";
import { TestRunsArguments } from "./run.inputs.js";
import type { TestRunOrder } from "./run-page.repository.js";
import { progressOf, type RunProgress } from "./run-progress.js";
import { type RunReadService, splitsUnfinished } from "./run-read.service.js";
import { RunProgressType, TestRunConnectionType, TestRunType, type UsageSummary, UsageSummaryType } from "./run.type.js";
import type { TestConfiguration } from "./test-configuration.repository.js";
import { TestConfigurationType } from "./test-configuration.type.js";

/** The order of lists of runs where none is asked for. */
export const NEWEST_FIRST: TestRunOrder = { field: "CREATED_AT", direction: "DESC" };
/** The order of lists of results where none is asked for. */
export const BY_POSITION: TestResultOrder = { field: "POSITION", direction: "ASC" };

/** Runs, with what they refer to. */
@Resolver(() => TestRunType)
export class RunResolver {
  readonly #runs: RunReadService;

  constructor(runs: RunReadService) {
    this.#runs = runs;
  }

  @Authorized(Role.VIEWER)
  @Query(() => TestRunType, { nullable: true, description: "The run of the id or name; null when there is none. A name that several runs have is CONFLICT (AMBIGUOUS_NAME)." })
  testRun(@Arg("ref", () => EntityRefInput, { description: "Which run." }) ref: EntityRefInput, @Ctx() { viewer }: Context): Promise<TestRun | null> {
    return this.#runs.findRun(viewer, ref);
  }

  @Authorized(Role.VIEWER)
  @Query(() => TestRunConnectionType, { description: "Test runs." })
  async testRuns(@Args(() => TestRunsArguments) args: TestRunsArguments, @Ctx() { viewer }: Context): Promise<Connection<TestRun>> {
    const filter = args.filter ?? null;
    const page = await this.#runs.listRuns(viewer, { filter, orderBy: args.orderBy ?? NEWEST_FIRST, page: pageArgs(args) });
    return toConnection(page, () => this.#runs.countRuns(viewer, filter));
  }

  @FieldResolver(() => TestRunPhase, { description: "What it is busy with." })
  phase(@Root() run: TestRun): TestRunPhase {
    return phaseOf(run);
  }

  @FieldResolver(() => TestSetType, { nullable: true, description: "The test set that it runs; null for a configuration without a set." })
  testSet(@Root() run: TestRun, @Ctx() { loaders }: Context): Promise<TestSet | null> | null {
    return run.testSetId === null ? null : loaders.testSets.testSetById.load(run.testSetId);
  }

  @FieldResolver(() => EndpointType, { description: "The endpoint that was called, as it is now; deleted ones included." })
  async endpoint(@Root() run: TestRun, @Ctx() { loaders }: Context): Promise<Endpoint> {
    const endpoint = await loaders.endpoints.byId.load(run.endpointId);
    if (endpoint === null) throw new NotFoundError("endpoint", run.endpointId);
    return endpoint;
  }

  @FieldResolver(() => String, { description: "The endpoint's versionHash at the time: the version that is called." })
  async endpointVersionHash(@Root() run: TestRun, @Ctx() { loaders }: Context): Promise<string> {
    const version = await loaders.endpoints.versionById.load(run.endpointVersionId);
    if (version === null) throw new NotFoundError("endpoint version", run.endpointVersionId);
    return version.versionHash;
  }

  @FieldResolver(() => TestConfigurationType, { description: "The settings that it was executed by." })
  async configuration(@Root() run: TestRun, @Ctx() { loaders }: Context): Promise<TestConfiguration> {
    const configuration = await loaders.runs.configurationById.load(run.configurationId);
    if (configuration === null) throw new NotFoundError("test configuration", run.configurationId);
    return configuration;
  }

  @FieldResolver(() => TestRunType, { nullable: true, description: "The run whose outputs were scored again, for RESCORE; null for EXECUTION, and when that run was deleted." })
  sourceRun(@Root() run: TestRun, @Ctx() { loaders }: Context): Promise<TestRun | null> | null {
    return run.sourceRunId === null ? null : loaders.runs.byId.load(run.sourceRunId);
  }

  @FieldResolver(() => RunProgressType, { description: "Counts of its planned results." })
  async progress(@Root() run: TestRun, @Ctx() { loaders }: Context): Promise<RunProgress> {
    return progressOf(run, isTerminal(run.status) ? [] : await loaders.runs.runningOrdinals.load(run.id));
  }

  @FieldResolver(() => Float, { nullable: true, description: "passed / (passed + failed); null without a verdict. Errors are no fails." })
  passRate(@Root() run: TestRun): number | null {
    return passRate(run);
  }

  @FieldResolver(() => Float, { nullable: true, description: "(passed + failed) / total: the share of planned results with a verdict." })
  coverage(@Root() run: TestRun): number | null {
    return coverage(run);
  }

  @FieldResolver(() => UsageSummaryType, { description: "What it has used so far." })
  usage(@Root() { usage }: TestRun): UsageSummary {
    return {
      endpointCalls: usage.endpointCalls ?? 0,
      endpointInputTokens: usage.endpointInputTokens ?? 0,
      endpointOutputTokens: usage.endpointOutputTokens ?? 0,
      judgeCalls: usage.judgeCalls ?? 0,
      judgeInputTokens: usage.judgeInputTokens ?? 0,
      judgeOutputTokens: usage.judgeOutputTokens ?? 0,
      // Fifteen calls of 0.00045 each add up to 0.006749999999999999 in floating point.
      judgeCost: usage.judgeCost === undefined ? null : Number(usage.judgeCost.toPrecision(12)),
    };
  }

  @FieldResolver(() => TestResultConnectionType, { description: "Its planned results, whether they have begun or not." })
  results(@Root() run: TestRun, @Args(() => TestResultsArguments) args: TestResultsArguments, @Ctx() context: Context): Promise<Connection<TestResult>> {
    return resultsOfRun(run, args, context);
  }

  @FieldResolver(() => String, { description: "Subscribe to runStatus with it as `after`: nothing that this answer shows comes again, nothing later is missed." })
  eventCursor(@Root() run: TestRun): string {
    return encodeEventCursor(run.id, run);
  }

  @FieldResolver(() => UserType, { nullable: true, description: "Whose run it is; null where nobody is named." })
  owner(@Root() run: TestRun, @Ctx() context: Context): Promise<User | null> | null {
    return userOf(run.ownerId, context);
  }

  @FieldResolver(() => UserType, { nullable: true, description: "Who is to look at it; null where nobody is named." })
  assignee(@Root() run: TestRun, @Ctx() context: Context): Promise<User | null> | null {
    return userOf(run.assigneeId, context);
  }

  @FieldResolver(() => UserType, { nullable: true, description: "Who queued it; null where nobody is known." })
  createdBy(@Root() run: TestRun, @Ctx() context: Context): Promise<User | null> | null {
    return userOf(run.createdById, context);
  }
}

/** A page of a run's planned results. */
export async function resultsOfRun(run: TestRun, args: TestResultsArguments, { loaders }: Context): Promise<Connection<TestResult>> {
  const filter = askedResults(args.filter);
  const page = await loaders.results.ofRun.page.load({ parentId: run.id, args: { filter, orderBy: args.orderBy ?? BY_POSITION, page: pageArgs(args) } });
  return toConnection({ ...page, rows: isBlank(filter) ? page.rows.map((result) => asOfRun(result, run)) : page.rows }, async () => {
    const running = isTerminal(run.status) ? [] : splitsUnfinished(filter) ? await loaders.runs.runningOrdinals.load(run.id) : null;
    const known = filter.runId == null ? countByCounters(run, filter, running === null ? null : progressOf(run, running).running) : null;
    return known ?? loaders.results.ofRun.count.load({ parentId: run.id, args: { filter } });
  });
}

/**
 * The result as it stood when the run was read, a moment before its results: a verdict that came in between comes as an
 * event after the run's `eventCursor`. Lists that are chosen by verdicts and the like show what they were chosen by.
 */
function asOfRun(result: TestResult, run: TestRun): TestResult {
  if (result.seq === null || result.seq <= run.seq) return result;
  return { ...result, status: "RUNNING", automatedStatus: "RUNNING", error: null, finishedAt: null, seq: null };
}

function isBlank(filter: TestResultFilter): boolean {
  return Object.values(filter).every((value) => value == null);
}

function userOf(id: string | null, { loaders }: Context): Promise<User | null> | null {
  return id === null ? null : loaders.accounts.userById.load(id);
}

/** What of a run's progress costs a look at its recent results. */
@Resolver(() => RunProgressType)
export class RunProgressResolver {
  @FieldResolver(() => Float, { nullable: true, description: "Milliseconds to the end at the recent rate of finishing; 0 for a run that has ended, null when unknown." })
  async etaMs(@Root() progress: RunProgress, @Ctx() { loaders }: Context): Promise<number | null> {
    if (isTerminal(progress.status)) return 0;
    const rate = await loaders.runs.finishRate.load(progress.runId);
    return rate === null || rate.elapsedMs <= 0 ? null : ((progress.total - progress.finished) * rate.elapsedMs) / rate.results;
  }
}
