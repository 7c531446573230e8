import type { EntityRef } from "../entity-ref.js";
import type { ConnectionType, EndpointAuthType, HttpMethod } from "./endpoint.js";

/** Bounds as a caller gives them: absent keeps (or is the default), null is the default. */
export interface LimitsInput {
  readonly timeoutMs?: number | null | undefined;
  readonly maxConcurrency?: number | null | undefined;
  readonly requestsPerMinute?: number | null | undefined;
  readonly maxAttempts?: number | null | undefined;
}

/** An authentication as a caller gives it: which fields belong to it depends on its type. */
export interface AuthInput {
  readonly type: EndpointAuthType;
  readonly token?: string | null | undefined;
  readonly headerName?: string | null | undefined;
  readonly username?: string | null | undefined;
  readonly password?: string | null | undefined;
  readonly clientId?: string | null | undefined;
  readonly clientSecret?: string | null | undefined;
  readonly tokenUrl?: string | null | undefined;
  readonly scopes?: readonly string[] | null | undefined;
  readonly audience?: string | null | undefined;
}

/** What both makes and changes an endpoint. */
export interface EndpointSettingsInput {
  readonly description?: string | null | undefined;
  readonly requestHeaders?: Readonly<Record<string, unknown>> | null | undefined;
  readonly queryParams?: Readonly<Record<string, unknown>> | null | undefined;
  readonly requestMapping?: unknown;
  readonly responseMapping?: Readonly<Record<string, unknown>> | null | undefined;
  readonly auth?: AuthInput | null | undefined;
  readonly limits?: LimitsInput | null | undefined;
}

export interface CreateEndpointArgs extends EndpointSettingsInput {
  readonly name: string;
  readonly projectId?: string | null | undefined;
  readonly connectionType: ConnectionType;
  readonly url: string;
  readonly method: HttpMethod;
}

/** Absent keeps, null clears. */
export interface UpdateEndpointArgs extends EndpointSettingsInput {
  readonly endpoint: EntityRef;
  readonly name?: string | null | undefined;
  readonly url?: string | null | undefined;
  readonly method?: HttpMethod | null | undefined;
}
