import { createHmac } from "node:crypto";

/** The header by which receivers tell that a request is from their gateway, and when it was signed. */
export const SIGNATURE_HEADER = "assay-signature";

/**
 * The value of the header: `t=SECONDS,v1=HEX`, where HEX is the HMAC-SHA256 under the metric's secret of the seconds,
 * a dot, and the body's bytes. The time is signed, too, so that what was overheard cannot be sent again later.
 */
export function signatureOf(secret: string, body: string, at: Date): string {
  const seconds = Math.floor(at.getTime() / 1000);
  return `t=${seconds},v1=${createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex")}`;
}
