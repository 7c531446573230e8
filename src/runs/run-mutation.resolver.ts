import { Arg, Authorized, ID, Ctx, Mutation, Resolver } from "type-graphql";
import type { Context } from "../graphql/index.js";
import { Role } from "../viewer.js";
import type { TestRun } from "./run.js";
import type { RunControlService } from "./run-control.service.js";
import { ExecuteTestSetInput, toExecution } from "./run-mutation.inputs.js";
import type { RunService } from "./run.service.js";
import { TestRunType } from "./run.type.js";

/** Starts runs and changes their course. */
@Resolver()
export class RunMutationResolver {
  readonly #runs: RunService;
  readonly #control: RunControlService;

  constructor(runs: RunService, control: RunControlService) {
    this.#runs = runs;
    this.#control = control;
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => TestRunType, { description: "Queues a run of a test set, or of those of its tests that match, against an endpoint, and answers it at once." })
  executeTestSet(@Arg("input", () => ExecuteTestSetInput, { description: "What to execute, and how." }) input: ExecuteTestSetInput, @Ctx() context: Context): Promise<TestRun> {
    return this.#runs.execute(context.viewer, toExecution(input));
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => TestRunType, {
    description: "Cancels a run: no new call starts, calls in flight are aborted, finished results stay, the rest becomes CANCELLED. A run that is cancelled already is answered as it is.",
  })
  cancelTestRun(@Arg("id", () => ID, { description: "The run's id." }) id: string, @Ctx() context: Context): Promise<TestRun> {
    return this.#control.cancel(context.viewer, id);
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => TestRunType, { description: "Pauses a run: no new call starts, calls in flight end by themselves. A run that is paused already is answered as it is." })
  pauseTestRun(@Arg("id", () => ID, { description: "The run's id." }) id: string, @Ctx() context: Context): Promise<TestRun> {
    return this.#control.pause(context.viewer, id);
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => TestRunType, { description: "Goes on with a paused run where it was. A run that goes on already is answered as it is." })
  resumeTestRun(@Arg("id", () => ID, { description: "The run's id." }) id: string, @Ctx() context: Context): Promise<TestRun> {
    return this.#control.resume(context.viewer, id);
  }
}
