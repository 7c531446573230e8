import type { IncomingMessage } from "node:http";
import { UnauthenticatedError } from "../errors.js";
import { missingToken } from "../graphql/context.js";
import type { Viewer } from "../viewer.js";

/** Tells whose secret it is. Throws UNAUTHENTICATED: TOKEN_INVALID, TOKEN_EXPIRED. */
export type Authenticate = (secret: string) => Promise<Viewer>;

/** The secret in the text of an Authorization header. UNAUTHENTICATED: TOKEN_MISSING, or TOKEN_INVALID for another scheme. */
export function bearerSecret(authorization: unknown): string {
  if (typeof authorization !== "string" || authorization.trim() === "") return missingToken();
  const match = /^Bearer +([\x21-\x7e]+)$/i.exec(authorization.trim());
  if (match?.[1] === undefined) throw new UnauthenticatedError("TOKEN_INVALID", "The Authorization header must read: Bearer TOKEN.");
  return match[1];
}

/** The viewer of an HTTP request's token. UNAUTHENTICATED. */
export async function authenticateRequest(incoming: IncomingMessage, authenticate: Authenticate): Promise<Viewer> {
  return authenticate(bearerSecret(incoming.headers.authorization));
}
