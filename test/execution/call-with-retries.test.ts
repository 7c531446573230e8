import { describe, expect, it } from "vitest";
import type { CallOutcome } from "../../src/endpoints/index.js";
import { CallDeferred, callWithRetries, type LongWaits, retryDelayMs } from "../../src/execution/call-with-retries.js";

const ok: CallOutcome = { ok: true, httpStatus: 200, latencyMs: 7, answer: { output: "fine" } } as unknown as CallOutcome;
const failed = (retryable: boolean, more: { retryAfterMs?: number; httpStatus?: number } = {}): CallOutcome =>
  ({ ok: false, latencyMs: 3, retryAfterMs: more.retryAfterMs ?? null, error: { type: "HTTP", message: "No.", httpStatus: more.httpStatus ?? 503, retryable } }) as unknown as CallOutcome;

/** Answers one outcome after another, and records what happens in its order. */
function far(outcomes: readonly (CallOutcome | Error)[], options: { random?: number; enter?: (signal: AbortSignal) => Promise<void> } = {}) {
  const events: string[] = [];
  let inside = 0;
  let attempts = 0;
  let clock = 1_000;
  const deps = {
    attempt: async (signal: AbortSignal): Promise<CallOutcome> => {
      if (inside !== 1) throw new Error("An attempt was made without a permit.");
      const outcome = outcomes[Math.min(attempts, outcomes.length - 1)];
      attempts += 1;
      events.push(`attempt ${attempts}`);
      clock += 10;
      await new Promise((resolve) => setTimeout(resolve, 1));
      signal.throwIfAborted();
      if (outcome instanceof Error || outcome === undefined) throw outcome ?? new Error("Nothing is left to answer.");
      return outcome;
    },
    enter: async (signal: AbortSignal) => {
      await options.enter?.(signal);
      inside += 1;
      events.push("enter");
      return () => {
        inside -= 1;
        events.push("leave");
      };
    },
    now: () => new Date(clock),
    random: () => {
      events.push(inside === 0 ? "wait" : "wait inside");
      return options.random ?? 0.001;
    },
  };
  return { deps, events, inside: () => inside, attempts: () => attempts };
}
const never = new AbortController().signal;

describe("callWithRetries", () => {
  it("makes one attempt when it succeeds", async () => {
    const { deps, events } = far([ok]);
    const { outcome, attempts, leave } = await callWithRetries(deps, { maxAttempts: 3 }, never);
    expect(outcome).toBe(ok);
    // The permit is held until whoever asked gives it back: a call is in flight until its outcome is stored.
    expect(events).toEqual(["enter", "attempt 1"]);
    leave();
    expect(attempts).toEqual([{ number: 1, turn: null, startedAt: new Date(1_000).toISOString(), latencyMs: 7, httpStatus: 200, error: null, retryAfterMs: null }]);
    expect(events).toEqual(["enter", "attempt 1", "leave"]);
  });

  it("tries transient failures again up to maxAttempts, and keeps every attempt", async () => {
    const { deps, events } = far([failed(true)]);
    const { outcome, attempts, leave } = await callWithRetries(deps, { maxAttempts: 3 }, never);
    leave();
    expect(outcome).toMatchObject({ ok: false, error: { httpStatus: 503 } });
    expect(attempts.map((attempt) => [attempt.number, attempt.error?.httpStatus, attempt.startedAt])).toEqual([1, 2, 3].map((number) => [number, 503, new Date(1_000 + (number - 1) * 10).toISOString()]));
    // No permit is held while it waits.
    expect(events).toEqual(["enter", "attempt 1", "leave", "wait", "enter", "attempt 2", "leave", "wait", "enter", "attempt 3", "leave"]);
  });

  it("ends with the first success", async () => {
    const { deps } = far([failed(true), failed(true, { httpStatus: 429 }), ok, ok]);
    const { outcome, attempts } = await callWithRetries(deps, { maxAttempts: 10 }, never);
    expect(outcome).toBe(ok);
    expect(attempts.map((attempt) => attempt.httpStatus)).toEqual([503, 429, 200]);
  });

  it("takes a final failure for final", async () => {
    const { deps, attempts } = far([failed(false, { httpStatus: 400 }), ok]);
    expect((await callWithRetries(deps, { maxAttempts: 5 }, never)).outcome).toMatchObject({ ok: false, error: { httpStatus: 400 } });
    expect(attempts()).toBe(1);
  });

  it("makes one attempt where maxAttempts is 1", async () => {
    const { deps, attempts } = far([failed(true)]);
    await callWithRetries(deps, { maxAttempts: 1 }, never);
    expect(attempts()).toBe(1);
  });

  it("waits as long as Retry-After says", async () => {
    const { deps, events } = far([failed(true, { retryAfterMs: 120 }), ok]);
    const begun = performance.now();
    const { attempts } = await callWithRetries(deps, { maxAttempts: 2 }, never);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(119);
    expect(attempts[0]?.retryAfterMs).toBe(120);
    expect(events).not.toContain("wait");
  });

  it("ends with the signal's reason while it waits, enters or calls, and gives its permit back", async () => {
    const reason = new Error("cancelled");
    const waiting = new AbortController();
    const first = far([failed(true, { retryAfterMs: 60_000 })]);
    const inWait = callWithRetries(first.deps, { maxAttempts: 2 }, waiting.signal);
    setTimeout(() => waiting.abort(reason), 20);
    await expect(inWait).rejects.toBe(reason);
    expect(first.inside()).toBe(0);

    const entering = new AbortController();
    const second = far([ok], { enter: (signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))) });
    const inEnter = callWithRetries(second.deps, { maxAttempts: 2 }, entering.signal);
    entering.abort(reason);
    await expect(inEnter).rejects.toBe(reason);
    expect(second.attempts()).toBe(0);

    const calling = new AbortController();
    const third = far([ok]);
    const inCall = callWithRetries(third.deps, { maxAttempts: 2 }, calling.signal);
    setTimeout(() => calling.abort(reason), 0);
    await expect(inCall).rejects.toBe(reason);
    expect(third.inside()).toBe(0);
  });

  it("gives its permit back when the call breaks in a way that nobody expected", async () => {
    const { deps, inside } = far([new Error("a fault of ours")]);
    await expect(callWithRetries(deps, { maxAttempts: 3 }, never)).rejects.toThrow("a fault of ours");
    expect(inside()).toBe(0);
  });
});

