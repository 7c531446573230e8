import { Arg, Authorized, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import type { Context } from "../graphql/index.js";
import { BehaviorType, TestSetType } from "../test-sets/graphql.js";
import type { Label, TestSet } from "../test-sets/index.js";
import { Role } from "../viewer.js";
import type { Metric } from "./metric.js";
import { SetBehaviorMetricsInput, TestSetMetricsInput } from "./metric.inputs.js";
import { MetricType } from "./metric.type.js";
import type { MetricAssignmentsService } from "./metric-assignments.service.js";

/** A test set's metrics. */
@Resolver(() => TestSetType)
export class TestSetMetricsResolver {
  readonly #assignments: MetricAssignmentsService;

  constructor(assignments: MetricAssignmentsService) {
    this.#assignments = assignments;
  }

  @FieldResolver(() => [MetricType], { description: "Metrics assigned to the set, at most 20: they override behavior metrics, and are overridden by execution-time metrics." })
  metrics(@Root() testSet: TestSet, @Ctx() context: Context): Promise<readonly Metric[]> {
    return context.loaders.metrics.ofTestSet.load(testSet.id);
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => TestSetType, { description: "Assigns metrics to a test set. All or nothing: an unknown metric, or one that is already assigned, changes nothing." })
  addTestSetMetrics(@Arg("input", () => TestSetMetricsInput, { description: "The set and the metrics." }) input: TestSetMetricsInput, @Ctx() context: Context): Promise<TestSet> {
    return this.#assignments.addTestSetMetrics(context.viewer, input.testSet, input.metrics);
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => TestSetType, { description: "Takes metrics off a test set. All or nothing: an unknown metric, or one that is not assigned, changes nothing." })
  removeTestSetMetrics(@Arg("input", () => TestSetMetricsInput, { description: "The set and the metrics." }) input: TestSetMetricsInput, @Ctx() context: Context): Promise<TestSet> {
    return this.#assignments.removeTestSetMetrics(context.viewer, input.testSet, input.metrics);
  }
}

/** A behavior's metrics. */
@Resolver(() => BehaviorType)
export class BehaviorMetricsResolver {
  readonly #assignments: MetricAssignmentsService;

  constructor(assignments: MetricAssignmentsService) {
    this.#assignments = assignments;
  }

  @FieldResolver(() => [MetricType], { description: "Metrics of tests with this behavior, at most 20, where neither the execution nor the test set has any." })
  metrics(@Root() behavior: Label, @Ctx() context: Context): Promise<readonly Metric[]> {
    return context.loaders.metrics.ofBehavior.load(behavior.id);
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => BehaviorType, { description: "Makes the metrics of a behavior just these." })
  setBehaviorMetrics(@Arg("input", () => SetBehaviorMetricsInput, { description: "The behavior and its metrics." }) input: SetBehaviorMetricsInput, @Ctx() context: Context): Promise<Label> {
    return this.#assignments.setBehaviorMetrics(context.viewer, input.behavior, input.metrics);
  }
}
