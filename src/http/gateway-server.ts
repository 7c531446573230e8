import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { GraphQLSchema } from "graphql";
import type { Logger } from "../log.js";
import { silentTelemetry, type Telemetry } from "../observability/index.js";
import type { Authenticate } from "./authorization.js";
import { Drain } from "./drain.js";
import { GraphQLRoute } from "./graphql-route.js";
import { HttpMetrics } from "./http-metrics.js";
import { DEFAULT_TUNING, type Tuning } from "./limits.js";
import { graphqlUrl, listen } from "./listen.js";
import { OperationCheck } from "./operation-check.js";
import { type CreateContext, withFreshLoaders } from "./operation-context.js";
import type { PlainRoute } from "./plain-route.js";
import { PlaygroundFiles } from "./playground-files.js";
import { RequestDoor } from "./request-door.js";
import { SocketDoor } from "./socket-door.js";
import { SocketOperations } from "./socket-operations.js";

/** A caller on a slow line may take this long to send an import. */
const WHOLE_REQUEST_MS = 15 * 60_000;
/** Longer than balancers keep connections, so that none of them is closed while a request is on its way. */
const KEEP_ALIVE_MS = 65_000;

/** Where and how the gateway serves. */
export interface ServerSettings {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly corsOrigins: readonly string[];
  readonly playground: boolean;
  readonly introspection: boolean;
  /** The built explorer's files, or null. */
  readonly playgroundDir: string | null;
}

/** What the server is made of. */
export interface ServerDeps {
  /** Its mutation fields are changed in place, see `withFreshLoaders`. */
  readonly schema: GraphQLSchema;
  readonly authenticate: Authenticate;
  readonly createContext: CreateContext;
  readonly routes: readonly PlainRoute[];
  /** Whether the database is reachable and migrated. */
  readonly isReady: () => Promise<boolean>;
  readonly settings: ServerSettings;
  readonly log: Logger;
  /** Where requests, sockets and subscriptions are counted and traced; nowhere when absent. */
  readonly telemetry?: Telemetry;
  /** For tests. */
  readonly tuning?: Partial<Tuning>;
}

/** A server that listens. */
export interface GatewayServer {
  /** Of the GraphQL endpoint, such as http://127.0.0.1:4000/graphql, with the real port. */
  readonly url: string;
  readonly port: number;
  /** Stops taking work, lets what runs finish for up to `graceMs`, then cuts what is left. Safe to repeat. */
  close(graceMs: number): Promise<void>;
}

/** Starts the gateway's HTTP and WebSocket server. Throws a ListenError when it cannot listen there. */
export async function startGatewayServer(deps: ServerDeps): Promise<GatewayServer> {
  const { settings, log, authenticate, createContext, telemetry = silentTelemetry() } = deps;
  const tuning = { ...DEFAULT_TUNING, ...deps.tuning };
  const schema = withFreshLoaders(deps.schema);
  const check = new OperationCheck(schema, { introspection: settings.introspection });
  const operations = { schema, createContext, check, timeoutMs: tuning.requestTimeoutMs };
  const graphql = new GraphQLRoute({ ...operations, log });
  const observed = { metrics: new HttpMetrics(telemetry.registry), tracer: telemetry.tracer };
  const sockets = new SocketDoor({ operations: new SocketOperations({ ...operations, ...observed }), authenticate, corsOrigins: settings.corsOrigins, tuning, log, ...observed });
  const draining = new AbortController();
  const playground = await PlaygroundFiles.open(settings.playground ? settings.playgroundDir : null);
  const { requestsInFlight } = tuning;
  const door = new RequestDoor({ graphql, playground, authenticate, routes: deps.routes, isReady: deps.isReady, corsOrigins: settings.corsOrigins, draining: draining.signal, requestsInFlight, log, ...observed });
  const server = makeHttpServer((incoming, outgoing) => void door.handle(incoming, outgoing));
  server.on("upgrade", (request, socket, head) => sockets.upgrade(request, socket, head, draining.signal.aborted));
  await graphql.start();
  try {
    const port = await listen(server, settings.host, settings.port);
    const drain = new Drain({ server, sockets, draining, stopGraphQL: () => graphql.stop() });
    return { url: graphqlUrl(settings.host, port), port, close: (graceMs) => drain.run(graceMs) };
  } catch (error) {
    await sockets.closeAll();
    await graphql.stop();
    throw error;
  }
}

function makeHttpServer(handle: (incoming: IncomingMessage, outgoing: ServerResponse) => void): Server {
  // Some clients ask every server whether it speaks HTTP/2: only WebSockets are upgrades here.
  const shouldUpgradeCallback = (request: IncomingMessage): boolean => request.headers.upgrade?.toLowerCase() === "websocket";
  const server = createServer({ requestTimeout: WHOLE_REQUEST_MS, keepAliveTimeout: KEEP_ALIVE_MS, shouldUpgradeCallback }, handle);
  server.on("clientError", (_error, socket) => {
    // What cannot even be parsed has no request id and gets no body.
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    else socket.destroy();
  });
  return server;
}
