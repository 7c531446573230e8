import { Arg, Args, Authorized, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from "type-graphql";
import { ProjectType, UserType } from "../accounts/graphql.js";
import type { Project, User } from "../accounts/index.js";
import { NotFoundError } from "../errors.js";
import { type Connection, type Context, EntityRefInput, pageArgs, PageArguments, toConnection } from "../graphql/index.js";
import { Role } from "../viewer.js";
import type { Experiment, ExperimentVersion } from "./experiment.js";
import { CommitExperimentInput, ExperimentsArguments, PublishExperimentInput } from "./experiment.inputs.js";
import type { ExperimentService } from "./experiment.service.js";
import { ExperimentConnectionType, ExperimentType, ExperimentVersionConnectionType, ExperimentVersionType } from "./experiment.type.js";

/** Experiments, with what they refer to. */
@Resolver(() => ExperimentType)
export class ExperimentResolver {
  readonly #experiments: ExperimentService;

  constructor(experiments: ExperimentService) {
    this.#experiments = experiments;
  }

  @Authorized(Role.VIEWER)
  @Query(() => ExperimentType, { nullable: true, description: "The experiment of the id or name; null when there is none. A name that several projects have is CONFLICT (AMBIGUOUS_NAME)." })
  experiment(
    @Arg("ref", () => EntityRefInput, { description: "Which experiment." }) ref: EntityRefInput,
    @Arg("projectId", () => ID, { nullable: true, description: "Only in this project." }) projectId: string | null | undefined,
    @Ctx() { viewer }: Context,
  ): Promise<Experiment | null> {
    return this.#experiments.find(viewer, ref, projectId ?? null);
  }

  @Authorized(Role.VIEWER)
  @Query(() => ExperimentConnectionType, { description: "Experiments, newest first." })
  async experiments(@Args(() => ExperimentsArguments) args: ExperimentsArguments, @Ctx() { viewer }: Context): Promise<Connection<Experiment>> {
    const filter = { name: args.name ?? null, projectId: args.projectId ?? null };
    return toConnection(await this.#experiments.list(viewer, { filter, page: pageArgs(args) }), () => this.#experiments.count(viewer, filter));
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => ExperimentType, { description: "Makes an experiment with its version 1; on an existing name, commits a version with exactly these values." })
  publishExperiment(@Arg("input", () => PublishExperimentInput, { description: "The experiment." }) input: PublishExperimentInput, @Ctx() { viewer }: Context): Promise<Experiment> {
    return this.#experiments.publish(viewer, { name: input.name, description: input.description, projectId: input.projectId ?? null, values: input.values, message: input.message ?? null });
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => ExperimentVersionType, { description: "Commits a version of an experiment. The values of the latest version give that version." })
  commitExperiment(@Arg("input", () => CommitExperimentInput, { description: "The version." }) input: CommitExperimentInput, @Ctx() { viewer }: Context): Promise<ExperimentVersion> {
    return this.#experiments.commit(viewer, { experiment: input.experiment, values: input.values, replace: input.replace, message: input.message ?? null });
  }

  @FieldResolver(() => ProjectType, { description: "The project that it belongs to." })
  async project(@Root() { projectId }: Experiment, @Ctx() { loaders }: Context): Promise<Project> {
    const project = await loaders.accounts.projectById.load(projectId);
    if (project === null) throw new NotFoundError("project", projectId);
    return project;
  }

  @FieldResolver(() => ExperimentVersionType, { nullable: true, description: "Its newest version." })
  latestVersion(@Root() experiment: Experiment, @Ctx() { loaders }: Context): Promise<ExperimentVersion | null> {
    return loaders.experiments.latestVersion.load(experiment.id);
  }

  @FieldResolver(() => ExperimentVersionType, { nullable: true, description: "The version of a number; null when there is none." })
  version(@Root() experiment: Experiment, @Arg("number", () => Int, { description: "The version's number, from 1." }) number: number, @Ctx() { loaders }: Context): Promise<ExperimentVersion | null> {
    return loaders.experiments.versionByNumber.load({ parentId: experiment.id, args: { number } });
  }

  @FieldResolver(() => ExperimentVersionConnectionType, { description: "Its versions, newest first." })
  async versions(@Root() experiment: Experiment, @Args(() => PageArguments) args: PageArguments, @Ctx() { loaders }: Context): Promise<Connection<ExperimentVersion>> {
    const page = await loaders.experiments.versionsPage.load({ parentId: experiment.id, args: pageArgs(args) });
    return toConnection(page, () => loaders.experiments.versionCount.load(experiment.id));
  }
}

/** Versions of experiments, with what they refer to. */
@Resolver(() => ExperimentVersionType)
export class ExperimentVersionResolver {
  @FieldResolver(() => ExperimentType, { description: "The experiment that it is a version of." })
  async experiment(@Root() { experimentId }: ExperimentVersion, @Ctx() { loaders }: Context): Promise<Experiment> {
    const experiment = await loaders.experiments.byId.load(experimentId);
    if (experiment === null) throw new NotFoundError("experiment", experimentId);
    return experiment;
  }

  @FieldResolver(() => UserType, { nullable: true, description: "Who committed it; null where no user did." })
  createdBy(@Root() { createdById }: ExperimentVersion, @Ctx() { loaders }: Context): Promise<User | null> | null {
    return createdById === null ? null : loaders.accounts.userById.load(createdById);
  }
}
