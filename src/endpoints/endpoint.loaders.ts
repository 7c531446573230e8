import type DataLoader from "dataloader";
import { type Db, type LoaderOptions, oneByKey } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { Endpoint, EndpointVersion } from "./endpoint.js";
import { findEndpointsByIds, findEndpointVersionsByIds } from "./endpoint.repository.js";
import type { Model } from "./model.js";
import { findModelsByIds } from "./model.repository.js";

export interface EndpointLoaders {
  readonly byId: DataLoader<string, Endpoint | null>;
  readonly versionById: DataLoader<string, EndpointVersion | null>;
  readonly modelById: DataLoader<string, Model | null>;
}

/** The loaders of one viewer over endpoints and models. */
export function createEndpointLoaders(db: Db, scope: Scope, options: LoaderOptions): EndpointLoaders {
  return {
    byId: oneByKey(options, (ids) => findEndpointsByIds(db, scope, ids), (row) => row.id),
    versionById: oneByKey(options, (ids) => findEndpointVersionsByIds(db, scope, ids), (row) => row.id),
    modelById: oneByKey(options, (ids) => findModelsByIds(db, scope, ids), (row) => row.id),
  };
}

declare module "../graphql/context.js" {
  interface Loaders {
    endpoints: EndpointLoaders;
  }
}
