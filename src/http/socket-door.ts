import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type Context as ConnectionContext, handleProtocols, makeServer, type Server } from "graphql-ws";
import type { GraphQLFormattedError } from "graphql";
import { type WebSocket, WebSocketServer } from "ws";
import type { Logger } from "../log.js";
import { type Authenticate, bearerSecret } from "./authorization.js";
import { isOriginAllowed } from "./cors.js";
import { addressOf } from "./exchange.js";
import { isUnauthenticated, publicError } from "./graphql-errors.js";
import type { HttpMetrics } from "./http-metrics.js";
import { LIMITS, type Tuning } from "./limits.js";
import type { SocketExecutionArgs, SocketOperations } from "./socket-operations.js";
import { SocketClose, SocketSession } from "./socket-session.js";

type Connection = ConnectionContext<Record<string, unknown> | undefined, SocketSession>;

/** GraphQL over WebSockets: the protocol graphql-transport-ws, bound to `ws` by hand so that every end of it is ours. */
export class SocketDoor {
  readonly #sockets: WebSocketServer;
  readonly #protocol: Server<SocketSession>;
  readonly #sessions = new Set<SocketSession>();
  readonly #authenticate: Authenticate;
  readonly #corsOrigins: readonly string[];
  readonly #operations: SocketOperations;
  readonly #tuning: Tuning;
  readonly #log: Logger;
  readonly #metrics: HttpMetrics;
  readonly #reauthentication: NodeJS.Timeout;
  #isReauthenticating = false;

  constructor(deps: { operations: SocketOperations; authenticate: Authenticate; corsOrigins: readonly string[]; tuning: Tuning; log: Logger; metrics: HttpMetrics }) {
    this.#operations = deps.operations;
    this.#authenticate = deps.authenticate;
    this.#corsOrigins = deps.corsOrigins;
    this.#tuning = deps.tuning;
    this.#log = deps.log;
    this.#metrics = deps.metrics;
    this.#sockets = new WebSocketServer({ noServer: true, maxPayload: LIMITS.socketMessageBytes, handleProtocols, perMessageDeflate: false });
    this.#protocol = this.#makeProtocol();
    this.#reauthentication = setInterval(() => void this.#reauthenticate(), deps.tuning.reauthenticateMs);
    this.#reauthentication.unref();
  }

