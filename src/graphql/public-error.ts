import { GraphQLError } from "graphql";
import { DomainError } from "../errors.js";

/** What a masked error is logged with. */
export type LogUnknownError = (error: unknown, requestId: string) => void;

function* causesOf(error: unknown): Generator<unknown> {
  const seen = new Set<unknown>();
  let current: unknown = error;
  while (current != null && !seen.has(current)) {
    seen.add(current);
    yield current;
    const link = current as { originalError?: unknown; cause?: unknown }; // GraphQLError's and Error's own links
    current = link.originalError ?? link.cause;
  }
}

/**
 * The only translator of errors into what clients see, over HTTP and WebSockets alike: a DomainError anywhere in the
 * chain gives its code, reason and details; a GraphQL error keeps its own code; anything else is masked with the
 * request's id and logged once.
 */
export function toPublicError(error: unknown, requestId: string, logUnknown: LogUnknownError): GraphQLError {
  const outer = error instanceof GraphQLError ? error : null;
  const place = outer === null ? {} : { nodes: outer.nodes ?? null, source: outer.source ?? null, positions: outer.positions ?? null, path: outer.path ?? null };
  for (const cause of causesOf(error)) {
    if (cause instanceof DomainError) {
      return new GraphQLError(cause.message, { ...place, extensions: { ...cause.details, code: cause.code, reason: cause.reason } });
    }
  }
  const code = outer?.extensions["code"];
  const isOurs = typeof code === "string" && code !== "INTERNAL_SERVER_ERROR";
  // A GraphQL error with no thrown error behind it was made by the parser, the validator or a guard: safe to show.
  if (outer !== null && (isOurs || outer.originalError === undefined)) {
    return isOurs ? outer : new GraphQLError(outer.message, { ...place, extensions: { ...outer.extensions, code: inputCode(outer) } });
  }
  logUnknown(error, requestId);
  return new GraphQLError(`Something went wrong inside. Look for request ${requestId} in the gateway's log.`, {
    ...place,
    extensions: { code: "INTERNAL_SERVER_ERROR", reason: "INTERNAL", requestId },
  });
}

function inputCode(error: GraphQLError): string {
  if (/^Cannot return null for non-nullable|^Expected .* to be|Enum .* cannot represent/.test(error.message)) return "INTERNAL_SERVER_ERROR";
  return "BAD_USER_INPUT";
}
