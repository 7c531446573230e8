import type { IncomingMessage, ServerResponse } from "node:http";

const ALLOWED_HEADERS = "authorization, content-type, accept, apollo-require-preflight, x-apollo-operation-name, x-request-id, last-event-id";
const EXPOSED_HEADERS = "x-request-id, retry-after, content-disposition, www-authenticate";

/** Whether a page of that origin may use the gateway: one of the listed, or a page that the gateway itself served. */
export function isOriginAllowed(origin: string, host: string | undefined, corsOrigins: readonly string[]): boolean {
  if (corsOrigins.includes(origin)) return true;
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}

/** Lets pages of allowed origins read the answer. No credentials: the token is in a header, never in a cookie. */
export function setCorsHeaders(incoming: IncomingMessage, outgoing: ServerResponse, corsOrigins: readonly string[]): void {
  outgoing.appendHeader("vary", "Origin");
  const { origin } = incoming.headers;
  if (origin === undefined || !corsOrigins.includes(origin)) return;
  outgoing.setHeader("access-control-allow-origin", origin);
  outgoing.setHeader("access-control-expose-headers", EXPOSED_HEADERS);
}

/** Answers OPTIONS: what `methods` a path has, and to pages of allowed origins that they may use them. */
export function answerOptions(incoming: IncomingMessage, outgoing: ServerResponse, methods: string): void {
  outgoing.setHeader("allow", methods);
  if (outgoing.hasHeader("access-control-allow-origin") && incoming.headers["access-control-request-method"] !== undefined) {
    outgoing.setHeader("access-control-allow-methods", methods);
    outgoing.setHeader("access-control-allow-headers", ALLOWED_HEADERS);
    outgoing.setHeader("access-control-max-age", "7200");
  }
  outgoing.writeHead(204).end();
}
