import type { Db } from "../db/index.js";
import type { EndpointLimits } from "../endpoints/index.js";
import type { Scope } from "../viewer.js";
import { waitForTurn } from "./endpoint-pace.js";
import type { EndpointPermits } from "./endpoint-permits.js";
import type { Semaphore } from "./semaphore.js";

/** Lets a call start when the endpoint's limits, over all workers, and this process's own allow it. */
export class CallGate {
  readonly #deps: { db: Db; permits: EndpointPermits; places: Semaphore };

  constructor(deps: { db: Db; permits: EndpointPermits; places: Semaphore }) {
    this.#deps = deps;
  }

  /**
   * Waits and answers how to leave. Throws the signal's reason when it aborts first. The endpoint's permit comes
   * first: a full endpoint must not hold the process's places, and turns that then wait for permits would bunch up.
   */
  async enter(scope: Scope, endpointId: string, limits: EndpointLimits, signal: AbortSignal): Promise<() => void> {
    const leaveEndpoint = await this.#deps.permits.acquire(endpointId, limits.maxConcurrency, signal);
    try {
      const leaveProcess = await this.#deps.places.acquire(signal);
      try {
        if (limits.requestsPerMinute !== null) await waitForTurn(this.#deps.db, scope, { endpointId, requestsPerMinute: limits.requestsPerMinute }, signal);
      } catch (error) {
        leaveProcess();
        throw error;
      }
      return () => {
        leaveProcess();
        leaveEndpoint();
      };
    } catch (error) {
      leaveEndpoint();
      throw error;
    }
  }
}
