import type { Db } from "../db/index.js";
import type { EndpointLimits } from "../endpoints/index.js";
import type { Scope } from "../viewer.js";
import { waitForTurn } from "./endpoint-pace.js";
import type { EndpointPermits } from "./endpoint-permits.js";
import { FairPlaces } from "./fair-places.js";

/** This process's places for calls. */
export interface Places {
  acquire(signal: AbortSignal, party: string): Promise<() => void>;
}

/** For every so many calls a minute one more call of an endpoint may wait for its turn at a time: taking a turn asks the database. */
const CALLS_PER_WAITER = 3_000;

/** How often a waiting call looks at its limits: nobody else may come to tell of new ones. */
const LOOK_MS = 1_000;

/** A call that waits for its start. */
interface WaitingCall {
  readonly scope: Scope;
  readonly endpointId: string;
  /** Those of now. */
  readonly limits: () => EndpointLimits;
  readonly signal: AbortSignal;
  readonly party: string;
}

/** How a call that was let in leaves again. */
export interface Entry {
  /** Frees this process's place: the call has ended. */
  readonly leavePlace: () => void;
  /** Gives everything back, the endpoint's permit too. */
  readonly leave: () => void;
}

/** Lets a call start when the endpoint's limits, over all workers, and this process's own allow it. */
export class CallGate {
  readonly #deps: { db: Db; permits: EndpointPermits; places: Places; onWait?: () => () => void };
  /** Who may wait for a turn of an endpoint, by endpoint and how many may at a time. */
  readonly #turnstiles = new Map<string, FairPlaces>();

  /** `onWait` is told of each call that begins to wait, and answers whom to tell when it may start. */
  constructor(deps: { db: Db; permits: EndpointPermits; places: Places; onWait?: () => () => void }) {
    this.#deps = deps;
  }

  /**
   * Waits and answers how to leave. Throws the signal's reason when it aborts first. The endpoint's permit comes
   * first: a full endpoint must not hold the process's places, and turns that then wait for permits would bunch up.
   * `limits` is asked again while the call waits, so that a changed one holds within seconds. `party` is whose call
   * it is, a run's: turns go round over them.
   */
  async enter(scope: Scope, endpointId: string, limits: () => Promise<EndpointLimits>, signal: AbortSignal, party = ""): Promise<Entry> {
    const begin = this.#deps.onWait?.();
    let now = await limits();
    const look = async (): Promise<void> => {
      now = await limits();
      this.#deps.permits.changeLimit(endpointId, now.maxConcurrency);
    };
    const timer = setInterval(() => void look().catch(() => undefined), LOOK_MS); // the next look tells
    const call = { scope, endpointId, limits: () => now, signal, party };
    try {
      const entry = await (now.requestsPerMinute === null ? this.#take(call) : this.#takeInTurn(call, now.requestsPerMinute));
      begin?.();
      return entry;
    } finally {
      clearInterval(timer);
    }
  }

  /** A permit, a place, and the call's turn where the endpoint has a pace. */
  async #take({ scope, endpointId, limits, signal, party }: WaitingCall): Promise<Entry> {
    const left: (() => void)[] = [];
    const leave = (): void => left.splice(0).forEach((each) => each());
    try {
      left.push(await this.#deps.permits.acquire(endpointId, limits().maxConcurrency, signal, party));
      const leavePlace = await this.#deps.places.acquire(signal, party);
      left.push(leavePlace);
      await waitForTurn(this.#deps.db, scope, { endpointId, requestsPerMinute: () => limits().requestsPerMinute }, signal);
      return { leavePlace, leave };
    } catch (error) {
      leave();
      throw error;
    }
  }

  /**
   * The same where there is a pace. Few wait for their turns at a time: they hold a place meanwhile that others could
   * use, and who waits before them may still be overtaken by a small run's calls.
   */
  async #takeInTurn(call: WaitingCall, requestsPerMinute: number): Promise<Entry> {
    const leaveTurnstile = await this.#turnstile(call.endpointId, requestsPerMinute).acquire(call.signal, call.party);
    try {
      return await this.#take(call);
    } finally {
      leaveTurnstile();
    }
  }

  #turnstile(endpointId: string, requestsPerMinute: number): FairPlaces {
    const waiters = Math.ceil(requestsPerMinute / CALLS_PER_WAITER);
    const key = `${endpointId}/${waiters}`;
    const found = this.#turnstiles.get(key) ?? new FairPlaces(waiters);
    this.#turnstiles.set(key, found);
    return found;
  }
}
