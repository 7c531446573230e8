import type { Db } from "../db/index.js";
import { DEFAULT_LIMITS, type EndpointLimits } from "../endpoints/index.js";
import { NotFoundError } from "../errors.js";
import type { SecretBox } from "../secrets.js";
import type { Scope } from "../viewer.js";
import { openedSecret } from "./metric-secrets.js";
import { findMetricsByIds, findSealedSecrets } from "./metrics.repository.js";

/** How a REMOTE metric is called now, whatever version of it a run has pinned. Never log it. */
export interface RemoteMetricTarget {
  /** Signs requests; null for none. */
  readonly secret: string | null;
  readonly limits: EndpointLimits;
}

/** Reads the limits and secrets of REMOTE metrics: they are live, as those of endpoints are. */
export class RemoteMetricTargets {
  readonly #db: Db;
  readonly #secrets: SecretBox;

  constructor(deps: { db: Db; secrets: SecretBox }) {
    this.#db = deps.db;
    this.#secrets = deps.secrets;
  }

  /** Deleted metrics included, whose runs go on. NOT_FOUND. Two statements. */
  async read(scope: Scope, metricId: string): Promise<RemoteMetricTarget> {
    const [[metric], sealed] = await Promise.all([findMetricsByIds(this.#db, scope, [metricId]), findSealedSecrets(this.#db, scope, [metricId])]);
    if (metric === undefined) throw new NotFoundError("metric", metricId);
    return { secret: openedSecret(this.#secrets, metricId, sealed.get(metricId) ?? null), limits: metric.limits ?? DEFAULT_LIMITS };
  }
}
