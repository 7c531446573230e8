import type { ExchangeOutcome } from "../endpoints/index.js";
import type { CallRunner, LimitedCall } from "../scoring/index.js";
import type { CallGate } from "./call-gate.js";
import { CallDeferred, callWithRetries } from "./call-with-retries.js";
import type { EndpointHolds } from "./endpoint-holds.js";

export interface LimitedCallsDeps {
  readonly gate: CallGate;
  readonly holds: EndpointHolds;
  readonly now: () => Date;
  readonly random: () => number;
}

/** Kept counts beyond this number are dropped together: their work went on in other processes. */
const MAX_KEPT = 10_000;

/**
 * Calls of models and remote metrics, under the same gate and with the same retries and holds as those of endpoints.
 * The attempts of work that was given up for a while are counted on when it is begun again here, so that a judge that
 * always asks for patience cannot keep a run from ending.
 */
export class LimitedCalls implements CallRunner {
  readonly #deps: LimitedCallsDeps;
  readonly #tries = new Map<string, number>();

  constructor(deps: LimitedCallsDeps) {
    this.#deps = deps;
  }

  async run<O extends ExchangeOutcome>(call: LimitedCall<O>, signal: AbortSignal): Promise<O> {
    const { gate, holds, now, random } = this.#deps;
    const { scope, id, work, party, limits } = call;
    const counted = work === null ? 0 : (this.#tries.get(work) ?? 0);
    const longWaits = { heldMs: () => holds.heldMs(scope, id), hold: (forMs: number) => holds.hold(scope, id, forMs), mayBeDeferred: work !== null };
    const enter = (each: AbortSignal): Promise<() => void> => gate.enter(scope, id, limits, each, party).then(({ leave }) => leave);
    try {
      const { outcome, leave } = await callWithRetries({ now, random, enter, holds: longWaits, attempt: call.attempt }, await limits(), signal, { made: counted, counted });
      leave();
      if (work !== null) this.#tries.delete(work);
      return outcome;
    } catch (error) {
      if (error instanceof CallDeferred && work !== null) this.#note(work, counted + error.attempts.length);
      throw error;
    }
  }

  #note(work: string, tries: number): void {
    if (this.#tries.size >= MAX_KEPT) this.#tries.clear();
    this.#tries.set(work, tries);
  }
}
