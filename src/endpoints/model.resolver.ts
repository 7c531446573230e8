import { Arg, Args, Authorized, Ctx, ID, Mutation, Query, Resolver } from "type-graphql";
import { type Connection, type Context, EntityRefInput, pageArgs, toConnection } from "../graphql/index.js";
import { Role } from "../viewer.js";
import type { Model } from "./model.js";
import { CreateModelInput, ModelsArguments, UpdateModelInput } from "./model.inputs.js";
import type { ModelService } from "./model.service.js";
import { ModelConnectionType, ModelType } from "./model.type.js";

/** The models that judge or play the user. */
@Resolver(() => ModelType)
export class ModelResolver {
  readonly #models: ModelService;

  constructor(models: ModelService) {
    this.#models = models;
  }

  @Authorized(Role.VIEWER)
  @Query(() => ModelConnectionType, { description: "Models, newest first." })
  async models(@Args(() => ModelsArguments) args: ModelsArguments, @Ctx() context: Context): Promise<Connection<Model>> {
    const { page, count } = await this.#models.list(context.viewer, { name: args.name ?? null, page: pageArgs(args) });
    return toConnection(page, count);
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => ModelType, { description: "Adds a model. Nothing is called yet." })
  createModel(@Arg("input", () => CreateModelInput, { description: "The model." }) input: CreateModelInput, @Ctx() context: Context): Promise<Model> {
    return this.#models.create(context.viewer, input);
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => ModelType, { description: "Changes a model." })
  updateModel(@Arg("input", () => UpdateModelInput, { description: "Which model, and what changes." }) input: UpdateModelInput, @Ctx() context: Context): Promise<Model> {
    return this.#models.update(context.viewer, input);
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => ID, { description: "Hides a model and frees its name; metrics that use it keep showing it. Answers its id." })
  deleteModel(@Arg("ref", () => EntityRefInput, { description: "Which model." }) ref: EntityRefInput, @Ctx() context: Context): Promise<string> {
    return this.#models.delete(context.viewer, ref);
  }
}
