import type { Db } from "../db/index.js";
import type { EventBus } from "../events/index.js";
import type { Scope } from "../viewer.js";
import { holdEndpoint, readHold } from "./endpoint-pace.repository.js";

/** Published with an organization's and an endpoint's id when the endpoint asked to be left alone for long. */
export const ENDPOINT_HELD = "endpoint-held";
/** A longer wait is taken for this one: nobody can take back what a faulty Retry-After of a year would do. */
const MAX_HOLD_MS = 3_600_000;

/** What a hold is of. */
interface Held {
  readonly scope: Scope;
  readonly endpointId: string;
  /** By this process's clock that never goes back. */
  readonly until: number;
}

/**
 * Which endpoints want no calls for a while, in all processes: who is told so notes it in the database, from which the
 * others read it when they are told, and when they begin to work on a run of the endpoint.
 */
export class EndpointHolds {
  readonly #deps: { db: Db; bus: EventBus };
  readonly #held = new Map<string, Held>();

  constructor(deps: { db: Db; bus: EventBus }) {
    this.#deps = deps;
  }

  /** Listens to the other processes; answers how to stop. */
  listen(): () => void {
    const stops = [
      this.#deps.bus.subscribe(ENDPOINT_HELD, (key) => {
        const [organizationId = "", endpointId = ""] = key.split(" ");
        void this.#look({ organizationId }, endpointId);
      }),
      this.#deps.bus.onGap(() => {
        for (const { scope, endpointId } of this.#held.values()) void this.#look(scope, endpointId);
      }),
    ];
    return () => stops.forEach((stop) => stop());
  }

  /** Lets nobody call the endpoint for so long, from now on and everywhere. */
  async hold(scope: Scope, endpointId: string, forMs: number): Promise<void> {
    const ms = Math.min(forMs, MAX_HOLD_MS);
    this.#note(scope, endpointId, ms);
    await this.#deps.db.transaction().execute(async (trx) => {
      await holdEndpoint(trx, scope, { endpointId, forMs: ms });
      await this.#deps.bus.publish(trx, ENDPOINT_HELD, `${scope.organizationId} ${endpointId}`);
    });
  }

  /** For how many ms the endpoint wants no calls, as far as this process knows; 0: it may be called. */
  heldMs(scope: Scope, endpointId: string): number {
    const key = keyOf(scope, endpointId);
    const left = (this.#held.get(key)?.until ?? 0) - performance.now();
    if (left <= 0) this.#held.delete(key);
    return Math.max(0, left);
  }

  /** Reads whether the endpoint is held, and answers as `heldMs` does. */
  async refresh(scope: Scope, endpointId: string): Promise<number> {
    const ms = await readHold(this.#deps.db, scope, endpointId);
    if (ms > 0) this.#note(scope, endpointId, ms);
    else this.#held.delete(keyOf(scope, endpointId));
    return ms;
  }

  #note(scope: Scope, endpointId: string, ms: number): void {
    this.#held.set(keyOf(scope, endpointId), { scope: { organizationId: scope.organizationId }, endpointId, until: performance.now() + ms });
  }

  async #look(scope: Scope, endpointId: string): Promise<void> {
    // The database is away: the next slice reads it.
    await this.refresh(scope, endpointId).catch(() => undefined);
  }
}

function keyOf(scope: Scope, endpointId: string): string {
  return `${scope.organizationId} ${endpointId}`;
}
