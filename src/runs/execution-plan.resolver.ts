import { Arg, Authorized, Ctx, Query, Resolver } from "type-graphql";
import type { Context } from "../graphql/index.js";
import { Role } from "../viewer.js";
import type { ExecutionPlan } from "./execution-plan.js";
import type { ExecutionPlanService } from "./execution-plan.service.js";
import { ExecutionPlanType } from "./execution-plan.type.js";
import { ExecuteTestSetInput, toExecution } from "./run-mutation.inputs.js";

/** What an execution would come to. */
@Resolver()
export class ExecutionPlanResolver {
  readonly #plans: ExecutionPlanService;

  constructor(plans: ExecutionPlanService) {
    this.#plans = plans;
  }

  @Authorized(Role.VIEWER)
  @Query(() => ExecutionPlanType, { nullable: true, description: "What executeTestSet would do with the same input, before anything is spent; null when the set or the endpoint is not there. It changes nothing." })
  planTestSet(@Arg("input", () => ExecuteTestSetInput, { description: "What would be executed, and how." }) input: ExecuteTestSetInput, @Ctx() context: Context): Promise<ExecutionPlan | null> {
    return this.#plans.plan(context.viewer, toExecution(input));
  }
}
