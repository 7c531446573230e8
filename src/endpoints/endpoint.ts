import { createHash } from "node:crypto";
import type { Selectable } from "kysely";
import type { EndpointTable, EndpointVersionTable } from "./endpoint.table.js";

/** How an endpoint is spoken to. */
export const ConnectionType = { REST: "REST", WEBSOCKET: "WEBSOCKET", OPENAI_CHAT: "OPENAI_CHAT" } as const;
export type ConnectionType = (typeof ConnectionType)[keyof typeof ConnectionType];

export const HttpMethod = { GET: "GET", POST: "POST", PUT: "PUT", PATCH: "PATCH" } as const;
export type HttpMethod = (typeof HttpMethod)[keyof typeof HttpMethod];

export const EndpointAuthType = { NONE: "NONE", BEARER: "BEARER", API_KEY: "API_KEY", BASIC: "BASIC", CLIENT_CREDENTIALS: "CLIENT_CREDENTIALS" } as const;
export type EndpointAuthType = (typeof EndpointAuthType)[keyof typeof EndpointAuthType];

/** What of an endpoint's authentication is no secret. */
export type EndpointAuth =
  | { readonly type: "NONE" }
  | { readonly type: "BEARER" }
  | { readonly type: "API_KEY"; readonly headerName: string }
  | { readonly type: "BASIC"; readonly username: string }
  | { readonly type: "CLIENT_CREDENTIALS"; readonly clientId: string; readonly tokenUrl: string; readonly scopes: readonly string[]; readonly audience: string | null };

/** An endpoint's secrets, as they are sealed together. A name's value of headers and queryParams stands as *** in the version. */
export interface Credentials {
  /** The token, key, password or client secret of the authentication. */
  readonly auth: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly queryParams: Readonly<Record<string, string>>;
}

export const NO_CREDENTIALS: Credentials = { auth: null, headers: {}, queryParams: {} };

/** What stands where a secret is. */
export const MASK = "***";

/** Bounds that hold across all runs and all workers. */
export interface EndpointLimits {
  readonly timeoutMs: number;
  readonly maxConcurrency: number;
  readonly requestsPerMinute: number | null;
  readonly maxAttempts: number;
}

export const DEFAULT_LIMITS: EndpointLimits = { timeoutMs: 60_000, maxConcurrency: 10, requestsPerMinute: null, maxAttempts: 3 };

/** What shapes a call, as a run pins it. */
export type EndpointVersion = Selectable<EndpointVersionTable>;

/** What of a version its hash covers. */
export type EndpointShape = Pick<EndpointVersion, "connectionType" | "url" | "method" | "requestHeaders" | "queryParams" | "requestMapping" | "responseMapping" | "auth">;

/**
 * An endpoint with its present version: written by hand, because it never holds the credentials, so no field of it
 * can show them.
 */
export interface Endpoint
  extends Pick<Selectable<EndpointTable>, "organizationId" | "id" | "projectId" | "name" | "description" | "versionId" | "createdAt" | "updatedAt" | "deletedAt">,
    EndpointShape {
  readonly versionHash: string;
  readonly authType: EndpointAuthType;
  readonly hasCredentials: boolean;
  readonly limits: EndpointLimits;
}

/** SHA-256 over the canonical JSON of what shapes a call. Secrets count as ***: a rotated token is the same version. */
export function versionHash(shape: EndpointShape): string {
  const { connectionType, url, method, requestHeaders, queryParams, requestMapping, responseMapping, auth } = shape;
  return createHash("sha256").update(canonicalJson({ connectionType, url, method, requestHeaders, queryParams, requestMapping, responseMapping, auth })).digest("hex");
}

/** JSON with the keys of every object in the order of their code units, as RFC 8785 has it. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each !== "object" || each === null || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
