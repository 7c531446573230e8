import type { NodeSource } from "../graphql/index.js";
import { IdKind } from "../ids.js";

export { EndpointLimitsInput } from "./endpoint.inputs.js";
export { EndpointResolver } from "./endpoint.resolver.js";
export { EndpointConnectionType, EndpointLimitsType, EndpointType } from "./endpoint.type.js";
export { ModelResolver } from "./model.resolver.js";
export { ModelConnectionType, ModelType } from "./model.type.js";

/** How `node` finds what this room holds. */
export const endpointNodes: readonly NodeSource[] = [
  { kind: IdKind.ENDPOINT, typename: "Endpoint", load: (loaders, id) => loaders.endpoints.byId.load(id) },
  { kind: IdKind.MODEL, typename: "Model", load: (loaders, id) => loaders.endpoints.modelById.load(id) },
];
