import { Arg, Authorized, Ctx, ID, Mutation, Resolver } from "type-graphql";
import type { Context } from "../graphql/index.js";
import { Role } from "../viewer.js";
import type { TestRun } from "./run.js";
import type { RunDeletionService } from "./run-deletion.service.js";
import type { RunEditService } from "./run-edit.service.js";
import { UpdateTestRunInput } from "./run-operation.inputs.js";
import { TestRunType } from "./run.type.js";

/** Changes what is noted about runs, and deletes them. */
@Resolver()
export class RunEditResolver {
  readonly #edits: RunEditService;
  readonly #deletions: RunDeletionService;

  constructor(edits: RunEditService, deletions: RunDeletionService) {
    this.#edits = edits;
    this.#deletions = deletions;
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => TestRunType, { description: "Changes a run's name, tags, attributes, assignee or owner, also while it goes on. How it is executed never changes." })
  updateTestRun(@Arg("input", () => UpdateTestRunInput, { description: "Which run, and what changes of it." }) input: UpdateTestRunInput, @Ctx() context: Context): Promise<TestRun> {
    return this.#edits.update(context.viewer, input);
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => ID, { description: "Deletes a run that has ended, with its results and reviews, and answers its id. Re-scores of it keep their outputs. While an evaluation run has it: FAILED_PRECONDITION (IN_USE)." })
  deleteTestRun(@Arg("id", () => ID, { description: "The run's id." }) id: string, @Ctx() context: Context): Promise<string> {
    return this.#deletions.delete(context.viewer, id);
  }
}
