import {
  createSourceEventStream,
  execute,
  type ExecutionArgs,
  type ExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  OperationTypeNode,
} from "graphql";
import type { SubscribePayload } from "graphql-ws";
import { RateLimitedError } from "../errors.js";
import type { Tracer } from "../observability/index.js";
import { EventStream } from "./event-stream.js";
import { timeoutError } from "./graphql-route.js";
import type { HttpMetrics } from "./http-metrics.js";
import { LIMITS } from "./limits.js";
import { type CreateContext, operationContext } from "./operation-context.js";
import { EXECUTION_OPTIONS, InvalidDocument, type OperationCheck } from "./operation-check.js";
import type { SocketSession } from "./socket-session.js";

/** What the socket's door adds to graphql-js's arguments: how to make the context of the next event. */
export interface SocketExecutionArgs extends ExecutionArgs {
  readonly requestId: string;
  readonly renew: () => unknown;
  readonly end: () => void;
}

/** Operations over WebSockets, with the same checks as over HTTP: graphql-ws has hardly any of its own. */
export class SocketOperations {
  readonly #schema: GraphQLSchema;
  readonly #createContext: CreateContext;
  readonly #check: OperationCheck;
  readonly #timeoutMs: number;
  readonly #metrics: HttpMetrics;
  readonly #tracer: Tracer;

  constructor(deps: { schema: GraphQLSchema; createContext: CreateContext; check: OperationCheck; timeoutMs: number; metrics: HttpMetrics; tracer: Tracer }) {
    this.#schema = deps.schema;
    this.#createContext = deps.createContext;
    this.#check = deps.check;
    this.#timeoutMs = deps.timeoutMs;
    this.#metrics = deps.metrics;
    this.#tracer = deps.tracer;
  }

  /** Checks an operation and prepares its execution, or answers why not. */
  prepare(session: SocketSession, payload: SubscribePayload, running: number): SocketExecutionArgs | readonly GraphQLError[] {
    if (running > LIMITS.operationsPerSocket) {
      const error = new RateLimitedError("TOO_MANY_OPERATIONS", `This socket runs ${LIMITS.operationsPerSocket} operations already. Complete one, or open another socket.`);
      return [new GraphQLError(error.message, { originalError: error })];
    }
    try {
      return this.#prepare(session, payload);
    } catch (error) {
      if (error instanceof InvalidDocument) return error.problems;
      return [error instanceof GraphQLError ? error : new GraphQLError("unexpected", { originalError: error as Error })]; // masked where it is sent
    }
  }

  #prepare(session: SocketSession, payload: SubscribePayload): SocketExecutionArgs {
    const { viewer } = session;
    if (viewer === null) throw new Error("an operation came before its connection_init");
    const { document, operation } = this.#check.check(payload);
    const ended = new AbortController();
    const end = (): void => {
      session.signal.removeEventListener("abort", end);
      ended.abort(new Error("the operation was ended"));
    };
    session.signal.addEventListener("abort", end, { once: true });
    const requestId = session.nextRequestId();
    const isSubscription = operation.operation === OperationTypeNode.SUBSCRIPTION;
    this.#metrics.operation(operation.operation);
    // The session's viewer, not the one of now: roles may change while a subscription runs.
    const args = () => ({ viewer: session.viewer ?? viewer, requestId, signal: ended.signal, remoteAddress: session.remoteAddress, caching: !isSubscription });
    return {
      schema: this.#schema,
      document,
      operationName: payload.operationName ?? null,
      variableValues: payload.variables ?? {},
      contextValue: isSubscription ? this.#createContext(args()) : operationContext(this.#createContext, args()),
      options: EXECUTION_OPTIONS,
      requestId,
      renew: () => this.#createContext(args()),
      end,
    };
  }

  /** Runs a query or mutation; after the deadline, answers that it took too long. */
  async execute(args: SocketExecutionArgs): Promise<ExecutionResult> {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<ExecutionResult>((resolve) => {
      timer = setTimeout(() => resolve({ errors: [timeoutError(this.#timeoutMs)] }), this.#timeoutMs);
    });
    try {
      return await this.#traced("query or mutation", args, () => Promise.race([execute(args), deadline]));
    } finally {
      clearTimeout(timer);
      args.end();
    }
  }

  /** Opens a subscription: every event is executed with a context of its own, so that its loaders know nothing old. */
  async subscribe(args: SocketExecutionArgs): Promise<EventStream | ExecutionResult> {
    // The span is of the opening alone: one that lasts as long as the subscription would reach its collector hours late.
    const source = await this.#traced("subscription", args, () => this.#openSource(args));
    if (!(Symbol.asyncIterator in source)) return source;
    const noteEnd = this.#metrics.subscriptionBegan();
    return new EventStream({
      source,
      execute: async (event) => execute({ ...args, rootValue: event, contextValue: args.renew() }),
      onEnd: () => {
        noteEnd();
        args.end();
      },
    });
  }

  #traced<R>(what: string, args: SocketExecutionArgs, work: () => Promise<R>): Promise<R> {
    return this.#tracer.span(`WebSocket ${what}`, { kind: "server", attributes: { "assay.request_id": args.requestId } }, work);
  }

  async #openSource(args: SocketExecutionArgs): Promise<AsyncIterable<unknown> | ExecutionResult> {
    let source: AsyncIterable<unknown> | ExecutionResult | undefined;
    try {
      source = await createSourceEventStream(args);
      return source;
    } finally {
      if (source === undefined || !(Symbol.asyncIterator in source)) args.end();
    }
  }
}
