import type { ClassType } from "type-graphql";
import { accountsNodes, OrganizationResolver, ViewerResolver } from "../accounts/graphql.js";
import { NodeRegistry } from "../graphql/index.js";
import { NodeResolver } from "./node.resolver.js";
import type { Services } from "./services.js";

/** Every resolver class with its instance. A class that is forgotten here is not in the schema. */
export function composeResolvers(services: Services): ReadonlyMap<ClassType, object> {
  void services;
  const nodes = new NodeRegistry([...accountsNodes]);
  return new Map<ClassType, object>([
    [NodeResolver as unknown as ClassType, new NodeResolver(nodes)], // ClassType wants a constructor without arguments
    [OrganizationResolver, new OrganizationResolver()],
    [ViewerResolver, new ViewerResolver()],
  ]);
}
