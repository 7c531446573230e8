import { Arg, Ctx, Extensions, FieldResolver, Float, Int, Resolver, Root } from "type-graphql";
import { assertPageSize } from "../db/index.js";
import { NotFoundError } from "../errors.js";
import { type Context, EntityRefInput } from "../graphql/index.js";
import { passRate, TestResultStatus, type TestRun } from "../runs/index.js";
import { TestRunType } from "../runs/graphql.js";
import type { Test, TestSet } from "../test-sets/index.js";
import { TestObjectType, TestSetType } from "../test-sets/graphql.js";
import { assertRunCount, type FlakyTest, pointStatus, type TestHistoryPoint } from "./test-history.js";
import { FlakyTestType, TestHistoryPointType } from "./test-history.type.js";

/** What became of a test in run after run. */
@Resolver(() => TestObjectType)
export class TestHistoryResolver {
  @FieldResolver(() => [TestHistoryPointType], { nullable: true, description: "What became of it in finished executions, newest first, one point a run; without runs that were cancelled before they reached it. Null when the endpoint is not there." })
  history(
    @Root() test: Test,
    @Arg("endpoint", () => EntityRefInput, { nullable: true, description: "Only runs against this endpoint." }) endpoint: EntityRefInput | null | undefined,
    @Arg("last", () => Int, { defaultValue: 20, description: "The most runs, 0 to 200." }) last: number,
    @Ctx() { loaders }: Context,
  ): Promise<readonly TestHistoryPoint[] | null> {
    assertPageSize("last", last);
    return loaders.testHistories.ofTest.load({ parentId: test.id, args: { endpoint: endpoint ?? null, last } });
  }
}

/** One run in a test's history. */
@Resolver(() => TestHistoryPointType)
export class TestHistoryPointResolver {
  @FieldResolver(() => TestRunType, { description: "The run." })
  run(@Root() point: TestHistoryPoint, @Ctx() context: Context): Promise<TestRun> {
    return runOf(point, context);
  }

  @FieldResolver(() => TestResultStatus, { description: "The verdict that counts; of several trials the majority, a tie being FAILED. Without a verdict, why." })
  async status(@Root() point: TestHistoryPoint, @Ctx() context: Context): Promise<TestResultStatus> {
    return pointStatus(point.counts, await runOf(point, context));
  }

  @FieldResolver(() => Float, { nullable: true, description: "The share of passes among its trials' verdicts; null without a verdict." })
  passRate(@Root() { counts }: TestHistoryPoint): number | null {
    return passRate(counts);
  }
}

/** The tests of a set that cannot be relied on. */
@Resolver(() => TestSetType)
export class FlakyTestsResolver {
  /** Each of up to `first` tests is priced, and all results of the runs are read for them. */
  @Extensions({ complexity: 20, forbiddenInSubscription: true })
  @FieldResolver(() => [FlakyTestType], { nullable: true, description: "Tests whose verdict changed among the newest finished executions against the endpoint, or among trials; most flips first, removed tests left out. Null when the endpoint is not there." })
  flakyTests(
    @Root() testSet: TestSet,
    @Arg("endpoint", () => EntityRefInput, { description: "Against which endpoint." }) endpoint: EntityRefInput,
    @Arg("lastRuns", () => Int, { defaultValue: 10, description: "How many of the newest runs are looked at, 1 to 100." }) lastRuns: number,
    @Arg("first", () => Int, { defaultValue: 50, description: "The most tests, 0 to 200." }) first: number,
    @Ctx() { loaders }: Context,
  ): Promise<readonly FlakyTest[] | null> {
    assertRunCount(lastRuns);
    assertPageSize("first", first);
    return loaders.testHistories.flakyOfTestSet.load({ parentId: testSet.id, args: { endpoint, lastRuns, first } });
  }
}

/** The test itself. */
@Resolver(() => FlakyTestType)
export class FlakyTestResolver {
  @FieldResolver(() => TestObjectType, { description: "The test." })
  async test(@Root() { testId }: FlakyTest, @Ctx() { loaders }: Context): Promise<Test> {
    const test = await loaders.testSets.testById.load(testId);
    if (test === null) throw new NotFoundError("test", testId);
    return test;
  }
}

async function runOf({ runId }: TestHistoryPoint, { loaders }: Context): Promise<TestRun> {
  const run = await loaders.runs.byId.load(runId);
  if (run === null) throw new NotFoundError("test run", runId);
  return run;
}
