import { AsyncLocalStorage } from "node:async_hooks";
import { ApolloServer, type ApolloServerPlugin, HeaderMap, type HTTPGraphQLResponse } from "@apollo/server";
import { ApolloServerPluginCacheControlDisabled, ApolloServerPluginLandingPageDisabled } from "@apollo/server/plugin/disabled";
import { GraphQLError, type GraphQLSchema, OperationTypeNode } from "graphql";
import type { Context } from "../graphql/context.js";
import type { Logger } from "../log.js";
import type { Viewer } from "../viewer.js";
import { sendError, wantsGraphQLResponse } from "./error-answer.js";
import type { Exchange } from "./exchange.js";
import { doorError, publicError } from "./graphql-errors.js";
import { type CreateContext, operationContext } from "./operation-context.js";
import { EXECUTION_OPTIONS, type OperationCheck, PARSE_OPTIONS, VALIDATION_OPTIONS } from "./operation-check.js";
import { readJsonBody, RefusedRequest } from "./request-body.js";

/** Errors of a document or its variables: with the media type application/json they are answered with 200. */
const OPERATION_ERROR_CODES: ReadonlySet<unknown> = new Set(["GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT", "QUERY_TOO_COMPLEX"]);

/** GraphQL over HTTP, by Apollo Server without a web framework. */
export class GraphQLRoute {
  readonly #apollo: ApolloServer<Context>;
  readonly #createContext: CreateContext;
  readonly #requestIds = new AsyncLocalStorage<string>();
  readonly #check: OperationCheck;
  readonly #timeoutMs: number;
  readonly #log: Logger;

  constructor(deps: { schema: GraphQLSchema; createContext: CreateContext; check: OperationCheck; timeoutMs: number; log: Logger }) {
    this.#createContext = deps.createContext;
    this.#check = deps.check;
    this.#timeoutMs = deps.timeoutMs;
    this.#log = deps.log;
    this.#apollo = new ApolloServer<Context>({
      schema: deps.schema,
      logger: apolloLogger(deps.log),
      // Every caller must send an Authorization header, which no page of another origin can do without a preflight.
      csrfPrevention: { requestHeaders: ["authorization"] },
      allowBatchedHttpRequests: false,
      persistedQueries: false,
      introspection: true, // the limits refuse it where it is off, at both doors
      hideSchemaDetailsFromClientErrors: true,
      includeStacktraceInErrorResponses: false,
      parseOptions: PARSE_OPTIONS,
      validationOptions: VALIDATION_OPTIONS,
      executionOptions: EXECUTION_OPTIONS,
      stopOnTerminationSignals: false,
      stringifyResult: (result) => JSON.stringify(result),
      formatError: (_formatted, error) => publicError(error, this.#requestIds.getStore() ?? "", deps.log),
      plugins: [guard(deps.check), ApolloServerPluginLandingPageDisabled(), ApolloServerPluginCacheControlDisabled()],
    });
  }

  async start(): Promise<void> {
    await this.#apollo.start();
  }

  async stop(): Promise<void> {
    await this.#apollo.stop();
  }

  /** Answers one operation; after the deadline, that it took too long. */
  async handle(exchange: Exchange, viewer: Viewer): Promise<void> {
    const { promise: deadline, cancel } = startDeadline(exchange, this.#timeoutMs);
    try {
      const answer = await Promise.race([this.#execute(exchange, viewer), deadline]);
      if (answer === "late") return await sendError(exchange, timeoutError(this.#timeoutMs), { status: wantsGraphQLResponse(exchange) ? 504 : 200, log: this.#log });
      if (answer.body.kind === "chunked") throw new Error("incremental delivery is not part of the schema");
      await exchange.send({
        status: answer.status ?? 200,
        headers: Object.fromEntries(answer.headers),
        contentType: answer.headers.get("content-type") ?? "application/json; charset=utf-8",
        body: answer.body.string,
      });
    } finally {
      cancel();
    }
  }

  async #execute(exchange: Exchange, viewer: Viewer): Promise<HTTPGraphQLResponse> {
    const body = exchange.method === "POST" ? await readJsonBody(exchange.incoming) : undefined;
    this.#assertWithinLimits(exchange, body);
    const headers = new HeaderMap();
    for (const [name, value] of Object.entries(exchange.incoming.headers)) if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value);
    const { requestId, signal, remoteAddress } = exchange;
    const context = operationContext(this.#createContext, { viewer, requestId, signal, remoteAddress, caching: true });
    return this.#requestIds.run(requestId, () =>
      this.#apollo.executeHTTPGraphQLRequest({
        httpGraphQLRequest: { method: exchange.method, headers, search: exchange.url.search, body },
        context: () => Promise.resolve(context),
      }),
    );
  }

  #assertWithinLimits(exchange: Exchange, body: unknown): void {
    const source: unknown = exchange.method === "POST" ? (body as { query?: unknown } | null)?.query : exchange.url.searchParams.get("query"); // any JSON may have been sent
    if (typeof source !== "string") return; // Apollo says what is missing
    try {
      this.#check.assertWithinLimits(source);
    } catch (error) {
      throw error instanceof GraphQLError ? new RefusedRequest(wantsGraphQLResponse(exchange) ? 400 : 200, error) : error;
    }
  }
}

