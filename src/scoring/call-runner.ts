import type { EndpointLimits, ExchangeOutcome } from "../endpoints/index.js";
import type { Scope } from "../viewer.js";

/** A call under limits: attempts are let in and repeated by whoever runs it. */
export interface LimitedCall<O> {
  readonly scope: Scope;
  /** Whose call it is, a run: calls take turns over the parties. */
  readonly party: string;
  /** What is called: limits hold over all calls of one id, in all workers. */
  readonly id: string;
  /**
   * What it is for, such as a result's metric, when that may be given up for a while and begun again; null when it may
   * not. Attempts under one name are counted together.
   */
  readonly work: string | null;
  /** The limits of now; read again before each attempt. */
  readonly limits: () => Promise<EndpointLimits>;
  readonly attempt: (signal: AbortSignal) => Promise<O>;
}

/** Why work was given up for now: whoever is called wants to be left alone for long. It is to be begun again later. */
export class WorkDeferred extends Error {
  constructor(readonly forMs: number) {
    super(`The call waits for ${Math.ceil(forMs / 1_000)} s.`);
    this.name = "WorkDeferred";
  }
}

/** Runs calls under their limits over all workers, with the retries that endpoints have. Throws the signal's reason, or WorkDeferred. */
export interface CallRunner {
  run<O extends ExchangeOutcome>(call: LimitedCall<O>, signal: AbortSignal): Promise<O>;
}
