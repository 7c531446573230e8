import type { SecretBox } from "../secrets.js";
import { type Credentials, NO_CREDENTIALS } from "./endpoint.js";

/** What the sealed text is bound to: it opens on this endpoint alone. */
export function placeOfEndpoint(endpointId: string): string {
  return `endpoint ${endpointId}`;
}

/** Seals an endpoint's secrets; null when there are none. */
export function sealCredentials(secrets: SecretBox, endpointId: string, credentials: Credentials): string | null {
  const isEmpty = credentials.auth === null && Object.keys(credentials.headers).length === 0 && Object.keys(credentials.queryParams).length === 0;
  return isEmpty ? null : secrets.seal(JSON.stringify(credentials), placeOfEndpoint(endpointId));
}

/** Opens an endpoint's secrets. Throws SecretUnreadableError under another key. */
export function openCredentials(secrets: SecretBox, endpointId: string, sealed: string | null): Credentials {
  return sealed === null ? NO_CREDENTIALS : (JSON.parse(secrets.open(sealed, placeOfEndpoint(endpointId))) as Credentials); // sealCredentials wrote it
}
