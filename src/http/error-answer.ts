import type { Logger } from "../log.js";
import type { Exchange } from "./exchange.js";
import { publicError, statusOf } from "./graphql-errors.js";

/** Whether the caller asked for the media type in which HTTP's status tells of GraphQL's errors. */
export function wantsGraphQLResponse(exchange: Exchange): boolean {
  return (exchange.incoming.headers.accept ?? "").includes("application/graphql-response+json");
}

/**
 * Answers one error in a GraphQL body, as translated by `publicError`; the status is the given one, else the one that
 * belongs to its code.
 */
export async function sendError(exchange: Exchange, error: unknown, options: { status?: number; headers?: Readonly<Record<string, string>>; log: Logger }): Promise<void> {
  const shown = publicError(error, exchange.requestId, options.log);
  const headers: Record<string, string> = { ...options.headers };
  const { code, retryAfterMs } = shown.extensions ?? {};
  if (code === "UNAUTHENTICATED") headers["www-authenticate"] = "Bearer";
  if (typeof retryAfterMs === "number") headers["retry-after"] = String(Math.ceil(retryAfterMs / 1_000));
  await exchange.send({
    status: options.status ?? statusOf(shown),
    headers,
    contentType: `${wantsGraphQLResponse(exchange) ? "application/graphql-response+json" : "application/json"}; charset=utf-8`,
    body: JSON.stringify({ errors: [shown] }),
  });
}
