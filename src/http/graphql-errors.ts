import { GraphQLError, type GraphQLFormattedError } from "graphql";
import { DomainError } from "../errors.js";
import { toPublicError } from "../graphql/public-error.js";
import type { Logger } from "../log.js";
import { ComplexityReason, isComplexityReason } from "./query-too-complex.js";

/** Codes that Apollo gives and the contract does not know, with the reasons that they become. */
const REASON_OF_APOLLO_CODE: Readonly<Record<string, string>> = {
  BAD_REQUEST: "REQUEST_INVALID",
  OPERATION_RESOLUTION_FAILURE: "OPERATION_UNKNOWN",
  PERSISTED_QUERY_NOT_SUPPORTED: "PERSISTED_QUERY_UNKNOWN",
  PERSISTED_QUERY_NOT_FOUND: "PERSISTED_QUERY_UNKNOWN",
};
const TOO_MANY_TOKENS = /^(Syntax Error: )?Document contains more tha[nt] \d+ tokens/;
/** What graphql-js says when comparing fields in pairs takes too long. */
const VALIDATION_GAVE_UP = "Validation aborted.";
const REPEATS_TOO_OFTEN = "The document repeats fields so often that it cannot be checked. Ask for less at once.";
const VARIABLE_PROBLEM = /^Variable "\$([^"]+)" (?:got|has) invalid value (?:[\s\S]*? at "([^"]+)")?/;

/**
 * An error as clients see it, over HTTP, WebSockets and plain routes alike: the contract's codes with a reason each,
 * what is unknown masked and logged once with the request's id, nothing of Apollo's own.
 */
export function publicError(error: unknown, requestId: string, log: Logger): GraphQLFormattedError {
  const translated = toPublicError(error, requestId, (unknown, id) => log.error({ requestId: id, err: unknown }, "an error nobody expected"));
  const { locations, path, extensions, ...shown } = translated.toJSON();
  const { http: _http, stacktrace: _stacktrace, ...rest } = extensions ?? {};
  const message = isOfGraphQL(rest) ? plainMessage(shown.message) : shown.message;
  return {
    message,
    ...(locations === undefined ? {} : { locations }),
    ...(path === undefined ? {} : { path }),
    extensions: { ...rest, ...codeAndReason(message, rest) },
  };
}

/** Whether graphql-js or Apollo worded the error: ours bring their reason. */
function isOfGraphQL(extensions: Readonly<Record<string, unknown>>): boolean {
  return extensions["reason"] === undefined;
}

/** Without names of the schema that the caller did not say, and with what to do. */
function plainMessage(message: string): string {
  return message === VALIDATION_GAVE_UP ? REPEATS_TOO_OFTEN : message.replace(/ ?Did you mean [\s\S]+\?$/, "");
}

function codeAndReason(message: string, extensions: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { code, reason } = extensions;
  if (isComplexityReason(reason)) return { code: "QUERY_TOO_COMPLEX" };
  if (TOO_MANY_TOKENS.test(message)) return { code: "QUERY_TOO_COMPLEX", reason: ComplexityReason.TOO_MANY_TOKENS };
  if (message === REPEATS_TOO_OFTEN) return { code: "QUERY_TOO_COMPLEX", reason: ComplexityReason.TOO_MANY_FIELDS };
  if (message.startsWith("Syntax Error")) return { code: "GRAPHQL_PARSE_FAILED", reason: "SYNTAX_ERROR" };
  if (typeof code === "string" && code in REASON_OF_APOLLO_CODE) return { code: "BAD_USER_INPUT", reason: REASON_OF_APOLLO_CODE[code] };
  if (code === "GRAPHQL_VALIDATION_FAILED") return { reason: reason ?? "DOCUMENT_INVALID" };
  if (code === "BAD_USER_INPUT" && reason === undefined) return { reason: "INPUT_INVALID", problems: [{ field: wrongField(message), message }] };
  return {};
}

/** The path of the variable that a coercion error speaks of, such as `input.trials`. */
function wrongField(message: string): string {
  const match = VARIABLE_PROBLEM.exec(message) ?? /"\$([^"]+)"/.exec(message);
  return (match?.[2] ?? match?.[1] ?? "").replaceAll(/\[(\d+)\]/g, ".$1");
}

/** What the doors themselves refuse before any operation is looked at. */
export function doorError(code: string, reason: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code, reason } });
}

const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  BAD_USER_INPUT: 400,
  CONFLICT: 409,
  FAILED_PRECONDITION: 400,
  RATE_LIMITED: 429,
  OVERLOADED: 503,
  TIMEOUT: 504,
};

/** The status of a plain route's error, by its code; 500 for what is unknown. */
export function statusOf(error: GraphQLFormattedError): number {
  const code = error.extensions?.["code"];
  return (typeof code === "string" ? STATUS_OF_CODE[code] : undefined) ?? 500;
}

/** Whether the error says that the caller's token is missing, wrong or over. */
export function isUnauthenticated(error: unknown): error is DomainError {
  return error instanceof DomainError && error.code === "UNAUTHENTICATED";
}