  /** Answers an upgrade request. Browsers do not apply CORS to WebSockets, so the origin is checked here. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, isDraining: boolean): void {
    const path = (request.url ?? "").split("?", 1)[0];
    const { origin, host } = request.headers;
    socket.on("error", () => socket.destroy()); // a caller that left while it was asking
    if (path !== "/graphql") return refuseUpgrade(socket, "404 Not Found");
    if (origin !== undefined && !isOriginAllowed(origin, host, this.#corsOrigins)) return refuseUpgrade(socket, "403 Forbidden");
    if (isDraining) return refuseUpgrade(socket, "503 Service Unavailable");
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#open(webSocket, request));
  }

  /** Asks every client to go and come again. Resolves when the last one is gone and its subscriptions are returned. */
  closeAll(): Promise<void> {
    clearInterval(this.#reauthentication);
    for (const socket of this.#sockets.clients) socket.close(SocketClose.GOING_AWAY, "Shutting down");
    return new Promise((resolve) => this.#sockets.close(() => resolve()));
  }

  /** Cuts the clients that did not go. */
  terminateAll(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
  }

  #open(socket: WebSocket, request: IncomingMessage): void {
    socket.on("error", (error) => this.#log.debug({ err: error }, "a socket failed"));
    if (this.#sockets.clients.size > this.#tuning.sockets) return socket.close(SocketClose.TRY_AGAIN_LATER, "OVERLOADED");
    const session = new SocketSession(socket, request.headers.authorization, addressOf(request));
    this.#sessions.add(session);
    const noteClosed = this.#metrics.socketOpened();
    const stopPinging = this.#keepAlive(socket);
    const closed = this.#protocol.opened(
      {
        protocol: socket.protocol,
        // Waiting for the socket to take each message is what holds a subscription back when its reader is slow.
        send: (data) => new Promise((resolve, reject) => (socket.readyState === socket.OPEN ? socket.send(data, (error) => (error == null ? resolve() : reject(error))) : resolve())),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (handle) => void socket.on("message", (data: Buffer) => void this.#handle(handle, data, session)),
      },
      session,
    );
    socket.once("close", (code, reason) => {
      stopPinging();
      noteClosed();
      this.#sessions.delete(session);
      closed(code, String(reason)).catch((error: unknown) => this.#log.error({ err: error }, "closing a socket's operations failed"));
    });
  }

  async #handle(handle: (data: string) => Promise<void>, data: Buffer, session: SocketSession): Promise<void> {
    try {
      await handle(data.toString("utf8"));
    } catch (error) {
      if (session.signal.aborted) return; // its answer could not be sent: nobody waits for it
      this.#log.error({ requestId: session.id, err: error }, "a message could not be handled");
      session.close(SocketClose.INTERNAL, "Internal server error");
    }
  }

  #keepAlive(socket: WebSocket): () => void {
    let isAlive = true;
    socket.on("pong", () => (isAlive = true));
    const timer = setInterval(() => {
      if (!isAlive) return socket.terminate();
      isAlive = false;
      if (socket.readyState === socket.OPEN) socket.ping();
    }, this.#tuning.keepAliveMs);
    return () => clearInterval(timer);
  }

  #makeProtocol(): Server<SocketSession> {
    const publish = (error: unknown, requestId: string): GraphQLFormattedError => publicError(error, requestId, this.#log);
    return makeServer<Record<string, unknown> | undefined, SocketSession>({
      connectionInitWaitTimeout: LIMITS.socketInitTimeoutMs,
      onConnect: (connection) => this.#admit(connection),
      onSubscribe: (connection, _id, payload) => this.#operations.prepare(connection.extra, payload, Object.keys(connection.subscriptions).length),
      execute: (args) => this.#operations.execute(args as SocketExecutionArgs), // what onSubscribe answered
      subscribe: (args) => this.#operations.subscribe(args as SocketExecutionArgs),
      onNext: (_connection, _id, _payload, args, { data, errors }) => {
        if (errors === undefined) return undefined;
        const { requestId } = args as SocketExecutionArgs;
        return { ...(data === undefined ? {} : { data }), errors: errors.map((error) => publish(error, requestId)) };
      },
      onError: ({ extra: session }, _id, _payload, errors) => errors.map((error) => publish(error, session.id)),
    });
  }

  async #admit({ extra: session, connectionParams }: Connection): Promise<boolean> {
    try {
      const secret = bearerSecret(authorizationIn(connectionParams) ?? session.authorization);
      session.admit(secret, await this.#authenticate(secret));
      return true;
    } catch (error) {
      if (isUnauthenticated(error)) session.close(SocketClose.UNAUTHORIZED, error.reason);
      else {
        this.#log.error({ requestId: session.id, err: error }, "a socket's token could not be looked up");
        session.close(SocketClose.TRY_AGAIN_LATER, "OVERLOADED");
      }
      return false; // graphql-ws closes, too, which changes nothing any more
    }
  }

  /** Looks up every token that a socket is open with, once each. */
  async #reauthenticate(): Promise<void> {
    if (this.#isReauthenticating) return; // a slow database must not gather more and more lookups
    this.#isReauthenticating = true;
    const bySecret = new Map<string, SocketSession[]>();
    for (const session of this.#sessions) if (session.secret !== null) bySecret.set(session.secret, [...(bySecret.get(session.secret) ?? []), session]);
    for (const [secret, sessions] of bySecret) await this.#reauthenticateAll(secret, sessions);
    this.#isReauthenticating = false;
  }

  async #reauthenticateAll(secret: string, sessions: readonly SocketSession[]): Promise<void> {
    try {
      const viewer = await this.#authenticate(secret);
      for (const session of sessions) session.admit(secret, viewer);
    } catch (error) {
      // A database that cannot be reached says nothing about tokens: the sockets stay.
      if (!isUnauthenticated(error)) return this.#log.warn({ err: error }, "open sockets' tokens could not be looked up");
      for (const session of sessions) session.close(SocketClose.FORBIDDEN, error.reason);
    }
  }
}

function authorizationIn(params: Readonly<Record<string, unknown>> | undefined): unknown {
  return Object.entries(params ?? {}).find(([name]) => name.toLowerCase() === "authorization")?.[1];
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
