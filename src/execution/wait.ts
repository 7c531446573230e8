import { setTimeout as delay } from "node:timers/promises";

/** Waits, or throws the signal's reason at once when it aborts. Nothing here sleeps without a signal. */
export async function wait(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) throw signal.reason;
  if (ms <= 0) return;
  try {
    await delay(ms, undefined, { signal });
  } catch {
    throw signal.reason; // the timer's own AbortError hides why
  }
}
