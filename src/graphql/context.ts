import { UnauthenticatedError } from "../errors.js";
import type { Viewer } from "../viewer.js";

/** The loaders of one viewer. Empty here: each room merges its own in (`declare module "../graphql/context.js"`). */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- merged into by the rooms
export interface Loaders {}

/** The event sources that a viewer may open. Empty here: merged into by the rooms with subscriptions. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- merged into by the rooms
export interface Watch {}

/** What every resolver gets: one for each HTTP query, each root mutation field and each subscription event. */
export interface Context {
  /** Who is asking. Null never reaches a resolver: the doors refuse callers without a token. */
  readonly viewer: Viewer;
  readonly loaders: Loaders;
  readonly watch: Watch;
  /** In every log line of the request and in masked errors. */
  readonly requestId: string;
  /** Aborted when the caller goes away or the deadline passes. */
  readonly signal: AbortSignal;
  /** The caller's address, for the audit trail. */
  readonly remoteAddress: string | null;
}

/** Throws UNAUTHENTICATED, TOKEN_MISSING: for doors that found no token. */
export function missingToken(): never {
  throw new UnauthenticatedError("TOKEN_MISSING", "Send the token as the header Authorization: Bearer TOKEN.");
}
