import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "../log.js";
import type { Tracer } from "../observability/index.js";
import { type Authenticate, authenticateRequest } from "./authorization.js";
import { answerOptions, setCorsHeaders } from "./cors.js";
import { sendError } from "./error-answer.js";
import { Exchange } from "./exchange.js";
import { doorError } from "./graphql-errors.js";
import type { GraphQLRoute } from "./graphql-route.js";
import { Health } from "./health.js";
import { type HttpMetrics, routeLabel } from "./http-metrics.js";
import { matchRoutes, type PlainRoute, runRoute } from "./plain-route.js";
import type { PlaygroundFiles } from "./playground-files.js";
import { CallerGone, RefusedRequest } from "./request-body.js";

const PROBES: ReadonlySet<string> = new Set(["/healthz", "/readyz", "/metrics"]);

/** The rooms' routes and the door's own, in one list of paths. */
interface Destination {
  /** The path's pattern, for metrics and traces. */
  readonly route: string;
  readonly methods: readonly string[];
  run(exchange: Exchange): Promise<void>;
}

/** Every HTTP request comes through here: request id, CORS, path and method, token, answer or error. */
export class RequestDoor {
  readonly #graphql: GraphQLRoute;
  readonly #playground: PlaygroundFiles | null;
  readonly #authenticate: Authenticate;
  readonly #routes: readonly PlainRoute[];
  readonly #corsOrigins: readonly string[];
  readonly #draining: AbortSignal;
  readonly #health: Health;
  readonly #log: Logger;
  readonly #metrics: HttpMetrics;
  readonly #tracer: Tracer;
  readonly #requestsInFlight: number;
  #inFlight = 0;

  constructor(deps: {
    graphql: GraphQLRoute;
    playground: PlaygroundFiles | null;
    authenticate: Authenticate;
    routes: readonly PlainRoute[];
    isReady: () => Promise<boolean>;
    corsOrigins: readonly string[];
    draining: AbortSignal;
    requestsInFlight: number;
    log: Logger;
    metrics: HttpMetrics;
    tracer: Tracer;
  }) {
    this.#graphql = deps.graphql;
    this.#playground = deps.playground;
    this.#authenticate = deps.authenticate;
    this.#routes = deps.routes;
    this.#corsOrigins = deps.corsOrigins;
    this.#draining = deps.draining;
    this.#health = new Health({ isReady: deps.isReady, draining: deps.draining });
    this.#requestsInFlight = deps.requestsInFlight;
    this.#log = deps.log;
    this.#metrics = deps.metrics;
    this.#tracer = deps.tracer;
  }