/** What needs the variables or the answer: the cost before, the status after. */
function guard(check: OperationCheck): ApolloServerPlugin<Context> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        didResolveOperation: ({ document, operation, request }) => {
          if (operation === undefined) return Promise.resolve(); // graphql-js says which operations there are
          if (operation.operation === OperationTypeNode.SUBSCRIPTION) {
            throw new GraphQLError("Subscriptions run over a WebSocket: connect to the same address with the protocol graphql-transport-ws.", {
              extensions: { code: "BAD_USER_INPUT", reason: "SUBSCRIPTION_NEEDS_WEBSOCKET", http: { status: 400 } },
            });
          }
          check.assertAffordable({ document, operation }, request.variables ?? {});
          return Promise.resolve();
        },
        willSendResponse: ({ request, response }) => {
          const errors = response.body.kind === "single" ? (response.body.singleResult.errors ?? []) : [];
          const isOperationError = errors.length > 0 && errors.every(({ extensions }) => OPERATION_ERROR_CODES.has(extensions?.["code"]) && extensions?.["reason"] !== "REQUEST_INVALID");
          const accept = request.http?.headers.get("accept") ?? "";
          if (response.http.status === 400 && isOperationError && !accept.includes("application/graphql-response+json")) response.http.status = 200;
          return Promise.resolve();
        },
      }),
  };
}

function startDeadline(exchange: Exchange, timeoutMs: number): { promise: Promise<"late">; cancel: () => void } {
  let cancel = (): void => undefined;
  const promise = new Promise<"late">((resolve) => {
    const timer = setTimeout(() => {
      resolve("late");
      exchange.abort(new Error("the request's deadline passed"));
    }, timeoutMs);
    cancel = () => clearTimeout(timer);
  });
  return { promise, cancel };
}

/** The error of an operation that ran past its deadline. */
export function timeoutError(timeoutMs: number): GraphQLError {
  return doorError("TIMEOUT", "DEADLINE_PASSED", `The operation took longer than ${timeoutMs / 1000} s. Ask for less at once; a mutation may have taken effect.`);
}

function apolloLogger(log: Logger): { debug: (message?: unknown) => void; info: (message?: unknown) => void; warn: (message?: unknown) => void; error: (message?: unknown) => void } {
  return {
    debug: (message) => log.debug(String(message)),
    info: (message) => log.info(String(message)),
    warn: (message) => log.warn(String(message)),
    error: (message) => log.error(String(message)),
  };
}
