import { setTimeout as delay } from "node:timers/promises";
import type { SessionConnection } from "../db/index.js";
import { FairQueue } from "./fair-queue.js";

/** How long a permit that nobody here wants is kept: long enough for the next call, short enough for other processes. */
const IDLE_MS = 250;
/** How soon to ask again when other processes have all permits. */
const RETRY_MS = 40;
/** How often a process that lends its permits on looks whether others wait in vain; each look reads the lock table. */
const LOOK_MS = 100;
/** How long a process keeps from permits that it gave up to others: they ask every RETRY_MS. */
const YIELD_MS = 3 * RETRY_MS;
/** The lock that says "here calls wait in vain"; permits count from 1. */
const WANT = 0;
/** The lock that says "and some of them are a fresh run's". */
const WANT_FRESH = -1;
/** Of the permits so much goes to processes with fresh runs when they want it, as in a process's own queue. */
const FRESH_SHARE = 0.97;

const TAKE = "select slot from unnest($2::integer[]) as slot where pg_try_advisory_lock($1, slot)";
const GIVE_BACK = "select pg_advisory_unlock($1, slot) from unnest($2::integer[]) as slot";
const OTHERS_WANTING = `
  select count(*) filter (where objid = ${WANT}) as others, count(*) filter (where objid <> ${WANT}) as fresh from pg_locks
  where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())
    and classid = ($1::bigint & 4294967295)::oid and objid in (${WANT}, (${WANT_FRESH}::bigint & 4294967295)::oid) and objsubid = 2 and pid <> pg_backend_pid()`;

/** Takes what a waiter waited for: how to give the permit back. */
type Grant = (leave: () => void) => void;

/** One endpoint's permits in this process: what it got from the database, and who waits for one. */
export class PermitDesk {
  readonly #session: SessionConnection;
  readonly #lockClass: number;
  readonly #waiters = new FairQueue<Grant>();
  readonly #idle = new Set<number>();
  readonly #lent = new Set<number>();
  #limit = 1;
  /** Grows when the session is lost: permits of an earlier one are no more. */
  #generation = 0;
  #pumping = false;
  #idleTimer: NodeJS.Timeout | null = null;
  /** Which of the two locks this process holds. */
  readonly #wanting = new Set<number>();
  /** So many permits go to other processes before any is lent on here. */
  #toYield = 0;
  #lastLook = 0;
  #notBefore = 0;

  constructor(session: SessionConnection, lockClass: number) {
    this.#session = session;
    this.#lockClass = lockClass;
  }

  /** Waits for one of `limit` permits and answers how to give it back. Throws the signal's reason when it aborts. Turns go round over the parties. */
  async acquire(limit: number, signal: AbortSignal, party: string): Promise<() => void> {
    signal.throwIfAborted();
    this.#limit = limit;
    const [slot] = this.#waiters.size > 0 || this.#lent.size >= limit ? [] : [...this.#idle].filter((each) => each <= limit);
    if (slot === undefined) return this.#queue(signal, party);
    this.#idle.delete(slot);
    this.#waiters.count(party);
    return this.#lend(slot);
  }

  /** Holds for those who wait already, too: they are served by it from their next try on. */
  changeLimit(limit: number): void {
    this.#limit = limit;
  }

  /** What the session held is free for others now; calls in flight are aborted by whoever started them. */
  forget(): void {
    this.#generation += 1;
    this.#idle.clear();
    this.#lent.clear();
    this.#wanting.clear();
    this.#toYield = 0;
  }

