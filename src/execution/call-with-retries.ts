import type { CallOutcome, EndpointLimits } from "../endpoints/index.js";
import type { Attempt, EarlierTries } from "../runs/index.js";
import { WorkDeferred } from "../scoring/index.js";
import { wait } from "./wait.js";

const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 30_000;
/** A longer Retry-After is not waited for in place: the work would hold a slice, and others would go on calling. */
export const LONG_WAIT_MS = 30_000;

/** What of an attempt's outcome retries look at: endpoints, models and remote metrics have it in common. */
export type AttemptOutcome = Pick<CallOutcome & { ok: true }, "ok" | "httpStatus" | "latencyMs"> | Omit<CallOutcome & { ok: false }, "raw">;

/** How a call ended after all its attempts. */
export interface RetriedCall<O extends AttemptOutcome = CallOutcome> {
  readonly outcome: O;
  readonly attempts: readonly Attempt[];
  /** Gives the last attempt's permit back: whoever asked calls it once the outcome is stored, or is not to be. */
  readonly leave: () => void;
}

/** What a call needs: one attempt at a time, each let in by the gate. */
export interface RetryDeps<O extends AttemptOutcome = CallOutcome> {
  readonly attempt: (signal: AbortSignal) => Promise<O>;
  readonly enter: (signal: AbortSignal) => Promise<() => void>;
  readonly now: () => Date;
  readonly random: () => number;
  /** What long waits need; without it they are waited for in place. */
  readonly holds?: LongWaits;
}

/** How a call that is to wait for long is handled. */
export interface LongWaits {
  /** For how many ms whoever is called wants no calls; 0: it may be called. */
  readonly heldMs: () => number;
  /** Notes for everyone that it wants none for so long. */
  readonly hold: (forMs: number) => Promise<void>;
  /** Whether the call may be given up here, to be gone on with later. */
  readonly mayBeDeferred: boolean;
}

/** Why a call was given up for now: whoever is called wants to be left alone. Its attempts so far are to be kept. */
export class CallDeferred extends WorkDeferred {
  constructor(
    readonly attempts: readonly Attempt[],
    forMs: number,
  ) {
    super(forMs);
    this.name = "CallDeferred";
  }
}

/** How long to wait after failed attempt `number`: what Retry-After says, else exponential with full jitter. */
export function retryDelayMs(number: number, retryAfterMs: number | null, random: () => number): number {
  if (retryAfterMs !== null) return retryAfterMs;
  return random() * Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (number - 1));
}

/**
 * The only place that retries calls: transient failures up to maxAttempts, every attempt kept, those of `earlier`
 * counted. Between attempts the call holds no permit, and no wait counts as latency. Throws the signal's reason, or
 * CallDeferred, and then holds none either.
 */
export async function callWithRetries<O extends AttemptOutcome>(
  deps: RetryDeps<O>,
  limits: Pick<EndpointLimits, "maxAttempts">,
  signal: AbortSignal,
  earlier: Pick<EarlierTries, "made" | "counted"> = { made: 0, counted: 0 },
): Promise<RetriedCall<O>> {
  const attempts: Attempt[] = [];
  for (;;) {
    const leave = await enterUnheld(deps, attempts, signal);
    const startedAt = deps.now();
    let outcome: O;
    try {
      outcome = await deps.attempt(signal);
    } catch (error) {
      leave();
      throw error;
    }
    attempts.push(toAttempt(earlier.made + attempts.length + 1, startedAt, outcome));
    if (outcome.ok) return { outcome, attempts, leave };
    const afterMs = outcome.retryAfterMs;
    const count = earlier.counted + attempts.length;
    const isLast = !outcome.error.retryable || count >= limits.maxAttempts;
    if (!isLast) leave();
    const isLong = afterMs !== null && afterMs > LONG_WAIT_MS;
    if (isLong) await noted(deps.holds, afterMs, leave);
    if (isLast) return { outcome, attempts, leave };
    // A long wait that is held for everyone begins at the gate.
    if (!isLong || deps.holds === undefined) await wait(retryDelayMs(count, afterMs, deps.random), signal);
  }
}

/** Notes the wait for everyone; a permit that is still held is given back where that fails. */
async function noted(holds: LongWaits | undefined, forMs: number, leave: () => void): Promise<void> {
  try {
    await holds?.hold(forMs);
  } catch (error) {
    leave();
    throw error;
  }
}

/** Waits for the gate, and for the end of a hold; gives up where that is for long. */
async function enterUnheld<O extends AttemptOutcome>({ enter, holds }: RetryDeps<O>, attempts: readonly Attempt[], signal: AbortSignal): Promise<() => void> {
  for (;;) {
    let heldMs = holds?.heldMs() ?? 0;
    if (heldMs <= 0) {
      const leave = await enter(signal);
      // It may have been held while this call waited.
      heldMs = holds?.heldMs() ?? 0;
      if (heldMs <= 0) return leave;
      leave();
    }
    if (holds?.mayBeDeferred === true) throw new CallDeferred(attempts, heldMs);
    await wait(heldMs, signal);
  }
}

function toAttempt(number: number, startedAt: Date, outcome: AttemptOutcome): Attempt {
  const common = { number, turn: null, startedAt: startedAt.toISOString(), latencyMs: outcome.latencyMs };
  if (outcome.ok) return { ...common, httpStatus: outcome.httpStatus, error: null, retryAfterMs: null };
  return { ...common, httpStatus: outcome.error.httpStatus, error: outcome.error, retryAfterMs: outcome.retryAfterMs };
}
