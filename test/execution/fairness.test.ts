import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FairPlaces } from "../../src/execution/fair-places.js";
import { FairQueue } from "../../src/execution/fair-queue.js";

/** A queue in which each of the parties has so many waiters, each named for its party. */
function queueOf(waiting: Readonly<Record<string, number>>): FairQueue<{ party: string }> {
  const queue = new FairQueue<{ party: string }>();
  for (const [party, count] of Object.entries(waiting)) for (let each = 0; each < count; each += 1) queue.add(party, { party });
  return queue;
}

const takeAll = (queue: FairQueue<{ party: string }>, count: number): string => Array.from({ length: count }, () => queue.take()?.party ?? "-").join("");

describe("turns", () => {
  it("go round over parties, however many each has waiting", () => {
    expect(takeAll(queueOf({ a: 100, b: 3, c: 3 }), 9)).toBe("abcabcabc");
  });

  it("come thirty-two times as often to a party that had few as to one that had many", () => {
    const queue = queueOf({ old: 2_000 });
    for (let each = 0; each < 1_000; each += 1) queue.take();
    for (let each = 0; each < 64; each += 1) queue.add("new", { party: "new" });
    const turns = Array.from({ length: 66 }, () => queue.take()?.party);
    expect(turns.filter((party) => party === "new")).toHaveLength(64);
  });

  it("are not saved up by a party that is away", () => {
    const queue = queueOf({ a: 1_000, b: 1 });
    for (let each = 0; each < 900; each += 1) queue.take();
    for (let each = 0; each < 600; each += 1) queue.add("b", { party: "b" });
    const before = Array.from({ length: 300 }, () => queue.take()?.party).filter((party) => party === "a").length;
    expect(before).toBeGreaterThan(50);
  });

  it("miss nobody and double nobody, whoever comes and goes", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.record({ add: fc.constantFrom("a", "b", "c") }), fc.record({ remove: fc.nat(20) }), fc.constant({ take: true })), { maxLength: 300 }), (steps) => {
        const queue = new FairQueue<{ party: string }>();
        const inside: { party: string }[] = [];
        for (const step of steps) {
          if ("add" in step) {
            const waiter = { party: step.add };
            queue.add(step.add, waiter);
            inside.push(waiter);
          } else if ("remove" in step) {
            const [waiter] = inside.splice(step.remove, 1);
            if (waiter !== undefined) queue.remove(waiter.party, waiter);
          } else {
            const taken = queue.take();
            if (taken === null) expect(inside).toEqual([]);
            else expect(inside.splice(inside.indexOf(taken), 1)).toEqual([taken]);
          }
          expect(queue.size).toBe(inside.length);
        }
      }),
    );
  });
});

describe("places for calls", () => {
  const never = new AbortController().signal;

  /** Counts who is inside. */
  function gauge(places: FairPlaces) {
    const inside = new Map<string, number>();
    const count = (party: string, by: number): void => void inside.set(party, (inside.get(party) ?? 0) + by);
    const enter = async (party: string): Promise<() => void> => {
      const leave = await places.acquire(never, party);
      count(party, 1);
      return () => {
        count(party, -1);
        leave();
      };
    };
    return { inside, enter };
  }
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it.each([
    [1, 1],
    [8, 8],
    [18, 16],
    [64, 57],
  ])("of %i, one run alone gets %i", async (places, expected) => {
    const { inside, enter } = gauge(new FairPlaces(places));
    for (let each = 0; each < 200; each += 1) void enter("big");
    await settle();
    expect(inside.get("big")).toBe(expected);
  });

  it("are left for a newcomer while none of a big run's calls ends, and go to it first when one does", async () => {
    const { inside, enter } = gauge(new FairPlaces(18));
    const big = Array.from({ length: 100 }, () => enter("big"));
    await settle();
    const small = Array.from({ length: 3 }, () => enter("small"));
    await settle();
    expect([...inside]).toEqual([["big", 16], ["small", 2]]);
    (await big[0]!)();
    await settle();
    expect([...inside]).toEqual([["big", 15], ["small", 3]]);
    for (const each of small) (await each)();
    await settle();
    expect([...inside]).toEqual([["big", 16], ["small", 0]]);
  });

  it("go mostly to a small run while it is at work and the process has no time to spare, and are filled up again afterwards", async () => {
    let isSaturated = false;
    const atWork = new Set(["big"]);
    const { inside, enter } = gauge(new FairPlaces(16, { isSaturated: () => isSaturated, runsAtWork: () => atWork }));
    for (let each = 0; each < 250; each += 1) (await enter("big"))();
    const big = Array.from({ length: 60 }, () => enter("big"));
    await settle();
    expect(inside.get("big")).toBe(15);
    isSaturated = true;
    for (const each of big.splice(0, 3)) (await each)();
    await settle();
    expect(inside.get("big")).toBe(15); // a big run alone is slowed down for nobody
    atWork.add("small");
    for (const each of big.splice(0, 15)) (await each)();
    await settle();
    expect(inside.get("big")).toBe(2);
    const small = Array.from({ length: 5 }, () => enter("small"));
    await settle();
    expect(inside.get("small")).toBe(5);
    for (const each of small) (await each)();
    atWork.delete("small");
    (await big[0]!)();
    await settle();
    expect(inside.get("big")).toBe(15);
  });

  it("go to nobody who has gone away", async () => {
    const places = new FairPlaces(1);
    const leave = await places.acquire(never, "a");
    const gone = new AbortController();
    const waiting = places.acquire(gone.signal, "b");
    gone.abort(new Error("cancelled"));
    await expect(waiting).rejects.toThrow("cancelled");
    const next = places.acquire(never, "c");
    leave();
    leave();
    (await next)();
    (await places.acquire(never, "d"))();
  });
});
