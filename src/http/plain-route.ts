import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import type { Viewer } from "../viewer.js";
import { type Authenticate, authenticateRequest } from "./authorization.js";
import type { Answer, Exchange } from "./exchange.js";

/** A request that is not GraphQL: a download, an import, a stream of events, the metrics. */
export interface PlainRequest {
  readonly method: string;
  /** Path and query string; the host means nothing. */
  readonly url: URL;
  /** The named groups of the route's path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  /** The body as it comes in. Unlimited: whoever reads it bounds it. */
  readonly body: Readable;
  readonly requestId: string;
  readonly remoteAddress: string | null;
  /** Aborted when the caller goes away. */
  readonly signal: AbortSignal;
  /** Aborted when the gateway begins to shut down: endless streams end then, so that their readers resume elsewhere. */
  readonly draining: AbortSignal;
  /** The viewer of the request's token. UNAUTHENTICATED. For public routes that want one only sometimes. */
  authenticate(): Promise<Viewer>;
  /** Answers, once. A body that is an async iterable is streamed at the caller's pace, and returned when the caller goes. */
  send(answer: Answer): Promise<void>;
}

/** A request whose viewer the door has found already. */
export interface ViewerRequest extends PlainRequest {
  readonly viewer: Viewer;
}

interface RouteAddress {
  readonly method: "GET" | "POST";
  /** The whole path, or an anchored pattern whose named groups become `params`. */
  readonly path: string | RegExp;
}

/**
 * What a room answers outside GraphQL. What `handle` throws is answered as `{ errors: [...] }` with the status that
 * belongs to its code. Without `public: true` the door asks for the token first.
 */
export type PlainRoute =
  | (RouteAddress & { readonly public?: false; handle(request: ViewerRequest): Promise<void> })
  | (RouteAddress & { readonly public: true; handle(request: PlainRequest): Promise<void> });

/** A route that a path leads to. */
export interface RouteMatch {
  readonly route: PlainRoute;
  readonly params: Readonly<Record<string, string>>;
}

/** The routes of the path, whatever their methods. */
export function matchRoutes(routes: readonly PlainRoute[], path: string): readonly RouteMatch[] {
  return routes.flatMap((route) => {
    if (typeof route.path === "string") return route.path === path ? [{ route, params: {} }] : [];
    const match = route.path.exec(path);
    return match === null ? [] : [{ route, params: decodeAll(match.groups ?? {}) }];
  });
}

function decodeAll(groups: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decode(value ?? "")]));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray percent sign names nothing: the route answers that it is not found
  }
}

/** Runs a route. */
export async function runRoute(match: RouteMatch, exchange: Exchange, deps: { authenticate: Authenticate }): Promise<void> {
  const request: PlainRequest = {
    method: exchange.method,
    url: exchange.url,
    params: match.params,
    headers: exchange.incoming.headers,
    body: exchange.incoming,
    requestId: exchange.requestId,
    remoteAddress: exchange.remoteAddress,
    signal: exchange.signal,
    draining: exchange.draining,
    authenticate: () => authenticateRequest(exchange.incoming, deps.authenticate),
    send: (answer) => exchange.send(answer),
  };
  if (match.route.public === true) await match.route.handle(request);
  else await match.route.handle({ ...request, viewer: await request.authenticate() });
}
