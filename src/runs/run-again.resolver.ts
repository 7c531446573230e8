import { Arg, Authorized, Ctx, ID, Mutation, Resolver } from "type-graphql";
import type { Context } from "../graphql/index.js";
import { Role } from "../viewer.js";
import type { TestRun } from "./run.js";
import type { RerunService } from "./rerun.service.js";
import type { RescoreService } from "./rescore.service.js";
import type { RetryService } from "./retry.service.js";
import { RerunTestRunInput, RescoreInput } from "./run-operation.inputs.js";
import { TestRunType } from "./run.type.js";

/** Runs that come of runs, and runs that go on. */
@Resolver()
export class RunAgainResolver {
  readonly #rescores: RescoreService;
  readonly #reruns: RerunService;
  readonly #retries: RetryService;

  constructor(rescores: RescoreService, reruns: RerunService, retries: RetryService) {
    this.#rescores = rescores;
    this.#reruns = reruns;
    this.#retries = retries;
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => TestRunType, { description: "Scores the outputs of a run again, as a run of its own. No endpoint is called and no output is copied; a result whose source has no output ends in ERROR (NO_OUTPUT)." })
  rescore(@Arg("input", () => RescoreInput, { description: "What to score again, and by what." }) input: RescoreInput, @Ctx() context: Context): Promise<TestRun> {
    const { testSet, endpoint, run, currentTests, metrics, name, idempotencyKey } = input;
    const args = { testSet: testSet ?? null, endpoint: endpoint ?? null, run: run ?? null, currentTests, metrics: metrics ?? null, name: name ?? null, idempotencyKey: idempotencyKey ?? null };
    return this.#rescores.rescore(context.viewer, args);
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => TestRunType, { description: "Runs a run again, as a new run: over what its references name now, or exactly as it was. A RESCORE is scored again." })
  rerunTestRun(@Arg("input", () => RerunTestRunInput, { description: "Which run, and how exactly." }) input: RerunTestRunInput, @Ctx() context: Context): Promise<TestRun> {
    const { runId, pin, name, idempotencyKey } = input;
    return this.#reruns.rerun(context.viewer, { runId, pin, name: name ?? null, idempotencyKey: idempotencyKey ?? null });
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => TestRunType, { description: "Runs again what ended in ERROR or was cancelled, in the same run: what has an output is only scored again, the rest is called. Earlier attempts are kept. Nothing of the kind: FAILED_PRECONDITION (NOTHING_TO_RETRY)." })
  retryTestRun(@Arg("id", () => ID, { description: "The run's id." }) id: string, @Ctx() context: Context): Promise<TestRun> {
    return this.#retries.retry(context.viewer, id);
  }
}
