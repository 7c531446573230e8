import type { Db } from "../db/index.js";
import { NotFoundError } from "../errors.js";
import type { SecretBox } from "../secrets.js";
import type { Scope } from "../viewer.js";
import type { CallTarget } from "./call.js";
import { openCredentials } from "./endpoint-credentials.js";
import { findEndpointVersionsByIds, findLiveSettings } from "./endpoint.repository.js";

/** Puts together whom a run calls: the version that it pinned, with the limits and secrets of now. */
export class EndpointTargets {
  readonly #db: Db;
  readonly #secrets: SecretBox;

  constructor(deps: { db: Db; secrets: SecretBox }) {
    this.#db = deps.db;
    this.#secrets = deps.secrets;
  }

  /** The target; deleted endpoints included, whose runs go on. NOT_FOUND when the endpoint has no such version. Two statements. */
  async read(scope: Scope, args: { endpointId: string; versionId: string }): Promise<CallTarget> {
    const [[settings], [version]] = await Promise.all([findLiveSettings(this.#db, scope, [args.endpointId]), findEndpointVersionsByIds(this.#db, scope, [args.versionId])]);
    if (settings === undefined) throw new NotFoundError("endpoint", args.endpointId);
    if (version?.endpointId !== args.endpointId) throw new NotFoundError("endpoint version", args.versionId);
    const { timeoutMs, maxConcurrency, requestsPerMinute, maxAttempts } = settings;
    return { version, credentials: openCredentials(this.#secrets, args.endpointId, settings.credentials), limits: { timeoutMs, maxConcurrency, requestsPerMinute, maxAttempts } };
  }
}
