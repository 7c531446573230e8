import { Args, Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type { Experiment, ExperimentVersion } from "../experiments/index.js";
import { ExperimentType, ExperimentVersionType } from "../experiments/graphql.js";
import type { Connection, Context } from "../graphql/index.js";
import type { TestRun } from "./run.js";
import { TestRunsArguments } from "./run.inputs.js";
import { runsOf } from "./run-lists.resolver.js";
import { TestRunConnectionType, TestRunType } from "./run.type.js";

/** With which experiment a run was queued. */
@Resolver(() => TestRunType)
export class RunExperimentResolver {
  @FieldResolver(() => ExperimentType, { nullable: true, description: "The experiment whose parameters it runs with; null without one." })
  experiment(@Root() { experimentId }: TestRun, @Ctx() { loaders }: Context): Promise<Experiment | null> | null {
    return experimentId === null ? null : loaders.experiments.byId.load(experimentId);
  }

  @FieldResolver(() => ExperimentVersionType, { nullable: true, description: "The version of the experiment whose values are its parameters; null without an experiment." })
  experimentVersion(@Root() { experimentVersionId }: TestRun, @Ctx() { loaders }: Context): Promise<ExperimentVersion | null> | null {
    return experimentVersionId === null ? null : loaders.experiments.versionById.load(experimentVersionId);
  }
}

/** The runs of an experiment. */
@Resolver(() => ExperimentType)
export class ExperimentRunsResolver {
  @FieldResolver(() => TestRunConnectionType, { description: "The runs with a version of the experiment, whichever." })
  runs(@Root() experiment: Experiment, @Args(() => TestRunsArguments) args: TestRunsArguments, @Ctx() { loaders }: Context): Promise<Connection<TestRun>> {
    return runsOf(loaders.runs.ofExperiment, experiment.id, args);
  }
}
