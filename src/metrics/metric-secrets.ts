import type { SecretBox } from "../secrets.js";

/** What a sealed secret is bound to: it opens for this metric alone. */
function placeOfMetric(id: string): string {
  return `metric ${id}`;
}

/** Seals the signing key of a REMOTE metric. */
export function sealedSecret(secrets: SecretBox, metricId: string, secret: string): string {
  return secrets.seal(secret, placeOfMetric(metricId));
}

/** Opens it; null is none. Throws SecretUnreadableError under another key. */
export function openedSecret(secrets: SecretBox, metricId: string, sealed: string | null): string | null {
  return sealed === null ? null : secrets.open(sealed, placeOfMetric(metricId));
}
