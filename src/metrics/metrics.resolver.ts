import { Arg, Args, Authorized, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import { UserType } from "../accounts/graphql.js";
import type { User } from "../accounts/index.js";
import { ModelType } from "../endpoints/graphql.js";
import type { Model } from "../endpoints/index.js";
import { type Connection, type Context, EntityRefInput, pageArgs, PageArguments, toConnection } from "../graphql/index.js";
import { Role } from "../viewer.js";
import type { BuiltIn } from "./built-ins/built-in.js";
import { CATALOG, needsGroundTruth, parametersSchema } from "./built-ins/catalog.js";
import type { Metric, MetricVersion } from "./metric.js";
import { CreateMetricInput, MetricFilterInput, UpdateMetricInput } from "./metric.inputs.js";
import { MetricConnectionType, MetricTemplateType, MetricType, MetricVersionConnectionType, MetricVersionType } from "./metric.type.js";
import type { MetricsService } from "./metrics.service.js";

/** Metrics and the catalog. */
@Resolver(() => MetricType)
export class MetricsResolver {
  readonly #metrics: MetricsService;

  constructor(metrics: MetricsService) {
    this.#metrics = metrics;
  }

  @Authorized(Role.VIEWER)
  @Query(() => MetricType, { nullable: true, description: "A metric by its id or name; null when there is none." })
  metric(@Arg("ref", () => EntityRefInput, { description: "Which metric." }) ref: EntityRefInput, @Ctx() context: Context): Promise<Metric | null> {
    return this.#metrics.find(context.viewer, ref);
  }

  @Authorized(Role.VIEWER)
  @Query(() => MetricConnectionType, { description: "The metrics, newest first, without deleted ones." })
  async metrics(
    @Arg("filter", () => MetricFilterInput, { nullable: true, description: "Which metrics; all of them where absent." }) filter: MetricFilterInput | null,
    @Args(() => PageArguments) args: PageArguments,
    @Ctx() context: Context,
  ): Promise<Connection<Metric>> {
    const page = await this.#metrics.list(context.viewer, filter ?? {}, args);
    return toConnection(page, () => this.#metrics.count(context.viewer, filter ?? {}));
  }

  @Authorized(Role.VIEWER)
  @Query(() => [MetricTemplateType], { description: "The metrics that ship with the gateway." })
  metricCatalog(): MetricTemplateType[] {
    return CATALOG.map((builtIn: BuiltIn) => ({ ...builtIn, groundTruthRequired: needsGroundTruth(builtIn, {}), parametersSchema: parametersSchema(builtIn) }));
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => MetricType, { description: "Makes a metric. BAD_USER_INPUT lists every problem; CONFLICT (NAME_TAKEN) when the organization has one of that name." })
  createMetric(@Arg("input", () => CreateMetricInput, { description: "The metric." }) input: CreateMetricInput, @Ctx() context: Context): Promise<Metric> {
    return this.#metrics.createMetric(context.viewer, input);
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => MetricType, { description: "Makes a new version of a metric; runs that are queued or done keep theirs. Where nothing changes, the version stays." })
  updateMetric(@Arg("input", () => UpdateMetricInput, { description: "What to change." }) input: UpdateMetricInput, @Ctx() context: Context): Promise<Metric> {
    return this.#metrics.updateMetric(context.viewer, input.metric, input);
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => ID, { description: "Deletes a metric and takes it off test sets and behaviors; results that it scored keep it. Answers its id." })
  deleteMetric(@Arg("ref", () => EntityRefInput, { description: "Which metric." }) ref: EntityRefInput, @Ctx() context: Context): Promise<string> {
    return this.#metrics.deleteMetric(context.viewer, ref);
  }

  @FieldResolver(() => ModelType, { nullable: true, description: "The model that judges; null for metrics without one. A deleted model is still shown." })
  model(@Root() metric: Metric, @Ctx() { loaders }: Context): Promise<Model | null> | null {
    return metric.modelId === null ? null : loaders.endpoints.modelById.load(metric.modelId);
  }

  @FieldResolver(() => MetricVersionConnectionType, { description: "Its versions, newest first." })
  async versions(@Root() metric: Metric, @Args(() => PageArguments) args: PageArguments, @Ctx() { loaders }: Context): Promise<Connection<MetricVersion>> {
    const page = await loaders.metrics.versionsPage.load({ parentId: metric.id, args: pageArgs(args) });
    return toConnection(page, () => loaders.metrics.versionCount.load(metric.id));
  }
}

/** Who made a version. */
@Resolver(() => MetricVersionType)
export class MetricVersionResolver {
  @FieldResolver(() => UserType, { nullable: true, description: "Who made the version; null where no user did." })
  createdBy(@Root() version: MetricVersion, @Ctx() context: Context): Promise<User | null> | null {
    return version.createdById === null ? null : context.loaders.accounts.userById.load(version.createdById);
  }
}
