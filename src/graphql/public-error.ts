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
  if (outer !== null && typeof code === "string" && code !== "INTERNAL_SERVER_ERROR") return outer;
  if (outer !== null && isAboutInput(outer)) return new GraphQLError(outer.message, { ...place, extensions: { ...outer.extensions, code: "BAD_USER_INPUT" } });
  logUnknown(error, requestId);
  return new GraphQLError(`Something went wrong inside. Look for request ${requestId} in the gateway's log.`, {
    ...place,
    extensions: { code: "INTERNAL_SERVER_ERROR", reason: "INTERNAL", requestId },
  });
}

/** What graphql-js says of a value that was given for an argument, when it looks at it while it executes. */
const ARGUMENT_PROBLEM = /^Argument "[^"]+" (of |has invalid value )/;

/**
 * Whether graphql-js made the error about what it was given: while it parsed, validated or read the variables (nothing
 * was executed yet, so there is no path), or about an argument. What resolvers throw, and values of ours that do not
 * fit the schema, have a path and another wording.
 */
function isAboutInput(error: GraphQLError): boolean {
  if (error.path === undefined) return [...causesOf(error)].every((cause) => cause instanceof GraphQLError);
  const { originalError } = error;
  return originalError instanceof GraphQLError && originalError.nodes !== undefined && ARGUMENT_PROBLEM.test(originalError.message);
}
