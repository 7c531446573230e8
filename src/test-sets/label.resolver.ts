import { Arg, Args, Authorized, Ctx, Mutation, Query, Resolver } from "type-graphql";
import { type Connection, type Context, pageArgs, toConnection } from "../graphql/index.js";
import { Role } from "../viewer.js";
import type { Label, LabelKind } from "./label.js";
import { CreateBehaviorInput, LabelsArguments, UpdateBehaviorInput } from "./label.inputs.js";
import type { LabelService } from "./label.service.js";
import { BehaviorConnectionType, BehaviorType, CategoryConnectionType, TopicConnectionType, UseCaseConnectionType } from "./label.type.js";

/** Behaviors, categories, topics and use cases. */
@Resolver()
export class LabelResolver {
  readonly #labels: LabelService;

  constructor(labels: LabelService) {
    this.#labels = labels;
  }

  @Authorized(Role.VIEWER)
  @Query(() => BehaviorConnectionType, { description: "The behaviors, newest first." })
  behaviors(@Args(() => LabelsArguments) args: LabelsArguments, @Ctx() context: Context): Promise<Connection<Label>> {
    return this.#list("behavior", args, context);
  }

  @Authorized(Role.VIEWER)
  @Query(() => CategoryConnectionType, { description: "The categories, newest first." })
  categories(@Args(() => LabelsArguments) args: LabelsArguments, @Ctx() context: Context): Promise<Connection<Label>> {
    return this.#list("category", args, context);
  }

  @Authorized(Role.VIEWER)
  @Query(() => TopicConnectionType, { description: "The topics, newest first." })
  topics(@Args(() => LabelsArguments) args: LabelsArguments, @Ctx() context: Context): Promise<Connection<Label>> {
    return this.#list("topic", args, context);
  }

  @Authorized(Role.VIEWER)
  @Query(() => UseCaseConnectionType, { description: "The use cases, newest first." })
  useCases(@Args(() => LabelsArguments) args: LabelsArguments, @Ctx() context: Context): Promise<Connection<Label>> {
    return this.#list("useCase", args, context);
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => BehaviorType, { description: "Makes a behavior; tests make theirs by naming them, too." })
  createBehavior(@Arg("input", () => CreateBehaviorInput, { description: "The behavior." }) input: CreateBehaviorInput, @Ctx() context: Context): Promise<Label> {
    const { name, description = null, metrics } = input;
    return this.#labels.createBehavior(context.viewer, { name, description, metrics: metrics ?? [] });
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => BehaviorType, { description: "Changes a behavior; its tests keep it." })
  updateBehavior(@Arg("input", () => UpdateBehaviorInput, { description: "Which behavior, and what changes." }) input: UpdateBehaviorInput, @Ctx() context: Context): Promise<Label> {
    const { behavior, name, description } = input;
    return this.#labels.updateBehavior(context.viewer, behavior, { name, description });
  }

  async #list(kind: LabelKind, args: LabelsArguments, { viewer }: Context): Promise<Connection<Label>> {
    const name = args.name ?? null;
    return toConnection(await this.#labels.listLabels(viewer, kind, { name, page: pageArgs(args) }), () => this.#labels.countLabels(viewer, kind, name));
  }
}