describe("retryDelayMs", () => {
  it("is exponential with full jitter, up to half a minute", () => {
    const most = (number: number): number => retryDelayMs(number, null, () => 1);
    expect([1, 2, 3, 4, 5, 6, 7, 8, 50].map(most)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    expect(retryDelayMs(5, null, () => 0)).toBe(0);
    expect(retryDelayMs(3, null, () => 0.25)).toBe(500);
  });

  it("is what Retry-After says, whatever the attempt", () => {
    expect(retryDelayMs(1, 90_000, () => 1)).toBe(90_000);
    expect(retryDelayMs(9, 0, () => 1)).toBe(0);
  });
});

describe("a long wait", () => {
  /** What a worker knows of the endpoint's hold. */
  function holding(mayBeDeferred: boolean, heldMs = 0): LongWaits & { readonly holds: number[] } {
    const holds: number[] = [];
    let left = heldMs;
    return {
      holds,
      mayBeDeferred,
      heldMs: () => {
        const now = left;
        left = mayBeDeferred ? left : 0; // it ends while the call waits
        return now;
      },
      hold: (forMs) => {
        holds.push(forMs);
        left = mayBeDeferred ? forMs : 5;
        return Promise.resolve();
      },
    };
  }
  const longAway = failed(true, { retryAfterMs: 40_000, httpStatus: 429 });

  it("is held for everyone, and gives the call up with its attempts", async () => {
    const { deps, inside } = far([longAway, ok]);
    const holds = holding(true);
    const call = callWithRetries({ ...deps, holds }, { maxAttempts: 3 }, never);
    await expect(call).rejects.toBeInstanceOf(CallDeferred);
    await expect(call).rejects.toMatchObject({ forMs: 40_000, attempts: [{ number: 1, httpStatus: 429, retryAfterMs: 40_000 }] });
    expect([holds.holds, inside()]).toEqual([[40_000], 0]);
  });

  it("is waited for where the call cannot be given up", async () => {
    const { deps } = far([longAway, ok]);
    const { attempts } = await callWithRetries({ ...deps, holds: holding(false) }, { maxAttempts: 3 }, never);
    expect(attempts.map((attempt) => attempt.httpStatus)).toEqual([429, 200]);
  });

  it("that others met keeps a call from its first attempt", async () => {
    const { deps, attempts } = far([ok]);
    await expect(callWithRetries({ ...deps, holds: holding(true, 9_000) }, { maxAttempts: 3 }, never)).rejects.toMatchObject({ forMs: 9_000, attempts: [] });
    expect(attempts()).toBe(0);
  });

  it("lets attempts count on: numbers follow those of before, and the limit includes those that count", async () => {
    const { deps } = far([failed(true)]);
    const { attempts } = await callWithRetries(deps, { maxAttempts: 3 }, never, { made: 5, counted: 1 });
    expect(attempts.map((attempt) => attempt.number)).toEqual([6, 7]);
  });

  it("is held also when the attempt was the last one", async () => {
    const { deps } = far([longAway]);
    const holds = holding(true);
    expect((await callWithRetries({ ...deps, holds }, { maxAttempts: 1 }, never)).outcome).toBe(longAway);
    expect(holds.holds).toEqual([40_000]);
  });
});
