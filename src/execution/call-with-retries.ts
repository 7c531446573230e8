import type { CallOutcome, EndpointLimits } from "../endpoints/index.js";
import type { Attempt } from "../runs/index.js";
import { wait } from "./wait.js";

const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 30_000;

/** What of an attempt's outcome retries look at: endpoints, models and remote metrics have it in common. */
export type AttemptOutcome = Pick<CallOutcome & { ok: true }, "ok" | "httpStatus" | "latencyMs"> | Omit<CallOutcome & { ok: false }, "raw">;

/** How a call ended after all its attempts. */
export interface RetriedCall<O extends AttemptOutcome = CallOutcome> {
  readonly outcome: O;
  readonly attempts: readonly Attempt[];
}

/** What a call needs: one attempt at a time, each let in by the gate. */
export interface RetryDeps<O extends AttemptOutcome = CallOutcome> {
  readonly attempt: (signal: AbortSignal) => Promise<O>;
  readonly enter: (signal: AbortSignal) => Promise<() => void>;
  readonly now: () => Date;
  readonly random: () => number;
}

/** How long to wait after failed attempt `number`: what Retry-After says, else exponential with full jitter. */
export function retryDelayMs(number: number, retryAfterMs: number | null, random: () => number): number {
  if (retryAfterMs !== null) return retryAfterMs;
  return random() * Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (number - 1));
}

/**
 * The only place that retries calls: transient failures up to maxAttempts, every attempt kept. Between attempts the
 * call holds no permit, and no wait counts as latency. Throws only the signal's reason.
 */
export async function callWithRetries<O extends AttemptOutcome>(deps: RetryDeps<O>, limits: Pick<EndpointLimits, "maxAttempts">, signal: AbortSignal): Promise<RetriedCall<O>> {
  const attempts: Attempt[] = [];
  for (let number = 1; ; number += 1) {
    const leave = await deps.enter(signal);
    const startedAt = deps.now();
    let outcome: O;
    try {
      outcome = await deps.attempt(signal);
    } finally {
      leave();
    }
    attempts.push(toAttempt(number, startedAt, outcome));
    if (outcome.ok || !outcome.error.retryable || number >= limits.maxAttempts) return { outcome, attempts };
    await wait(retryDelayMs(number, outcome.retryAfterMs, deps.random), signal);
  }
}

function toAttempt(number: number, startedAt: Date, outcome: AttemptOutcome): Attempt {
  const common = { number, turn: null, startedAt: startedAt.toISOString(), latencyMs: outcome.latencyMs };
  if (outcome.ok) return { ...common, httpStatus: outcome.httpStatus, error: null, retryAfterMs: null };
  return { ...common, httpStatus: outcome.error.httpStatus, error: outcome.error, retryAfterMs: outcome.retryAfterMs };
}
