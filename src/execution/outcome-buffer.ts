import { isRetryable } from "../db/index.js";
import type { Logger } from "../log.js";
import { type Outcome, ResultErrorType, type TestRun } from "../runs/index.js";
import { wait } from "./wait.js";

/** Outcomes are written at least this often: often enough to watch, seldom enough that commits do not bound the run. */
const FLUSH_MS = 100;
/** And at most this often, unless many calls wait. Oftener than FLUSH_MS while writing is quick: a call holds its permit until then. */
const MIN_FLUSH_MS = 10;
/** Where writes are slow they take at most one part of so many of the time, down to FLUSH_MS. */
const WRITE_SHARE = 3;
/** So many outcomes are written at once without waiting for the timer. */
const FLUSH_SIZE = 100;
/** So many are written in one transaction at the most, which holds the run's lock. */
const MAX_BATCH = 500;
/** Beyond so many unwritten outcomes `add` waits: memory stays flat when the database is slower than the endpoint. */
const MAX_BUFFERED = 1_000;
/** What is in work is written at least so often while nothing finishes. */
const RUNNING_MS = 500;
const RETRY_MS = 250;
/** So often the same batch may be refused for another cause than a database that is away. */
const MAX_REFUSALS = 3;

/** What waits to be written, with what to do then. */
interface Unwritten {
  readonly outcome: Outcome;
  readonly onWritten: (() => void) | null;
}

/** Writes a batch; see recordOutcomes. */
export type WriteBatch = (outcomes: readonly Outcome[], running: ReadonlyMap<number, readonly number[]>) => Promise<TestRun | null>;

/**
 * Gathers the outcomes of one run in this process and writes them in batches, one batch at a time. A database that
 * goes away is waited for: nothing is lost, and the calls go on until the buffer is full.
 */
export class OutcomeBuffer {
  readonly #write: WriteBatch;
  readonly #log: Logger;
  readonly #signal: AbortSignal;
  readonly #callsHeld: () => number;
  readonly #lanes = new Map<number, Set<number>>();
  readonly #changedLanes = new Set<number>();
  #unwritten: Unwritten[] = [];
  /** So many of them hold something until they are written. */
  #held = 0;
  #flushing: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #lastFlush = 0;
  #lastWriteMs = 0;
  /** By ordinal, why an outcome could not be written at all. */
  readonly #refusals = new Map<number, unknown>();

  /**
   * `signal`: aborted when nothing may be written any more; `callsHeld`: how many calls hold a permit here, those
   * whose outcome waits to be written among them.
   */
  constructor(write: WriteBatch, log: Logger, signal: AbortSignal, callsHeld: () => number = () => 0) {
    this.#write = write;
    this.#log = log;
    this.#signal = signal;
    this.#callsHeld = callsHeld;
  }

  /** Notes that a lane began or ended work on an ordinal. */
  setRunning(lane: number, ordinal: number, running: boolean): void {
    const ordinals = this.#lanes.get(lane) ?? new Set<number>();
    this.#lanes.set(lane, ordinals);
    if (running) ordinals.add(ordinal);
    else if (!ordinals.delete(ordinal)) return;
    this.#changedLanes.add(lane);
    this.#schedule(RUNNING_MS);
  }

