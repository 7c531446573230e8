import { Ctx, FieldResolver, ID, Resolver, Root } from "type-graphql";
import type { Context } from "../graphql/index.js";
import { resultId } from "../ids.js";
import { type TestResult, TestResultStatus } from "../runs/index.js";
import { TestResultType } from "../runs/graphql.js";
import type { Test, TestRevision } from "../test-sets/index.js";
import { TestObjectType } from "../test-sets/graphql.js";
import { placeKey } from "./comparison.loaders.js";
import { derivedId, sideStatus } from "./comparison.js";
import { TestComparisonType } from "./comparison.type.js";
import type { PairSide, TestPair } from "./test-pair.js";

/** One test in two runs. */
@Resolver(() => TestComparisonType)
export class TestComparisonResolver {
  @FieldResolver(() => ID, { description: "An id that follows from the runs' and the test's; for caches, `node` does not know it." })
  id(@Root() { baselineId, candidateId, testId }: TestPair): string {
    return derivedId("test comparison", baselineId, candidateId, testId);
  }

  @FieldResolver(() => TestObjectType, { nullable: true, description: "The test as it is now, removed ones included." })
  test(@Root() { testId }: TestPair, @Ctx() { loaders }: Context): Promise<Test | null> {
    return loaders.testSets.testById.load(testId);
  }

  @FieldResolver(() => TestResultStatus, { nullable: true, description: "The majority of its verdicts in the baseline, else why it has none; null where they are tied, and where the baseline does not have the test." })
  baselineStatus(@Root() { baselineId, baseline }: TestPair, @Ctx() context: Context): Promise<TestResultStatus | null> {
    return statusOf(baselineId, baseline, context);
  }

  @FieldResolver(() => TestResultStatus, { nullable: true, description: "The majority of its verdicts in the candidate, else why it has none; null where they are tied, and where the candidate does not have the test." })
  candidateStatus(@Root() { candidateId, candidate }: TestPair, @Ctx() context: Context): Promise<TestResultStatus | null> {
    return statusOf(candidateId, candidate, context);
  }

  @FieldResolver(() => [TestResultType], { description: "Its results in the baseline, one for each trial." })
  baseline(@Root() { baselineId, baseline }: TestPair, @Ctx() context: Context): Promise<TestResult[]> {
    return trialsOf(baselineId, baseline, context);
  }

  @FieldResolver(() => [TestResultType], { description: "Its results in the candidate, one for each trial." })
  candidate(@Root() { candidateId, candidate }: TestPair, @Ctx() context: Context): Promise<TestResult[]> {
    return trialsOf(candidateId, candidate, context);
  }

  @FieldResolver(() => Boolean, { description: "The prompt or plan was edited between the two runs; false for tests that only one has." })
  async contentChanged(@Root() pair: TestPair, @Ctx() { loaders }: Context): Promise<boolean> {
    if (pair.baseline === null || pair.candidate === null) return false;
    const keys = [placeKey(pair.baselineId, pair.baseline.place), placeKey(pair.candidateId, pair.candidate.place)];
    const [before = null, now = null] = await Promise.all(keys.map((key) => loaders.comparison.revisionIdAt.load(key)));
    if (before === null || now === null || before === now) return false;
    const [old, recent] = await Promise.all([before, now].map((id) => loaders.testSets.revisionById.load(id)));
    // A revision may also differ in labels or metadata alone, and a prompt that was edited back in its id alone.
    return contentOf(old) !== contentOf(recent);
  }
}

/** What was sent, and what was expected of the answer. */
function contentOf(revision: TestRevision | null | undefined): string {
  const { content, expectedResponse, languageCode, context } = revision?.prompt ?? {};
  return JSON.stringify([content, expectedResponse, languageCode, context, revision?.conversation]);
}

async function statusOf(runId: string, side: PairSide | null, context: Context): Promise<TestResultStatus | null> {
  const run = side === null ? null : await context.loaders.runs.byId.load(runId);
  if (side === null || run === null) return null;
  const status = sideStatus(side.counts, run);
  if (status !== TestResultStatus.PENDING) return status;
  // Which planned trials are in work is known to the run's lanes alone.
  const trials = await trialsOf(runId, side, context);
  return trials.some((trial) => trial.status === TestResultStatus.RUNNING) ? TestResultStatus.RUNNING : status;
}

async function trialsOf(runId: string, side: PairSide | null, { loaders }: Context): Promise<TestResult[]> {
  const run = side === null ? null : await loaders.runs.byId.load(runId);
  if (side === null || run === null) return [];
  const ids = Array.from({ length: run.trials }, (_, index) => resultId(runId, (side.place - 1) * run.trials + index + 1));
  return (await Promise.all(ids.map((id) => loaders.results.byId.load(id)))).filter((result) => result !== null);
}
