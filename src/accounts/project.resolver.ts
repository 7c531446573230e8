import { Arg, Args, Authorized, Ctx, Mutation, Query, Resolver } from "type-graphql";
import { type Connection, type Context, pageArgs, toConnection } from "../graphql/index.js";
import { Role } from "../viewer.js";
import type { Project } from "./account.js";
import { CreateProjectInput, ProjectsArguments, UpdateProjectInput } from "./accounts.inputs.js";
import { ProjectConnectionType, ProjectType } from "./accounts.type.js";
import type { ProjectService } from "./project.service.js";

/** The organization's projects. */
@Resolver()
export class ProjectResolver {
  readonly #projects: ProjectService;

  constructor(projects: ProjectService) {
    this.#projects = projects;
  }

  @Authorized(Role.VIEWER)
  @Query(() => ProjectConnectionType, { description: "The organization's projects, newest first." })
  async projects(@Args(() => ProjectsArguments) args: ProjectsArguments, @Ctx() { viewer }: Context): Promise<Connection<Project>> {
    const name = args.name ?? null;
    return toConnection(await this.#projects.list(viewer, { name, page: pageArgs(args) }), () => this.#projects.count(viewer, name));
  }

  @Authorized(Role.ADMIN)
  @Mutation(() => ProjectType, { description: "Makes a project. A name that is taken is CONFLICT (NAME_TAKEN)." })
  createProject(@Arg("input", () => CreateProjectInput, { description: "The project." }) input: CreateProjectInput, @Ctx() { viewer }: Context): Promise<Project> {
    return this.#projects.create(viewer, { name: input.name, description: input.description ?? null });
  }

  @Authorized(Role.ADMIN)
  @Mutation(() => ProjectType, { description: "Changes a project. A name that is taken is CONFLICT (NAME_TAKEN)." })
  updateProject(@Arg("input", () => UpdateProjectInput, { description: "The change." }) input: UpdateProjectInput, @Ctx() { viewer }: Context): Promise<Project> {
    return this.#projects.update(viewer, { id: input.id, name: input.name, description: input.description });
  }
}
