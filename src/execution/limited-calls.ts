import type { ExchangeOutcome } from "../endpoints/index.js";
import type { CallRunner, LimitedCall } from "../scoring/index.js";
import type { CallGate } from "./call-gate.js";
import { callWithRetries } from "./call-with-retries.js";

/** Calls of models and remote metrics, under the same gate and with the same retries as those of endpoints. */
export class LimitedCalls implements CallRunner {
  readonly #deps: { readonly gate: CallGate; readonly now: () => Date; readonly random: () => number };

  constructor(deps: { readonly gate: CallGate; readonly now: () => Date; readonly random: () => number }) {
    this.#deps = deps;
  }

  async run<O extends ExchangeOutcome>(call: LimitedCall<O>, signal: AbortSignal): Promise<O> {
    const { gate, now, random } = this.#deps;
    const enter = async (each: AbortSignal): Promise<() => void> => gate.enter(call.scope, call.id, await call.limits(), each, call.party);
    const { outcome } = await callWithRetries({ now, random, enter, attempt: call.attempt }, await call.limits(), signal);
    return outcome;
  }
}
