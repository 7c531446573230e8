import type { Db } from "../db/index.js";
import type { EndpointLimits } from "../endpoints/index.js";
import type { Scope } from "../viewer.js";
import { waitForTurn } from "./endpoint-pace.js";
import type { EndpointPermits } from "./endpoint-permits.js";

/** This process's places for calls. */
export interface Places {
  acquire(signal: AbortSignal, party: string): Promise<() => void>;
}

/** Lets a call start when the endpoint's limits, over all workers, and this process's own allow it. */
export class CallGate {
  readonly #deps: { db: Db; permits: EndpointPermits; places: Places; onWait?: () => () => void };

  /** `onWait` is told of each call that begins to wait, and answers whom to tell when it may start. */
  constructor(deps: { db: Db; permits: EndpointPermits; places: Places; onWait?: () => () => void }) {
    this.#deps = deps;
  }

  /** Lets a changed limit hold for the calls that wait already. */
  changeLimit(endpointId: string, limits: EndpointLimits): void {
    this.#deps.permits.changeLimit(endpointId, limits.maxConcurrency);
  }

  /**
   * Waits and answers how to leave. Throws the signal's reason when it aborts first. The endpoint's permit comes
   * first: a full endpoint must not hold the process's places, and turns that then wait for permits would bunch up.
   * `party` is whose call it is, a run's: turns go round over them.
   */
  async enter(scope: Scope, endpointId: string, limits: EndpointLimits, signal: AbortSignal, party = ""): Promise<() => void> {
    const begin = this.#deps.onWait?.();
    const leaveEndpoint = await this.#deps.permits.acquire(endpointId, limits.maxConcurrency, signal, party);
    try {
      const leaveProcess = await this.#deps.places.acquire(signal, party);
      try {
        if (limits.requestsPerMinute !== null) await waitForTurn(this.#deps.db, scope, { endpointId, requestsPerMinute: limits.requestsPerMinute }, signal);
      } catch (error) {
        leaveProcess();
        throw error;
      }
      begin?.();
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
