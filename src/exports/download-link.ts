import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { ForbiddenError } from "../errors.js";
import { IdKind, isId } from "../ids.js";
import type { Scope } from "../viewer.js";
import { ENDING, type ExportFormat } from "./export-format.js";

/** How long a link works: enough to be clicked, too short to be passed on. */
export const LINK_LIFETIME_MS = 5 * 60_000;

/** What a link is good for: one format of one run. */
export interface LinkTarget {
  readonly runId: string;
  readonly format: ExportFormat;
}

/**
 * Paths that carry their own permission. The signature binds run, organization, format and expiry, under a key that is
 * derived from SECRET_KEY, so that every process of an installation knows it and nothing is stored.
 */
export class DownloadLinks {
  readonly #key: Buffer;
  readonly #now: () => Date;

  constructor(deps: { secretKey: Buffer; now: () => Date }) {
    this.#key = Buffer.from(hkdfSync("sha256", deps.secretKey, Buffer.alloc(0), "assay download links", 32));
    this.#now = deps.now;
  }

  /** The path with a signature that is good for five minutes. */
  sign({ organizationId }: Scope, target: LinkTarget): string {
    const expires = String(Math.floor((this.#now().getTime() + LINK_LIFETIME_MS) / 1_000));
    const query = new URLSearchParams({ organization: organizationId, expires, signature: this.#signature(organizationId, target, expires).toString("base64url") });
    return `/runs/${target.runId}/results.${ENDING[target.format]}?${query.toString()}`;
  }

  /** Whose run a link's query gives access to. FORBIDDEN: LINK_INVALID, LINK_EXPIRED. */
  verify(query: URLSearchParams, target: LinkTarget): Scope {
    const [organizationId, expires, signature] = [query.get("organization") ?? "", query.get("expires") ?? "", query.get("signature") ?? ""];
    const given = Buffer.from(signature, "base64url");
    const expected = this.#signature(organizationId, target, expires);
    // Compared as text, too: base64url has several texts for the same bytes, and one link is enough.
    const isOurs = given.length === expected.length && timingSafeEqual(given, expected) && signature === expected.toString("base64url");
    if (!isOurs || !isId(organizationId, IdKind.ORGANIZATION)) throw new ForbiddenError("LINK_INVALID", "The link's signature is not one of this gateway for this file. Ask the run for its downloads again.");
    if (Number(expires) * 1_000 < this.#now().getTime()) throw new ForbiddenError("LINK_EXPIRED", "The link was good for five minutes and has expired. Ask the run for its downloads again.");
    return { organizationId };
  }

  #signature(organizationId: string, { runId, format }: LinkTarget, expires: string): Buffer {
    return createHmac("sha256", this.#key).update([organizationId, runId, format, expires].join("\n")).digest();
  }
}