  #queue(signal: AbortSignal, party: string): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const grant: Grant = (leave) => {
        signal.removeEventListener("abort", goAway);
        resolve(leave);
      };
      const goAway = (): void => {
        this.#waiters.remove(party, grant);
        reject(signal.reason as Error); // whoever aborted chose it
      };
      signal.addEventListener("abort", goAway, { once: true });
      this.#waiters.add(party, grant);
      void this.#pump();
    });
  }

  #lend(slot: number): () => void {
    this.#lent.add(slot);
    const generation = this.#generation;
    let isOut = true;
    return () => {
      if (isOut && generation === this.#generation) this.#takeBack(slot);
      isOut = false;
    };
  }

  #takeBack(slot: number): void {
    this.#lent.delete(slot);
    // The limit may have been lowered: of the calls that still are in flight here some are beyond it.
    const grant = slot <= this.#limit && this.#lent.size < this.#limit && this.#toYield === 0 ? this.#waiters.take() : null;
    if (grant !== null) {
      grant(this.#lend(slot));
      void this.#lookForOthers();
      return;
    }
    this.#idle.add(slot);
    const areWaiting = this.#waiters.size > 0;
    if (areWaiting && this.#toYield > 0) {
      this.#toYield -= 1;
      this.#notBefore = Date.now() + YIELD_MS;
    }
    if (areWaiting || slot > this.#limit) void this.#giveBack();
    else this.#giveBackLater();
  }

  #giveBackLater(): void {
    this.#idleTimer ??= setTimeout(() => {
      this.#idleTimer = null;
      void this.#giveBack();
    }, IDLE_MS).unref();
  }

  /** Gets permits for those who wait, until nobody does. */
  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#waiters.size > 0) {
        const early = this.#notBefore - Date.now();
        if (early > 0) await delay(early);
        else if (!(await this.#obtain())) {
          await this.#want();
          await delay(RETRY_MS);
        }
      }
    } finally {
      this.#pumping = false;
    }
    await this.#want();
  }

  /** Tries for as many permits as are wanted, and hands them out; false when there was none to be had. */
  async #obtain(): Promise<boolean> {
    const free = Array.from({ length: this.#limit }, (_, index) => index + 1).filter((slot) => !this.#idle.has(slot) && !this.#lent.has(slot));
    const room = Math.max(0, this.#limit - this.#lent.size - this.#idle.size);
    const wanted = shuffle(free).slice(0, Math.min(this.#waiters.size, room));
    if (wanted.length === 0) return false;
    const slots = (await this.#ask<{ slot: number }>(TAKE, [wanted])).map((row) => row.slot);
    // Who had none may keep what it gets as long as anyone.
    if (this.#lent.size === 0) this.#lastLook = Date.now();
    for (const slot of slots) {
      const grant = this.#waiters.take();
      if (grant === null) this.#idle.add(slot);
      else grant(this.#lend(slot));
    }
    if (this.#idle.size > 0) await this.#giveBack();
    return slots.length > 0;
  }

  async #giveBack(): Promise<void> {
    const slots = [...this.#idle];
    this.#idle.clear();
    if (slots.length > 0) await this.#ask(GIVE_BACK, [slots]);
  }

  /** Tells other processes whether calls wait here in vain, and whether fresh runs' do. */
  async #want(): Promise<void> {
    for (const [lock, isWanted] of [[WANT, this.#waiters.size > 0], [WANT_FRESH, this.#waiters.hasFresh]] as const) {
      if (this.#wanting.has(lock) === isWanted) continue;
      if (isWanted) this.#wanting.add(lock);
      else this.#wanting.delete(lock);
      await this.#ask(`select ${isWanted ? "pg_try_advisory_lock_shared" : "pg_advisory_unlock_shared"}($1, ${lock})`, []);
    }
  }

  /** A process that is never idle would keep its permits for ever: it gives up what is beyond its share when others want some. */
  async #lookForOthers(): Promise<void> {
    if (Date.now() - this.#lastLook < LOOK_MS) return;
    this.#lastLook = Date.now();
    const [row] = await this.#ask<{ others: number; fresh: number }>(OTHERS_WANTING, []);
    const others = Number(row?.others ?? 0);
    this.#toYield = others === 0 ? 0 : Math.max(0, this.#lent.size - this.#share(others, Number(row?.fresh ?? 0)));
  }

  /** How many permits this process may keep while others want some, of whom so many have fresh runs. */
  #share(others: number, fresh: number): number {
    const even = this.#limit / (others + 1);
    const isFreshHere = this.#waiters.hasFresh;
    if (fresh > 0 && !isFreshHere) return Math.max(1, Math.floor(this.#limit * (1 - FRESH_SHARE)));
    if (fresh === 0 && isFreshHere) return Math.max(Math.floor(even), Math.ceil(this.#limit * FRESH_SHARE));
    return Math.floor(even);
  }

  /** Asks on the session; nothing when it is gone or was lost meanwhile: what was got by then is lost with it. */
  async #ask<R extends Record<string, unknown>>(statement: string, values: readonly unknown[]): Promise<R[]> {
    const generation = this.#generation;
    if (!this.#session.isConnected) return [];
    try {
      const rows = await this.#session.query<R>(statement, [this.#lockClass, ...values]);
      return generation === this.#generation ? rows : [];
    } catch {
      return []; // the session broke: it comes back, and the next try with it
    }
  }
}

function shuffle(slots: number[]): number[] {
  for (let index = slots.length - 1; index > 0; index -= 1) {
    const other = Math.floor(Math.random() * (index + 1));
    [slots[index], slots[other]] = [slots[other] as number, slots[index] as number]; // both are inside
  }
  return slots;
}
