import { downloadRoutes, runEventRoutes } from "../exports/http.js";
import type { PlainRoute } from "../http/index.js";
import { importRoutes } from "../test-sets/http.js";
import type { Services } from "./services.js";

/** What the rooms answer outside GraphQL. */
export function composeRoutes(services: Services): readonly PlainRoute[] {
  return [...importRoutes(services.importer, services.audit), ...downloadRoutes(services.exports, services.downloadLinks), ...runEventRoutes(services.runEvents)];
}
