/** The codes of the public contract that a domain error may carry, in `extensions.code`. */
export type ErrorCode =
  | "UNAUTHENTICATED"
  | "FORBIDDEN"
  | "NOT_FOUND"
  | "BAD_USER_INPUT"
  | "CONFLICT"
  | "FAILED_PRECONDITION"
  | "RATE_LIMITED";

/** One wrong field of an input: `field` is its path, such as `input.metrics.1.name`. */
export interface Problem {
  readonly field: string;
  readonly message: string;
}

/**
 * A request that cannot be answered, for a cause that the caller can know. `message` and `details` are public and
 * never hold secrets, SQL or stacks; `cause` is for the log alone.
 */
export abstract class DomainError extends Error {
  abstract readonly code: ErrorCode;

  constructor(
    /** UPPER_SNAKE, one for each cause, documented in the README. */
    readonly reason: string,
    message: string,
    /** Further public fields of `extensions`. */
    readonly details: Readonly<Record<string, unknown>> = {},
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** No token, or one that is unknown, revoked or expired: TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED. */
export class UnauthenticatedError extends DomainError {
  override readonly code = "UNAUTHENTICATED";
}

/** The viewer's role does not allow the operation: ROLE_TOO_LOW. */
export class ForbiddenError extends DomainError {
  override readonly code = "FORBIDDEN";
}

/** Nothing of that id or name is visible to the viewer: NOT_FOUND. */
export class NotFoundError extends DomainError {
  override readonly code = "NOT_FOUND";

  constructor(thing: string, idOrName: string) {
    super("NOT_FOUND", `There is no ${thing} "${idOrName}" here. Look it up in the list, or check the organization of the token.`);
  }
}

/** The input breaks rules; `problems` lists all of them. */
export class BadUserInputError extends DomainError {
  override readonly code = "BAD_USER_INPUT";

  constructor(message: string, problems: readonly Problem[], reason = "INPUT_INVALID", details: Readonly<Record<string, unknown>> = {}) {
    super(reason, message, { ...details, problems });
  }
}

/** The input contradicts what is there: NAME_TAKEN, KEY_TAKEN, AMBIGUOUS_NAME, … */
export class ConflictError extends DomainError {
  override readonly code = "CONFLICT";
}

/** The state of the thing does not allow it now: RUN_FINISHED, TEST_SET_EMPTY, DELETED, … */
export class FailedPreconditionError extends DomainError {
  override readonly code = "FAILED_PRECONDITION";
}

/** Too many requests: RATE_EXCEEDED; `details.retryAfterMs` says when to come back. */
export class RateLimitedError extends DomainError {
  override readonly code = "RATE_LIMITED";
}

/**
 * Throws one BAD_USER_INPUT that lists the problems, or returns when there are none.
 * The message names the first one, so that a terminal that shows only messages helps too.
 */
export function assertNoProblems(problems: readonly Problem[]): void {
  const [first, ...others] = problems;
  if (first === undefined) return;
  const more = others.length === 0 ? "" : ` (and ${others.length} more, in extensions.problems)`;
  throw new BadUserInputError(`${first.field}: ${first.message}${more}`, problems);
}