  /** Takes an outcome; waits while too many are unwritten. `onWritten` is called once it is written, or never will be. */
  async add(outcome: Outcome, onWritten: (() => void) | null = null): Promise<void> {
    this.#refusals.delete(outcome.ordinal);
    this.#unwritten.push({ outcome, onWritten });
    if (onWritten !== null) this.#held += 1;
    if (this.#isDue()) void this.#flushSoon();
    else this.#schedule(this.#pauseMs());
    while (this.#unwritten.length >= MAX_BUFFERED && !this.#signal.aborted) await this.#flushSoon();
  }

  /**
   * Resolves when all that was added is written. Throws the signal's reason once nothing may be written any more, and
   * the database's when it refused an outcome of the caller's whatever was left of it: some is lost then, and has no
   * verdict.
   */
  async drain(isMine: (ordinal: number) => boolean = () => true): Promise<void> {
    while (!this.#signal.aborted && (this.#unwritten.length > 0 || this.#flushing !== null)) await this.#flushSoon();
    if (this.#signal.aborted) throw this.#signal.reason;
    for (const [ordinal, error] of this.#refusals) if (isMine(ordinal)) throw error;
  }

  /** Writes nothing more by itself: for when nobody works on the run here any longer, after `drain`. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#changedLanes.clear();
    this.#release(this.#unwritten.splice(0));
  }

  /** Whether to write without waiting for the timer: enough wait, or as many calls for them as are still under way. */
  #isDue(): boolean {
    return this.#unwritten.length >= FLUSH_SIZE || (this.#held > 0 && this.#held * 2 >= this.#callsHeld());
  }

  /** From one write's beginning to the next one's. */
  #pauseMs(): number {
    return Math.min(FLUSH_MS, Math.max(MIN_FLUSH_MS, this.#lastWriteMs * WRITE_SHARE));
  }

  #schedule(withinMs: number): void {
    const due = Math.max(0, this.#lastFlush + withinMs - Date.now());
    if (this.#timer !== null && withinMs === RUNNING_MS) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#flushSoon();
    }, due);
  }

  #flushSoon(): Promise<void> {
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = null;
      if (this.#isDue()) void this.#flushSoon();
      else if (this.#unwritten.length > 0) this.#schedule(this.#pauseMs());
      else if (this.#changedLanes.size > 0) this.#schedule(RUNNING_MS);
    });
    return this.#flushing;
  }

  async #flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#lastFlush = Date.now();
    const batch = this.#unwritten.splice(0, MAX_BATCH);
    const running = new Map([...this.#changedLanes].map((lane) => [lane, [...(this.#lanes.get(lane) ?? [])]] as const));
    this.#changedLanes.clear();
    if (batch.length === 0 && running.size === 0) return;
    await this.#writeBatch(batch.map(({ outcome }) => outcome), running).catch(() => undefined); // only an abort ends it; `drain` throws that
    this.#lastWriteMs = Date.now() - this.#lastFlush;
    this.#release(batch);
  }

  #release(entries: readonly Unwritten[]): void {
    for (const { onWritten } of entries) {
      if (onWritten === null) continue;
      this.#held -= 1;
      onWritten();
    }
  }

  /** Writes until it is written. What the database refuses for its content is tried alone, then without the content. */
  async #writeBatch(outcomes: readonly Outcome[], running: ReadonlyMap<number, readonly number[]>, isBare = false): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      if (this.#signal.aborted) throw this.#signal.reason;
      try {
        await this.#write(outcomes, running);
        return;
      } catch (error) {
        const away = isRetryable(error);
        this.#log.warn({ err: error, outcomes: outcomes.length }, away ? "the database is away; the results wait" : "the results could not be written; trying again");
        // What is in work is only for people to look at: it must not hold up outcomes for ever.
        if (!away && tries >= MAX_REFUSALS) return isBare ? this.#giveUp(outcomes, error) : this.#writeOneByOne(outcomes);
        await wait(RETRY_MS, this.#signal);
      }
    }
  }

  async #writeOneByOne(outcomes: readonly Outcome[]): Promise<void> {
    const [only, ...others] = outcomes;
    if (only === undefined) return;
    if (others.length === 0) return this.#writeBatch([withoutContent(only)], new Map(), true);
    for (const outcome of outcomes) await this.#writeBatch([outcome], new Map());
  }

  /** Whoever drains the buffer hears of it: the result has no verdict, and is worked on again. */
  #giveUp(outcomes: readonly Outcome[], error: unknown): void {
    for (const { ordinal } of outcomes) this.#refusals.set(ordinal, error);
  }
}

/** The outcome as a fault of ours: so a result that cannot be stored still gets its one verdict. */
function withoutContent(outcome: Outcome): Outcome {
  const error = { type: ResultErrorType.INTERNAL, message: "The gateway could not store the answer; its log says why. Retry the run.", httpStatus: null, retryable: true };
  return {
    ...outcome,
    output: null,
    outputRunId: null,
    attempts: [],
    latencyMs: null,
    startedAt: null,
    usage: { endpointCalls: outcome.attempts.length },
    verdict: { status: "ERROR", error, metricResults: [], finishedAt: outcome.verdict?.finishedAt ?? new Date() },
  };
}
