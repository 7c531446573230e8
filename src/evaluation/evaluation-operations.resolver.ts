import { Arg, Args, Authorized, Ctx, ID, Mutation, Query, Resolver, Root, Subscription } from "type-graphql";
import { type Connection, type Context, pageArgs, toConnection } from "../graphql/index.js";
import { Role } from "../viewer.js";
import { EvaluationRunsArguments, RunEvaluationTestCaseInput } from "./evaluation.inputs.js";
import type { EvaluationRun } from "./evaluation-run.js";
import type { EvaluationRunService } from "./evaluation-run.service.js";
import { EvaluationRunConnectionType, EvaluationRunType } from "./evaluation-run.type.js";

declare module "../graphql/context.js" {
  interface Watch {
    /** The states of an evaluation run; NOT_FOUND. */
    evaluationRun(id: string): Promise<AsyncIterableIterator<EvaluationRun>>;
  }
}

/** Starts, finds, watches and cancels evaluation runs. */
@Resolver()
export class EvaluationOperationsResolver {
  readonly #runs: EvaluationRunService;

  constructor(runs: EvaluationRunService) {
    this.#runs = runs;
  }

  @Authorized(Role.VIEWER)
  @Query(() => EvaluationRunType, { nullable: true, description: "The evaluation run of the id; null when there is none." })
  evaluationRun(@Arg("id", () => ID, { description: "The evaluation run's id." }) id: string, @Ctx() { viewer }: Context): Promise<EvaluationRun | null> {
    return this.#runs.find(viewer, id);
  }

  @Authorized(Role.VIEWER)
  @Query(() => EvaluationRunConnectionType, { description: "Evaluation runs, newest first." })
  async evaluationRuns(@Args(() => EvaluationRunsArguments) args: EvaluationRunsArguments, @Ctx() { viewer }: Context): Promise<Connection<EvaluationRun>> {
    const filter = { testCaseId: args.testCaseId ?? null, testCaseVersion: args.testCaseVersion ?? null, endpointId: args.endpointId ?? null, status: args.status ?? null };
    return toConnection(await this.#runs.list(viewer, { filter, page: pageArgs(args) }), () => this.#runs.count(viewer, filter));
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => [EvaluationRunType], { description: "Queues one run of an evaluation test case for each agent, in their order: all of them or none." })
  runEvaluationTestCase(@Arg("input", () => RunEvaluationTestCaseInput, { description: "What to run, against which agents." }) input: RunEvaluationTestCaseInput, @Ctx() { viewer }: Context): Promise<EvaluationRun[]> {
    return this.#runs.run(viewer, {
      testCase: input.testCase,
      version: input.version ?? null,
      endpoints: input.endpoints,
      runName: input.runName ?? null,
      mode: input.mode,
      trials: input.trials,
      idempotencyKey: input.idempotencyKey ?? null,
    });
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => EvaluationRunType, { description: "Cancels an evaluation run with its test run. One that has ended is FAILED_PRECONDITION (RUN_FINISHED)." })
  cancelEvaluationRun(@Arg("id", () => ID, { description: "The evaluation run's id." }) id: string, @Ctx() { viewer }: Context): Promise<EvaluationRun> {
    return this.#runs.cancel(viewer, id);
  }

  @Authorized(Role.VIEWER)
  @Subscription(() => EvaluationRunType, {
    description: "The present state of an evaluation run, then every change of status or progress, completing with the terminal one. NOT_FOUND for an unknown run.",
    subscribe: ({ args, context }: { args: { id: string }; context: Context }) => context.watch.evaluationRun(args.id),
  })
  evaluationRunStatus(@Root() run: EvaluationRun, @Arg("id", () => ID, { description: "The evaluation run's id." }) _id: string): EvaluationRun {
    return run;
  }
}
