import type { Db } from "../db/index.js";
import type { EventBus } from "../events/index.js";
import type { Scope } from "../viewer.js";
import { findRunningOrdinals } from "./plan.repository.js";
import type { TestResult } from "./result.js";
import { findResultsBySeq } from "./result.repository.js";
import { isTerminal, type TestRun } from "./run.js";
import { RUN_CHANGED } from "./run.events.js";
import { findRunsByIds } from "./run.repository.js";

/** A run and what is in work, read together. */
export interface RunSnapshot {
  readonly run: TestRun;
  readonly runningOrdinals: readonly number[];
}

/** At most ten looks a second, at the same moments for all subscribers of the run in this process. */
const TICK_MS = 100;
/** A look without being told, in case a notification was lost with its connection. */
const POLL_MS = 2_000;
/** Finished results in one event at the most. */
export const EVENT_PAGE = 100;

/** The present state of one run, kept fresh while somebody watches. */
export class RunFeed {
  readonly #deps: { db: Db; bus: EventBus };
  readonly #scope: Scope;
  readonly #runId: string;
  readonly #waiters = new Set<() => void>();
  readonly #pages = new Map<number, Promise<readonly TestResult[]>>();
  #latest: RunSnapshot | null = null;
  #looking: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #lastLook = 0;
  #stops: (() => void)[] = [];
  #users = 0;

  constructor(deps: { db: Db; bus: EventBus }, scope: Scope, runId: string) {
    this.#deps = deps;
    this.#scope = scope;
    this.#runId = runId;
  }

  get isUsed(): boolean {
    return this.#users > 0;
  }

  /** Begins to watch; the feed listens before it first reads, so that nothing falls between. */
  join(): void {
    this.#users += 1;
    if (this.#users > 1) return;
    this.#stops = [
      this.#deps.bus.subscribe(RUN_CHANGED, (runId) => {
        if (runId === this.#runId) this.#lookSoon();
      }),
      this.#deps.bus.onGap(() => this.#lookSoon()),
    ];
    const poll = setInterval(() => this.#lookSoon(), POLL_MS);
    poll.unref();
    this.#stops.push(() => clearInterval(poll));
  }

  leave(): void {
    this.#users -= 1;
    if (this.#users > 0) return;
    for (const stop of this.#stops) stop();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** The newest state that was read. */
  get newest(): RunSnapshot | null {
    return this.#latest;
  }

  /** The state as it is now; null when there is no such run. */
  async fresh(): Promise<RunSnapshot | null> {
    await this.#look();
    return this.#latest;
  }

  /** The newest state past a version, as soon as there is one; null when the signal aborts. */
  async after(version: number, signal: AbortSignal): Promise<RunSnapshot | null> {
    while (!signal.aborted) {
      if (this.#latest !== null && this.#latest.run.version > version) return this.#latest;
      await this.#nextLook(signal);
    }
    return null;
  }

  /** Finished results past a sequence number, up to the snapshot's; subscribers at the same place share one read. */
  page(afterSeq: number, upToSeq: number): Promise<readonly TestResult[]> {
    if (afterSeq >= upToSeq) return Promise.resolve([]);
    const known = this.#pages.get(afterSeq);
    if (known !== undefined) return known;
    const read = findResultsBySeq(this.#deps.db, this.#scope, this.#runId, { after: afterSeq, upTo: upToSeq, limit: EVENT_PAGE });
    this.#pages.set(afterSeq, read);
    read.catch(() => this.#pages.delete(afterSeq)); // whoever asked gets the error
    return read;
  }

  #nextLook(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiters.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#waiters.add(done);
      signal.addEventListener("abort", done, { once: true });
    });
  }

  #lookSoon(): void {
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      // A database that is away is looked at again by the poll.
      this.#look().catch(() => undefined);
    }, Math.max(0, this.#lastLook + TICK_MS - Date.now()));
  }

  #look(): Promise<void> {
    this.#looking ??= this.#read().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #read(): Promise<void> {
    this.#lastLook = Date.now();
    const [[run], running] = await Promise.all([findRunsByIds(this.#deps.db, this.#scope, [this.#runId]), findRunningOrdinals(this.#deps.db, this.#scope, [this.#runId])]);
    this.#pages.clear();
    if (run === undefined) {
      this.#latest = null;
      return;
    }
    if (this.#latest !== null && this.#latest.run.version >= run.version) return;
    this.#latest = { run, runningOrdinals: isTerminal(run.status) ? [] : (running.get(run.id) ?? []) };
    for (const wake of [...this.#waiters]) wake();
  }
}
