import { setTimeout as delay } from "node:timers/promises";

/** A longer timer would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Waits, or throws the signal's reason at once when it aborts. Nothing here sleeps without a signal. */
export async function wait(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) throw signal.reason;
  try {
    for (let left = ms; left > 0; left -= MAX_TIMER_MS) await delay(Math.min(left, MAX_TIMER_MS), undefined, { signal });
  } catch {
    throw signal.reason; // the timer's own AbortError hides why
  }
}
