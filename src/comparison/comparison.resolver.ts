import { Arg, Args, Authorized, Ctx, Extensions, FieldResolver, Float, ID, Query, Resolver, Root } from "type-graphql";
import { type Connection, type Context, pageArgs, toConnection } from "../graphql/index.js";
import { IdKind, isId } from "../ids.js";
import { passRate, type TestRun } from "../runs/index.js";
import { TestRunType } from "../runs/graphql.js";
import { searchedText } from "../texts.js";
import { Role } from "../viewer.js";
import { type ComparisonSummary, ComparisonVerdict, countOf, pValueOf, type TestRunComparison, verdictOf } from "./comparison.js";
import { TestComparisonsArguments } from "./comparison.inputs.js";
import { type ComparisonService, toComparison } from "./comparison.service.js";
import { ComparisonSummaryType, MetricDeltaType, RunChangeType, TestComparisonConnectionType, TestRunComparisonType } from "./comparison.type.js";
import type { MetricDelta } from "./metric-delta.js";
import { changesBetween, type RunChange, type RunSetup } from "./run-change.js";
import { pairKey } from "./run-pair.js";
import type { TestPair, TestPairFilter } from "./test-pair.js";

/** It reads all results of two runs: far more than an object, and never for each event of a subscription. */
const PRICE = { complexity: 1_000, forbiddenInSubscription: true };

/** Two runs side by side. */
@Resolver(() => TestRunComparisonType)
export class ComparisonResolver {
  readonly #comparisons: ComparisonService;

  constructor(comparisons: ComparisonService) {
    this.#comparisons = comparisons;
  }

  @Extensions(PRICE)
  @Authorized(Role.VIEWER)
  @Query(() => TestRunComparisonType, { nullable: true, description: "Two runs side by side, test by test; null when one of them is not there. Runs that go on are compared as they stand." })
  compareTestRuns(
    @Arg("baselineId", () => ID, { description: "The run that the other is measured by." }) baselineId: string,
    @Arg("candidateId", () => ID, { description: "The run that is measured." }) candidateId: string,
    @Ctx() { viewer }: Context,
  ): Promise<TestRunComparison | null> {
    return this.#comparisons.compare(viewer, baselineId, candidateId);
  }

  @FieldResolver(() => ComparisonSummaryType, { description: "How many tests improved, regressed and so on." })
  summary(@Root() comparison: TestRunComparison, @Ctx() context: Context): Promise<ComparisonSummary> {
    return summaryOf(comparison, context);
  }

  @FieldResolver(() => Float, { nullable: true, description: "The candidate's passRate minus the baseline's; null where one of them is." })
  passRateDelta(@Root() { baseline, candidate }: TestRunComparison): number | null {
    const [before, now] = [passRate(baseline), passRate(candidate)];
    return before === null || now === null ? null : now - before;
  }

  @FieldResolver(() => Float, { nullable: true, description: "Exact McNemar test over the tests that both runs gave a verdict, two-sided; null without such tests." })
  async pValue(@Root() comparison: TestRunComparison, @Ctx() context: Context): Promise<number | null> {
    return pValueOf(await summaryOf(comparison, context));
  }

  @FieldResolver(() => ComparisonVerdict, { description: "Whether the candidate is better or worse by more than luck: from the p-value at 0.05." })
  async verdict(@Root() comparison: TestRunComparison, @Ctx() context: Context): Promise<ComparisonVerdict> {
    return verdictOf(await summaryOf(comparison, context));
  }

  @FieldResolver(() => [MetricDeltaType], { description: "How the scores of each metric of either run differ; null figures for metrics without numbers." })
  metricDeltas(@Root() comparison: TestRunComparison, @Ctx() { loaders }: Context): Promise<readonly MetricDelta[]> {
    return loaders.comparison.metricDeltas.load(keyOf(comparison));
  }

