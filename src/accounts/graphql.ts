import type { NodeSource } from "../graphql/index.js";
import { IdKind } from "../ids.js";
import { OrganizationResolver, ViewerResolver } from "./accounts.resolver.js";

export { OrganizationType, ProjectType, UserType, ViewerType } from "./accounts.type.js";
export { OrganizationResolver, ViewerResolver };

/** How `node` finds what this room holds. */
export const accountsNodes: readonly NodeSource[] = [
  { kind: IdKind.ORGANIZATION, typename: "Organization", load: (loaders, id) => loaders.accounts.organizationById.load(id) },
  { kind: IdKind.PROJECT, typename: "Project", load: (loaders, id) => loaders.accounts.projectById.load(id) },
  { kind: IdKind.USER, typename: "User", load: (loaders, id) => loaders.accounts.userById.load(id) },
];
