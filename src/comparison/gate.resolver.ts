import { Arg, Ctx, Extensions, FieldResolver, Resolver, Root } from "type-graphql";
import type { Context } from "../graphql/index.js";
import type { TestRun } from "../runs/index.js";
import { TestRunType } from "../runs/graphql.js";
import type { GateResult } from "./gate.js";
import { GatePolicyInput } from "./gate.inputs.js";
import type { GateService } from "./gate.service.js";
import { GateResultType } from "./gate.type.js";

/** Whether runs meet policies. */
@Resolver(() => TestRunType)
export class GateResolver {
  readonly #gates: GateService;

  constructor(gates: GateService) {
    this.#gates = gates;
  }

  /** A policy is held against one run at a time: its price keeps lists of runs short. */
  @Extensions({ complexity: 1_000, forbiddenInSubscription: true })
  @FieldResolver(() => GateResultType, { nullable: true, description: "Whether the run meets a policy: for continuous integration. A run that is not finished is FAILED_PRECONDITION (RUN_NOT_FINISHED)." })
  gate(@Root() run: TestRun, @Arg("policy", () => GatePolicyInput, { description: "What it must meet." }) policy: GatePolicyInput, @Ctx() { viewer }: Context): Promise<GateResult> {
    return this.#gates.judge(viewer, run, policy);
  }
}
