import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { OutcomeBuffer, type WriteBatch } from "../../src/execution/outcome-buffer.js";
import { createLogger } from "../../src/log.js";
import type { Outcome } from "../../src/runs/index.js";

/** By the timers that the tests control. */
const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const log = createLogger({ level: "silent", service: "test" });
const away = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
const refusal = Object.assign(new Error("unsupported Unicode escape sequence"), { code: "22P05" });

function outcome(ordinal: number, more: Partial<Outcome> = {}): Outcome {
  const verdict = { status: "PASSED" as const, error: null, metricResults: [], finishedAt: new Date(0) };
  return { ordinal, testId: "t", testRevisionId: "r", output: null, outputRunId: "run", attempts: [], latencyMs: 1, startedAt: null, verdict, usage: {}, ...more };
}

interface Batch {
  readonly ordinals: readonly number[];
  readonly outcomes: readonly Outcome[];
  readonly running: Record<number, readonly number[]>;
}
/** Records batches; `answer` may hold one up or refuse it. */
function recorder(answer: (batch: Batch, number: number) => Promise<void> | void = () => undefined) {
  const batches: Batch[] = [];
  const concurrent = { now: 0, most: 0 };
  let tries = 0;
  const write: WriteBatch = async (outcomes, running) => {
    concurrent.now += 1;
    concurrent.most = Math.max(concurrent.most, concurrent.now);
    try {
      const batch = { ordinals: outcomes.map((each) => each.ordinal), outcomes, running: Object.fromEntries(running) };
      await answer(batch, (tries += 1));
      batches.push(batch);
      return null;
    } finally {
      concurrent.now -= 1;
    }
  };
  return { batches, concurrent, write, written: () => batches.flatMap((batch) => batch.ordinals) };
}
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe("the outcome buffer", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const never = new AbortController().signal;

  it("writes what it was given in order, each once, in few batches of which one is written at a time", async () => {
    const { batches, concurrent, write, written } = recorder(() => delay(20));
    const buffer = new OutcomeBuffer(write, log, never);
    for (const ordinal of range(1, 250)) {
      await buffer.add(outcome(ordinal));
      if (ordinal % 10 === 0) await vi.advanceTimersByTimeAsync(5);
    }
    const drained = buffer.drain();
    await vi.advanceTimersByTimeAsync(1_000);
    await drained;
    expect(written()).toEqual(range(1, 250));
    expect(batches.length).toBeLessThanOrEqual(10);
    expect(concurrent.most).toBe(1);
  });

  it("writes within a tenth of a second, without being asked to", async () => {
    const { batches, write } = recorder();
    const buffer = new OutcomeBuffer(write, log, never);
    await buffer.add(outcome(1));
    await vi.advanceTimersByTimeAsync(0);
    await buffer.add(outcome(2));
    await buffer.add(outcome(3));
    expect(batches.flatMap((batch) => batch.ordinals)).toEqual([1]);
    await vi.advanceTimersByTimeAsync(100);
    expect(batches.map((batch) => batch.ordinals)).toEqual([[1], [2, 3]]);
  });

  it.each([
    [0, 10],
    [10, 30],
    [60, 100],
  ])("begins the next write, where one takes %i ms, %i ms after it", async (writeMs, pauseMs) => {
    const begun: number[] = [];
    const { write } = recorder(() => {
      begun.push(Date.now());
      return delay(writeMs);
    });
    const buffer = new OutcomeBuffer(write, log, never);
    for (const ordinal of range(1, 300)) {
      await buffer.add(outcome(ordinal));
      await vi.advanceTimersByTimeAsync(3);
    }
    expect(new Set(begun.slice(2).map((at, index) => at - (begun[index + 1] ?? 0)))).toEqual(new Set([pauseMs]));
  });

  it("keeps what an outcome holds until it is written, and no longer", async () => {
    const { write, written } = recorder(() => delay(30));
    const buffer = new OutcomeBuffer(write, log, never, () => 4);
    const released: number[] = [];
    for (const ordinal of [1, 2, 3]) await buffer.add(outcome(ordinal), () => released.push(ordinal));
    await vi.advanceTimersByTimeAsync(29);
    expect(released).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(released).toEqual([1, 2, 3]);
    expect(written()).toEqual([1, 2, 3]);
  });

  it("writes at once where as many calls wait for that as are under way, and waits for more else", async () => {
    const { batches, write } = recorder();
    let calls = 5;
    const buffer = new OutcomeBuffer(write, log, never, () => calls);
    const answer = async (ordinal: number): Promise<void> => {
      await buffer.add(outcome(ordinal), () => (calls -= 1));
      await vi.advanceTimersByTimeAsync(0);
    };
    await answer(1); // the first one of all is written at once in any case
    expect(batches.map((batch) => batch.ordinals)).toEqual([[1]]);
    await answer(2);
    expect(batches).toHaveLength(1);
    await answer(3); // two wait, and two are still under way
    expect(batches.map((batch) => batch.ordinals)).toEqual([[1], [2, 3]]);
    await answer(4);
    await answer(5);
    expect(batches.map((batch) => batch.ordinals)).toEqual([[1], [2, 3], [4], [5]]);
    expect(calls).toBe(0);
  });

  it("lets go what is held for an outcome that the database refuses for good", async () => {
    const { write } = recorder(() => Promise.reject(refusal));
    const buffer = new OutcomeBuffer(write, log, never, () => 1);
    let isReleased = false;
    await buffer.add(outcome(1), () => (isReleased = true));
    await expect(buffer.drain()).rejects.toBe(refusal);
    expect(isReleased).toBe(true);
  });

  it("drains at once, also while a batch is being written", async () => {
    const { written, write } = recorder(() => delay(30));
    const buffer = new OutcomeBuffer(write, log, never);
    await buffer.add(outcome(1));
    await vi.advanceTimersByTimeAsync(0);
    await buffer.add(outcome(2));
    let isDrained = false;
    const drained = buffer.drain().then(() => (isDrained = true));
    await vi.advanceTimersByTimeAsync(50);
    expect({ isDrained, written: written() }).toEqual({ isDrained: false, written: [1] });
    await vi.advanceTimersByTimeAsync(30);
    await drained;
    expect(written()).toEqual([1, 2]);
    await buffer.drain();
  });

  it("holds its callers back while a thousand wait, and lets them go on when those are written", async () => {
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    const { write, written } = recorder((_batch, number) => (number === 1 ? held : undefined));
    const buffer = new OutcomeBuffer(write, log, never);
    let taken = 0;
    const adding = (async () => {
      for (const ordinal of range(1, 3_000)) {
        await buffer.add(outcome(ordinal));
        taken = ordinal;
      }
    })();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(taken).toBeGreaterThanOrEqual(1_000);
    expect(taken).toBeLessThan(1_200);
    letGo();
    await vi.advanceTimersByTimeAsync(5_000);
    await adding;
    await buffer.drain();
    expect(written()).toEqual(range(1, 3_000));
  });

  it("waits for a database that is away, and loses nothing of what came before, meanwhile and after", async () => {
    let isAway = true;
    const { write, written } = recorder(() => (isAway ? Promise.reject(away) : undefined));
    const buffer = new OutcomeBuffer(write, log, never);
    for (const ordinal of range(1, 150)) await buffer.add(outcome(ordinal));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(written()).toEqual([]);
    for (const ordinal of range(151, 300)) await buffer.add(outcome(ordinal));
    isAway = false;
    await vi.advanceTimersByTimeAsync(1_000);
    await buffer.drain();
    await buffer.add(outcome(301));
    await buffer.drain();
    expect(written()).toEqual(range(1, 301));
    expect(written()).toHaveLength(301);
  });

  it("gives a result whose content the database refuses its verdict as a fault of ours, and writes the others as they are", async () => {
    const bad = outcome(7, { output: { output: "\u0000" }, latencyMs: 5, attempts: [{} as never] });
    const { batches, write, written } = recorder((batch) => (batch.outcomes.some((each) => each.output !== null) ? Promise.reject(refusal) : undefined));
    const buffer = new OutcomeBuffer(write, log, never);
    for (const ordinal of range(1, 20)) await buffer.add(ordinal === 7 ? bad : outcome(ordinal));
    await buffer.add(outcome(21, { output: { output: "\u0000" }, verdict: null }));
    await vi.advanceTimersByTimeAsync(10_000);
    await buffer.drain();
    expect([...written()].sort((a, b) => a - b)).toEqual(range(1, 21));
    const outcomes = batches.flatMap((batch) => batch.outcomes);
    for (const ordinal of [7, 21]) {
      expect(outcomes.find((each) => each.ordinal === ordinal)).toMatchObject({ ordinal, testId: "t", output: null, outputRunId: null, attempts: [], verdict: { status: "ERROR", error: { type: "INTERNAL", retryable: true } } });
    }
    expect(outcomes.filter((each) => each.verdict?.status === "PASSED")).toHaveLength(19);
  });

  it("gives up what is refused without its content, too, and says so to whoever waits for it", async () => {
    const { write, written } = recorder(({ ordinals }) => {
      if (ordinals.includes(2)) throw refusal;
    });
    const buffer = new OutcomeBuffer(write, log, never);
    for (const ordinal of [1, 2, 3]) await buffer.add(outcome(ordinal));
    const drains = Promise.allSettled([buffer.drain((ordinal) => ordinal !== 2), buffer.drain()]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await drains).toMatchObject([{ status: "fulfilled" }, { status: "rejected", reason: refusal }]);
    expect(written()).toEqual([1, 3]);
  });

  it("tries again what was refused for a moment, without giving up its content", async () => {
    const { batches, write } = recorder((_batch, number) => (number <= 2 ? Promise.reject(refusal) : undefined));
    const buffer = new OutcomeBuffer(write, log, never);
    const content = outcome(1, { output: { output: "fine" } });
    await buffer.add(content);
    await vi.advanceTimersByTimeAsync(2_000);
    await buffer.drain();
    expect(batches).toMatchObject([{ outcomes: [content] }]);
  });

  it("tells what is in work at each write, and at least twice a second while nothing finishes", async () => {
    const { batches, write } = recorder();
    const buffer = new OutcomeBuffer(write, log, never);
    buffer.setRunning(0, 1, true);
    buffer.setRunning(0, 2, true);
    buffer.setRunning(1, 65, true);
    await vi.advanceTimersByTimeAsync(500);
    expect(batches).toEqual([{ ordinals: [], outcomes: [], running: { 0: [1, 2], 1: [65] } }]);
    buffer.setRunning(0, 1, false);
    await buffer.add(outcome(1));
    await vi.advanceTimersByTimeAsync(100);
    expect(batches[1]).toMatchObject({ ordinals: [1], running: { 0: [2] } });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(batches).toHaveLength(2);
    buffer.setRunning(1, 65, false);
    await vi.advanceTimersByTimeAsync(500);
    expect(batches[2]).toMatchObject({ ordinals: [], running: { 1: [] } });
  });

  it("tells what began while a batch was being written, too", async () => {
    const { batches, write } = recorder((_batch, number) => (number === 1 ? delay(2_000) : undefined));
    const buffer = new OutcomeBuffer(write, log, never);
    await buffer.add(outcome(1));
    await vi.advanceTimersByTimeAsync(0);
    buffer.setRunning(0, 2, true);
    await vi.advanceTimersByTimeAsync(1_000);
    buffer.setRunning(0, 3, true);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(batches.at(-1)?.running).toEqual({ 0: [2, 3] });
  });

  it("does not hold outcomes up for what is in work when that alone is refused", async () => {
    const { write, written } = recorder((batch) => (Object.keys(batch.running).length > 0 ? Promise.reject(refusal) : undefined));
    const buffer = new OutcomeBuffer(write, log, never);
    buffer.setRunning(0, 1, true);
    await vi.advanceTimersByTimeAsync(2_000);
    await buffer.add(outcome(1));
    await vi.advanceTimersByTimeAsync(2_000);
    await buffer.drain();
    expect(written()).toEqual([1]);
  });
});

