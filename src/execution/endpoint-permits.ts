import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { SessionConnection } from "../db/index.js";

/** How long a permit that nobody here wants is kept: long enough for the next call, short enough for other processes. */
const IDLE_MS = 250;
/** How soon to ask again when other processes have all permits. */
const RETRY_MS = 40;

interface Waiter {
  readonly grant: (slot: number) => void;
  readonly cancelled: () => boolean;
}

/** One endpoint's permits in this process. */
interface Desk {
  readonly lockClass: number;
  limit: number;
  readonly idle: Set<number>;
  readonly inUse: Set<number>;
  readonly waiters: Waiter[];
  pumping: boolean;
  idleTimer: NodeJS.Timeout | null;
}

/**
 * maxConcurrency over all workers, exactly, also while one is killed: a permit is a session-level advisory lock, one
 * of as many as the limit allows. A process keeps the permits it got and lends them to its calls one after another.
 */
export class EndpointPermits {
  readonly #session: SessionConnection;
  readonly #desks = new Map<string, Desk>();

  constructor(session: SessionConnection) {
    this.#session = session;
    // What the session held is free for others now; calls in flight are aborted by whoever started them.
    session.onLost(() => {
      for (const desk of this.#desks.values()) {
        desk.idle.clear();
        desk.inUse.clear();
      }
    });
  }

  /** Waits for one of `limit` permits and answers how to give it back. Throws the signal's reason when it aborts. */
  async acquire(endpointId: string, limit: number, signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) throw signal.reason;
    const desk = this.#desk(endpointId);
    desk.limit = limit;
    const slot = takeIdle(desk) ?? (await this.#queue(desk, signal));
    desk.inUse.add(slot);
    let held = true;
    return () => {
      if (held) this.#release(desk, slot);
      held = false;
    };
  }

  #desk(endpointId: string): Desk {
    const found = this.#desks.get(endpointId);
    if (found !== undefined) return found;
    // Any 32 bits will do; endpoints that share a class would only share a limit. The top bit keeps clear of other locks.
    const lockClass = createHash("sha256").update(endpointId).digest().readInt32BE(0) | -2147483648;
    const desk: Desk = { lockClass, limit: 1, idle: new Set(), inUse: new Set(), waiters: [], pumping: false, idleTimer: null };
    this.#desks.set(endpointId, desk);
    return desk;
  }

  #queue(desk: Desk, signal: AbortSignal): Promise<number> {
    return new Promise((resolve, reject) => {
      let cancelled = false;
      const leave = (): void => {
        cancelled = true;
        reject(signal.reason as Error); // whoever aborted chose it
      };
      signal.addEventListener("abort", leave, { once: true });
      desk.waiters.push({
        cancelled: () => cancelled,
        grant: (slot) => {
          signal.removeEventListener("abort", leave);
          resolve(slot);
        },
      });
      void this.#pump(desk);
    });
  }

  #release(desk: Desk, slot: number): void {
    if (!desk.inUse.delete(slot)) return; // the session was lost meanwhile
    const waiter = nextWaiter(desk);
    if (waiter !== undefined && slot <= desk.limit) {
      desk.inUse.add(slot);
      waiter.grant(slot);
      return;
    }
    if (waiter !== undefined) desk.waiters.unshift(waiter);
    desk.idle.add(slot);
    desk.idleTimer ??= setTimeout(() => {
      desk.idleTimer = null;
      void this.#giveBack(desk);
    }, slot > desk.limit ? 0 : IDLE_MS).unref();
  }

  /** Gets permits for those who wait, until nobody does. */
  async #pump(desk: Desk): Promise<void> {
    if (desk.pumping) return;
    desk.pumping = true;
    try {
      for (;;) {
        const first = nextWaiter(desk);
        if (first === undefined) return;
        desk.waiters.unshift(first);
        if (!(await this.#obtain(desk))) await delay(RETRY_MS);
      }
    } finally {
      desk.pumping = false;
    }
  }

  /** Tries for as many permits as are wanted, and hands them out; false when there was none to be had. */
  async #obtain(desk: Desk): Promise<boolean> {
    const own = new Set([...desk.idle, ...desk.inUse]);
    const free = Array.from({ length: desk.limit }, (_, index) => index + 1).filter((slot) => !own.has(slot));
    const wanted = shuffle(free).slice(0, desk.waiters.length);
    if (wanted.length === 0 || !this.#session.isConnected) return false;
    let slots: number[];
    try {
      const rows = await this.#session.query<{ slot: number }>("select slot from unnest($2::integer[]) as slot where pg_try_advisory_lock($1, slot)", [desk.lockClass, wanted]);
      slots = rows.map((row) => row.slot);
    } catch {
      return false; // the session broke: it comes back, and the next try with it
    }
    for (const slot of slots) {
      const waiter = nextWaiter(desk);
      if (waiter === undefined) desk.idle.add(slot);
      else {
        desk.inUse.add(slot);
        waiter.grant(slot);
      }
    }
    if (desk.idle.size > 0) void this.#giveBack(desk);
    return slots.length > 0;
  }

  async #giveBack(desk: Desk): Promise<void> {
    const slots = [...desk.idle];
    desk.idle.clear();
    if (slots.length === 0) return;
    try {
      await this.#session.query("select pg_advisory_unlock($1, slot) from unnest($2::integer[]) as slot", [desk.lockClass, slots]);
    } catch {
      // The session broke, and its locks with it.
    }
  }
}

function takeIdle(desk: Desk): number | null {
  for (const slot of desk.idle) {
    if (slot > desk.limit) continue;
    desk.idle.delete(slot);
    return slot;
  }
  return null;
}

function nextWaiter(desk: Desk): Waiter | undefined {
  let waiter = desk.waiters.shift();
  while (waiter?.cancelled() === true) waiter = desk.waiters.shift();
  return waiter;
}

function shuffle(slots: number[]): number[] {
  for (let index = slots.length - 1; index > 0; index -= 1) {
    const other = Math.floor(Math.random() * (index + 1));
    [slots[index], slots[other]] = [slots[other] as number, slots[index] as number]; // both are inside
  }
  return slots;
}
