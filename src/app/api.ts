import type { Db } from "../db/index.js";
import { type GatewayServer, metricsRoute, startGatewayServer, type ServerSettings } from "../http/index.js";
import type { Logger } from "../log.js";
import type { Telemetry } from "../observability/index.js";
import type { WatchRun, WatchRuns } from "../runs/index.js";
import { createLoaders } from "./loaders.js";
import { composeResolvers } from "./resolvers.js";
import { composeRoutes } from "./routes.js";
import { createSchema } from "./schema.js";
import type { Services } from "./services.js";

/** Starts the doors: GraphQL over HTTP and WebSockets, the rooms' plain routes, the playground. */
export function startApi(deps: { db: Db; services: Services; log: Logger; isReady: () => Promise<boolean>; settings: ServerSettings; telemetry: Telemetry; metricsToken: string | null }): Promise<GatewayServer> {
  const { db, services, telemetry } = deps;
  return startGatewayServer({
    schema: createSchema(composeResolvers(services), services.audit),
    authenticate: (secret) => services.accounts.authenticate(secret),
    createContext: ({ caching, ...args }) => ({ ...args, loaders: createLoaders(db, args.viewer, { cache: caching }, services), watch: { run: (run: WatchRun) => services.runEvents.watch(args.viewer, run), runs: (runs: WatchRuns) => services.runsChanged.watch(args.viewer, runs), evaluationRun: (id: string) => services.evaluationRuns.watch(args.viewer, id) } }),
    routes: [...composeRoutes(services), metricsRoute({ registry: telemetry.registry, token: deps.metricsToken })],
    isReady: deps.isReady,
    settings: deps.settings,
    log: deps.log,
    telemetry,
  });
}