  @FieldResolver(() => Float, { nullable: true, description: "The candidate's median latency minus the baseline's, in milliseconds; null where one of them has none, as a RESCORE." })
  latencyP50DeltaMs(@Root() comparison: TestRunComparison, @Ctx() context: Context): Promise<number | null> {
    return latencyDelta(comparison, "p50", context);
  }

  @FieldResolver(() => Float, { nullable: true, description: "The candidate's 95th percentile of latency minus the baseline's, in milliseconds; null where one of them has none, as a RESCORE." })
  latencyP95DeltaMs(@Root() comparison: TestRunComparison, @Ctx() context: Context): Promise<number | null> {
    return latencyDelta(comparison, "p95", context);
  }

  @FieldResolver(() => [RunChangeType], { description: "What differs between the runs besides the answers: test set version, endpoint version, metric versions, parameters and so on." })
  async changes(@Root() { baseline, candidate }: TestRunComparison, @Ctx() context: Context): Promise<RunChange[]> {
    const isOfSeveral = baseline.testSetId === null && candidate.testSetId === null;
    return changesBetween(...(await Promise.all([setupOf(baseline, isOfSeveral, context), setupOf(candidate, isOfSeveral, context)])));
  }

  @FieldResolver(() => TestComparisonConnectionType, { description: "The tests of the candidate in its order, then those that only the baseline has." })
  async tests(@Root() comparison: TestRunComparison, @Args(() => TestComparisonsArguments) args: TestComparisonsArguments, @Ctx() context: Context): Promise<Connection<TestPair>> {
    const filter: TestPairFilter = { outcome: args.outcome ?? null, search: searchedText(args.search) };
    const { tests, testCount } = context.loaders.comparison;
    const page = await tests.load({ parentId: keyOf(comparison), args: { filter, page: pageArgs(args) } });
    return toConnection(page, async () => (filter.search === null ? countOf(await summaryOf(comparison, context), filter.outcome) : testCount.load({ parentId: keyOf(comparison), args: { filter } })));
  }
}

/** The comparison from the candidate's side. */
@Resolver(() => TestRunType)
export class RunComparisonResolver {
  @Extensions(PRICE)
  @FieldResolver(() => TestRunComparisonType, { nullable: true, description: "This run beside an earlier one; the field belongs to the candidate. Null when the baseline is not there." })
  async comparison(@Root() run: TestRun, @Arg("baselineId", () => ID, { description: "The run that this one is measured by." }) baselineId: string, @Ctx() { loaders }: Context): Promise<TestRunComparison | null> {
    const baseline = isId(baselineId, IdKind.TEST_RUN) ? await loaders.runs.byId.load(baselineId) : null;
    return baseline === null ? null : toComparison(baseline, run);
  }
}

function keyOf({ baseline, candidate }: TestRunComparison): string {
  return pairKey({ baselineId: baseline.id, candidateId: candidate.id });
}

function summaryOf(comparison: TestRunComparison, { loaders }: Context): Promise<ComparisonSummary> {
  return loaders.comparison.summary.load(keyOf(comparison));
}

async function latencyDelta({ baseline, candidate }: TestRunComparison, percentile: "p50" | "p95", { loaders }: Context): Promise<number | null> {
  const [before, now] = await Promise.all([loaders.summaries.ofRun.load(baseline.id), loaders.summaries.ofRun.load(candidate.id)]);
  return before.latency === null || now.latency === null ? null : now.latency[percentile] - before.latency[percentile];
}

async function setupOf(run: TestRun, isOfSeveral: boolean, { loaders }: Context): Promise<RunSetup> {
  const [version, metrics, sets] = await Promise.all([
    loaders.endpoints.versionById.load(run.endpointVersionId),
    loaders.comparison.metricsOfRun.load(run.id),
    isOfSeveral ? loaders.comparison.setsOfRun.load(run.id) : [],
  ]);
  return { run, endpointVersionHash: version?.versionHash ?? null, metrics, sets };
}