describe("the outcome buffer after its signal aborted", () => {
  const reason = new Error("The claim is lost.");

  it("writes nothing more, and says so to whoever drains it", async () => {
    const claims = new AbortController();
    const { write, written } = recorder();
    const buffer = new OutcomeBuffer(write, log, claims.signal);
    await buffer.add(outcome(1));
    await buffer.drain();
    claims.abort(reason);
    await buffer.add(outcome(2));
    await expect(buffer.drain()).rejects.toBe(reason);
    await delay(150);
    expect(written()).toEqual([1]);
    await expect(buffer.drain()).rejects.toBe(reason);
  });

  it("lets go all that is held, of what it was writing and of what came after", async () => {
    const claims = new AbortController();
    const { write } = recorder(() => Promise.reject(away));
    const buffer = new OutcomeBuffer(write, log, claims.signal, () => 2);
    const released: number[] = [];
    await buffer.add(outcome(1), () => released.push(1));
    claims.abort(reason);
    await expect(buffer.drain()).rejects.toBe(reason);
    await buffer.add(outcome(2), () => released.push(2));
    await delay(20);
    buffer.close();
    expect(released).toEqual([1, 2]);
  });

  it("says so also when the abort cut off the writing of what is being drained", async () => {
    const claims = new AbortController();
    const { write } = recorder(() => Promise.reject(away));
    const buffer = new OutcomeBuffer(write, log, claims.signal);
    await buffer.add(outcome(1));
    const drained = buffer.drain();
    setTimeout(() => claims.abort(reason), 20);
    await expect(drained).rejects.toBe(reason);
  });

  it("lets nobody wait for a place", async () => {
    const claims = new AbortController();
    const { write } = recorder(() => Promise.reject(away));
    const buffer = new OutcomeBuffer(write, log, claims.signal);
    const adding = (async () => {
      for (const ordinal of range(1, 2_500)) await buffer.add(outcome(ordinal));
    })();
    await delay(20);
    claims.abort(reason);
    await adding;
  });
});
