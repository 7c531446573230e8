import { Arg, Args, Authorized, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import type { Project } from "../accounts/index.js";
import { ProjectType } from "../accounts/graphql.js";
import { NotFoundError } from "../errors.js";
import { type Connection, type Context, EntityRefInput, pageArgs, toConnection } from "../graphql/index.js";
import { Role } from "../viewer.js";
import type { Endpoint } from "./endpoint.js";
import { CreateEndpointInput, EndpointsArguments, UpdateEndpointInput } from "./endpoint.inputs.js";
import type { EndpointService } from "./endpoint.service.js";
import { EndpointConnectionType, EndpointType } from "./endpoint.type.js";

/** Whom tests are sent to. */
@Resolver(() => EndpointType)
export class EndpointResolver {
  readonly #endpoints: EndpointService;

  constructor(endpoints: EndpointService) {
    this.#endpoints = endpoints;
  }

  @Authorized(Role.VIEWER)
  @Query(() => EndpointType, { nullable: true, description: "The endpoint of the id (deleted ones included) or name; null when there is none." })
  endpoint(
    @Arg("ref", () => EntityRefInput, { description: "Which endpoint." }) ref: EntityRefInput,
    @Arg("projectId", () => ID, { nullable: true, description: "The project to look in; all of them where it is absent." }) projectId: string | null | undefined,
    @Ctx() context: Context,
  ): Promise<Endpoint | null> {
    return this.#endpoints.find(context.viewer, ref, projectId ?? null);
  }

  @Authorized(Role.VIEWER)
  @Query(() => EndpointConnectionType, { description: "Endpoints, newest first." })
  async endpoints(@Args(() => EndpointsArguments) args: EndpointsArguments, @Ctx() context: Context): Promise<Connection<Endpoint>> {
    const filter = { name: args.name ?? null, projectId: args.projectId ?? null, includeDeleted: args.includeDeleted };
    const { page, count } = await this.#endpoints.list(context.viewer, { filter, page: pageArgs(args) });
    return toConnection(page, count);
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => EndpointType, { description: "Makes an endpoint. Nothing is called yet: probeEndpoint does that." })
  createEndpoint(@Arg("input", () => CreateEndpointInput, { description: "The endpoint." }) input: CreateEndpointInput, @Ctx() context: Context): Promise<Endpoint> {
    return this.#endpoints.create(context.viewer, input);
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => EndpointType, { description: "Changes an endpoint. Runs that are under way keep the version that they began with, but read limits and credentials live." })
  updateEndpoint(@Arg("input", () => UpdateEndpointInput, { description: "Which endpoint, and what changes." }) input: UpdateEndpointInput, @Ctx() context: Context): Promise<Endpoint> {
    return this.#endpoints.update(context.viewer, input);
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => ID, { description: "Hides an endpoint and frees its name; its runs stay. Answers its id." })
  deleteEndpoint(@Arg("ref", () => EntityRefInput, { description: "Which endpoint." }) ref: EntityRefInput, @Ctx() context: Context): Promise<string> {
    return this.#endpoints.delete(context.viewer, ref);
  }

  @FieldResolver(() => ProjectType, { description: "The project that the endpoint is part of." })
  async project(@Root() endpoint: Endpoint, @Ctx() context: Context): Promise<Project> {
    const project = await context.loaders.accounts.projectById.load(endpoint.projectId);
    if (project === null) throw new NotFoundError("project", endpoint.projectId);
    return project;
  }
}
