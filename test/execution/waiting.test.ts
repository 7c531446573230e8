import { describe, expect, it } from "vitest";
import { Semaphore } from "../../src/semaphore.js";
import { wait } from "../../src/execution/wait.js";
import { eventually } from "../support/wait-for.js";

const never = new AbortController().signal;
const reason = new Error("cancelled");

describe("wait", () => {
  it("lasts as long as it says, and no time for nothing", async () => {
    const begun = performance.now();
    await wait(50, never);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(49);
    await wait(0, never);
    await wait(-5, never);
    expect(performance.now() - begun).toBeLessThan(1_000);
  });

  it("ends with the signal's reason at once when it aborts, and does not begin when it has", async () => {
    const controller = new AbortController();
    const waiting = wait(60_000, controller.signal);
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(wait(60_000, controller.signal)).rejects.toBe(reason);
    await expect(wait(0, controller.signal)).rejects.toBe(reason);
  });

  it("also lasts when it is longer than a timer can be", async () => {
    const controller = new AbortController();
    let isOver = false;
    const waiting = wait(2 ** 40, controller.signal).finally(() => (isOver = true));
    await wait(30, never);
    expect(isOver).toBe(false);
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });
});

describe("a semaphore", () => {
  it("lets in as many as it has places, first come first served", async () => {
    const semaphore = new Semaphore(2);
    const order: number[] = [];
    const leave: (() => void)[] = [];
    const coming = [1, 2, 3, 4, 5].map(async (number) => {
      leave.push(await semaphore.acquire(never));
      order.push(number);
    });
    await eventually(() => expect(order).toEqual([1, 2]));
    leave[0]?.();
    await eventually(() => expect(order).toEqual([1, 2, 3]));
    leave[0]?.();
    leave[0]?.();
    await wait(20, never);
    expect(order).toEqual([1, 2, 3]);
    leave[1]?.();
    leave[2]?.();
    await Promise.all(coming);
    expect(order).toEqual([1, 2, 3, 4, 5]);
  });

  it("loses no place to those who went away while they waited", async () => {
    const semaphore = new Semaphore(1);
    const leave = await semaphore.acquire(never);
    const [gone, later] = [new AbortController(), new AbortController()];
    const goneWaiting = semaphore.acquire(gone.signal);
    const laterWaiting = semaphore.acquire(later.signal);
    gone.abort(reason);
    await expect(goneWaiting).rejects.toBe(reason);
    await expect(semaphore.acquire(gone.signal)).rejects.toBe(reason);
    leave();
    const leaveLater = await laterWaiting;
    // An abort after the place was got changes nothing.
    later.abort(reason);
    leaveLater();
    (await semaphore.acquire(never))();
    (await semaphore.acquire(never))();
  });
});
