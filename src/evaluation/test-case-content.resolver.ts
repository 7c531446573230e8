import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type { User } from "../accounts/index.js";
import { UserType } from "../accounts/graphql.js";
import { NotFoundError } from "../errors.js";
import type { Context } from "../graphql/index.js";
import { MetricType } from "../metrics/graphql.js";
import type { Metric } from "../metrics/index.js";
import { TestSetType } from "../test-sets/graphql.js";
import type { TestSet } from "../test-sets/index.js";
import { type EvaluationTestCaseVersion, type StarMetric, starMetricOf, type TestCaseContent } from "./test-case.js";
import { EvaluationTestCaseType, EvaluationTestCaseVersionType, StarMetricType } from "./test-case.type.js";

async function testSetOf({ testSetId }: TestCaseContent, { loaders }: Context): Promise<TestSet> {
  const testSet = await loaders.testSets.testSetById.load(testSetId);
  if (testSet === null) throw new NotFoundError("test set", testSetId);
  return testSet;
}

async function metricOf(id: string, { loaders }: Context): Promise<Metric> {
  const metric = await loaders.metrics.byId.load(id);
  if (metric === null) throw new NotFoundError("metric", id);
  return metric;
}

/** What a test case's latest version says. */
@Resolver(() => EvaluationTestCaseType)
export class TestCaseContentResolver {
  @FieldResolver(() => TestSetType, { description: "The tests of its latest version; deleted sets included." })
  testSet(@Root() content: TestCaseContent, @Ctx() context: Context): Promise<TestSet> {
    return testSetOf(content, context);
  }

  @FieldResolver(() => [MetricType], { description: "The metrics of its latest version, in their order; deleted ones included." })
  metrics(@Root() { metricIds }: TestCaseContent, @Ctx() context: Context): Promise<Metric[]> {
    return Promise.all(metricIds.map((id) => metricOf(id, context)));
  }

  @FieldResolver(() => StarMetricType, { nullable: true, description: "What decides; null where nothing does." })
  starMetric(@Root() content: TestCaseContent): StarMetric | null {
    return starMetricOf(content);
  }
}

/** What a version says. */
@Resolver(() => EvaluationTestCaseVersionType)
export class EvaluationTestCaseVersionResolver {
  @FieldResolver(() => TestSetType, { description: "The tests; deleted sets included. A run pins the set's version when it is queued." })
  testSet(@Root() content: TestCaseContent, @Ctx() context: Context): Promise<TestSet> {
    return testSetOf(content, context);
  }

  @FieldResolver(() => [MetricType], { description: "The metrics, in their order; deleted ones included. A run pins their versions when it is queued." })
  metrics(@Root() { metricIds }: TestCaseContent, @Ctx() context: Context): Promise<Metric[]> {
    return Promise.all(metricIds.map((id) => metricOf(id, context)));
  }

  @FieldResolver(() => StarMetricType, { nullable: true, description: "What decides; null where nothing does." })
  starMetric(@Root() content: TestCaseContent): StarMetric | null {
    return starMetricOf(content);
  }

  @FieldResolver(() => UserType, { nullable: true, description: "Who made the version; null where nobody is known." })
  createdBy(@Root() { createdById }: EvaluationTestCaseVersion, @Ctx() { loaders }: Context): Promise<User | null> | null {
    return createdById === null ? null : loaders.accounts.userById.load(createdById);
  }
}

/** What decides, with its metric. */
@Resolver(() => StarMetricType)
export class StarMetricResolver {
  @FieldResolver(() => MetricType, { description: "The metric; deleted ones included." })
  metric(@Root() { metricId }: StarMetric, @Ctx() context: Context): Promise<Metric> {
    return metricOf(metricId, context);
  }
}
