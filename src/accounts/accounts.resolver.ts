import { Authorized, Ctx, FieldResolver, Query, Resolver, Root } from "type-graphql";
import { NotFoundError } from "../errors.js";
import type { Context } from "../graphql/index.js";
import { Role, type Viewer } from "../viewer.js";
import type { Organization, Project, User } from "./account.js";
import { OrganizationType, ProjectType, UserType, ViewerType } from "./accounts.type.js";

/** The organization's default project. */
@Resolver(() => OrganizationType)
export class OrganizationResolver {
  @FieldResolver(() => ProjectType, { description: "The project that things are made in when none is named." })
  async defaultProject(@Root() organization: Organization, @Ctx() context: Context): Promise<Project> {
    const project = await context.loaders.accounts.projectById.load(organization.defaultProjectId);
    if (project === null) throw new NotFoundError("project", organization.defaultProjectId);
    return project;
  }
}

/** Who is asking. */
@Resolver(() => ViewerType)
export class ViewerResolver {
  @Authorized(Role.VIEWER)
  @Query(() => ViewerType, { description: "Who is asking: the user and organization of the token." })
  viewer(@Ctx() context: Context): Viewer {
    return context.viewer;
  }

  @FieldResolver(() => UserType, { description: "The user whose token it is." })
  async user(@Root() viewer: Viewer, @Ctx() context: Context): Promise<User> {
    const user = await context.loaders.accounts.userById.load(viewer.userId);
    if (user === null) throw new NotFoundError("user", viewer.userId);
    return user;
  }

  @FieldResolver(() => OrganizationType, { description: "The organization whose things the viewer sees." })
  async organization(@Root() viewer: Viewer, @Ctx() context: Context): Promise<Organization> {
    const organization = await context.loaders.accounts.organizationById.load(viewer.organizationId);
    if (organization === null) throw new NotFoundError("organization", viewer.organizationId);
    return organization;
  }
}