  /** Answers a request. Never rejects. */
  async handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    let exchange: Exchange;
    try {
      exchange = new Exchange(incoming, outgoing, this.#draining);
    } catch {
      outgoing.writeHead(400, { "content-length": 0, connection: "close" }).end(); // a path that is no path
      return;
    }
    const destination = this.#destination(exchange.url.pathname);
    try {
      setCorsHeaders(incoming, outgoing, this.#corsOrigins);
      await this.#traced(exchange, destination, () => this.#dispatch(exchange, destination).catch((error: unknown) => this.#answerError(exchange, error)));
    } catch (error) {
      this.#log.error({ requestId: exchange.requestId, err: error }, "an error could not be answered");
      outgoing.destroy();
    }
    this.#noteRequest(exchange, destination);
  }

  /** In a span of its own, but for probes: nobody looks for those in a trace. */
  async #traced(exchange: Exchange, destination: Destination | null, work: () => Promise<void>): Promise<void> {
    if (destination === null || PROBES.has(destination.route)) return work();
    const { method, requestId, incoming, outgoing } = exchange;
    const traceparent = incoming.headers["traceparent"];
    const attributes = { "http.request.method": method, "http.route": destination.route, "assay.request_id": requestId };
    await this.#tracer.span(`${method} ${destination.route}`, { kind: "server", attributes, traceparent: typeof traceparent === "string" ? traceparent : undefined }, async (span) => {
      await work();
      span.set({ "http.response.status_code": outgoing.statusCode });
      if (outgoing.statusCode >= 500) span.fail(`status ${outgoing.statusCode}`);
    });
  }

  async #dispatch(exchange: Exchange, destination: Destination | null): Promise<void> {
    if (destination === null) {
      await authenticateRequest(exchange.incoming, this.#authenticate); // strangers do not learn which paths there are
      throw new RefusedRequest(404, doorError("NOT_FOUND", "PATH_UNKNOWN", `There is nothing at ${exchange.url.pathname}. GraphQL is at /graphql.`));
    }
    const methods = destination.methods.join(", ");
    if (exchange.method === "OPTIONS") return answerOptions(exchange.incoming, exchange.outgoing, methods);
    if (!destination.methods.includes(exchange.method)) {
      throw new RefusedRequest(405, doorError("BAD_USER_INPUT", "METHOD_NOT_ALLOWED", `${exchange.url.pathname} answers to ${methods}, not to ${exchange.method}.`), { allow: methods });
    }
    await destination.run(exchange);
  }

  #destination(path: string): Destination | null {
    if (path === "/graphql") return { route: path, methods: ["GET", "POST", "OPTIONS"], run: (exchange) => this.#runGraphQL(exchange) };
    if (path === "/healthz") return readOnly(path, (exchange) => this.#health.alive(exchange));
    if (path === "/readyz") return readOnly(path, (exchange) => this.#health.ready(exchange));
    const playground = this.#playground;
    if (playground !== null && path === "/") return readOnly(path, (exchange) => exchange.send({ status: 302, headers: { location: "/playground" }, contentType: "text/plain", body: "" }));
    if (playground?.owns(path) === true) return readOnly("/playground", (exchange) => sendPlayground(playground, exchange));
    const matches = matchRoutes(this.#routes, path);
    const [first] = matches;
    if (first === undefined) return null;
    const methods = matches.map(({ route }) => route.method);
    return {
      route: routeLabel(first.route),
      methods: [...new Set([...methods, ...(methods.includes("GET") ? ["HEAD"] : []), "OPTIONS"])],
      run: async (exchange) => {
        const match = matches.find(({ route }) => route.method === (exchange.method === "HEAD" ? "GET" : exchange.method));
        if (match !== undefined) await runRoute(match, exchange, { authenticate: this.#authenticate });
      },
    };
  }

  async #runGraphQL(exchange: Exchange): Promise<void> {
    if (this.#inFlight >= this.#requestsInFlight) {
      throw new RefusedRequest(503, doorError("OVERLOADED", "TOO_MANY_REQUESTS", "The gateway answers as many requests as it can. Try again in a moment."), { "retry-after": "1" });
    }
    this.#inFlight += 1;
    try {
      await this.#graphql.handle(exchange, await authenticateRequest(exchange.incoming, this.#authenticate));
    } finally {
      this.#inFlight -= 1;
    }
  }

  async #answerError(exchange: Exchange, error: unknown): Promise<void> {
    if (exchange.outgoing.headersSent || exchange.outgoing.destroyed || error instanceof CallerGone) {
      // Half an answer must not look whole: the broken connection tells the caller.
      if (!exchange.signal.aborted && !(error instanceof CallerGone)) this.#log.error({ requestId: exchange.requestId, err: error }, "an answer broke off");
      exchange.outgoing.destroy();
      return;
    }
    if (error instanceof RefusedRequest) return sendError(exchange, error.error, { status: error.status, headers: error.headers, log: this.#log });
    await sendError(exchange, error, { log: this.#log });
  }

  #noteRequest(exchange: Exchange, destination: Destination | null): void {
    const { requestId, method, url, outgoing, startedAt } = exchange;
    const durationMs = performance.now() - startedAt;
    // Methods and paths that nobody serves are the caller's own words: as labels they would grow without bound.
    const isKnown = destination?.methods.includes(method) === true;
    this.#metrics.answered({ method: isKnown ? method : "other", route: destination?.route ?? "other", status: outgoing.statusCode, durationMs });
    // Without the query string, which may hold data of a GET.
    this.#log.debug({ requestId, method, path: url.pathname, status: outgoing.statusCode, durationMs: Math.round(durationMs) }, "request");
  }
}

function readOnly(route: string, run: (exchange: Exchange) => Promise<void>): Destination {
  return { route, methods: ["GET", "HEAD", "OPTIONS"], run };
}

async function sendPlayground(playground: PlaygroundFiles, exchange: Exchange): Promise<void> {
  if (!(await playground.send(exchange))) throw new RefusedRequest(404, doorError("NOT_FOUND", "PATH_UNKNOWN", "The playground has no such file."));
}
