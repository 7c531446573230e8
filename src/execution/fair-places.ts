import { FairQueue } from "./fair-queue.js";

/**
 * A run may take another place while it holds fewer than so many times those that are free: one alone gets eight
 * ninths, and something is left for the next, whose calls must not wait for those of a run that take minutes. Higher,
 * a newcomer finds too few; lower, too many idle. (Dynamic thresholds, by Choudhury and Hahne, 1998.)
 */
const THRESHOLD = 8;

/** While a small run is at work and this process computes all the time, the others get so much of the places: each of its steps waits for all of theirs. */
const CROWDED_SHARE = 1 / 8;

/** Gives out a process's places for calls, in turns over the runs that want some. */
export class FairPlaces {
  readonly #waiting = new FairQueue<() => void>();
  readonly #held = new Map<string, number>();
  readonly #isSaturated: () => boolean;
  readonly #runsAtWork: () => ReadonlySet<string>;
  readonly #crowdedPlaces: number;
  #free: number;

  /** `isSaturated`: whether this process has no time to spare; `runsAtWork`: the runs that it works on. */
  constructor(places: number, load: { isSaturated: () => boolean; runsAtWork: () => ReadonlySet<string> } = { isSaturated: () => false, runsAtWork: () => new Set() }) {
    this.#free = places;
    this.#isSaturated = load.isSaturated;
    this.#runsAtWork = load.runsAtWork;
    this.#crowdedPlaces = Math.max(1, Math.floor(places * CROWDED_SHARE));
  }

  /** Waits for a place and answers how to give it back. Throws the signal's reason when it aborts first. */
  async acquire(signal: AbortSignal, party: string): Promise<() => void> {
    signal.throwIfAborted();
    await this.#queue(signal, party);
    let held = true;
    return () => {
      if (held) this.#leave(party);
      held = false;
    };
  }

  #queue(signal: AbortSignal, party: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        signal.removeEventListener("abort", goAway);
        this.#hold(party, 1);
        resolve();
      };
      const goAway = (): void => {
        this.#waiting.remove(party, enter);
        reject(signal.reason as Error); // whoever aborted chose it
      };
      signal.addEventListener("abort", goAway, { once: true });
      this.#waiting.add(party, enter);
      this.#grant();
    });
  }

  #leave(party: string): void {
    this.#hold(party, -1);
    this.#grant();
  }

  #hold(party: string, places: 1 | -1): void {
    const held = (this.#held.get(party) ?? 0) + places;
    if (held === 0) this.#held.delete(party);
    else this.#held.set(party, held);
    this.#free -= places;
  }

  #grant(): void {
    while (this.#free > 0) {
      const isCrowded = this.#isCrowded();
      const enter = this.#waiting.take((party) => this.#may(party, this.#held.get(party) ?? 0, isCrowded));
      if (enter === null) return;
      enter();
    }
  }

  #may(party: string, held: number, isCrowded: boolean): boolean {
    return held < THRESHOLD * this.#free && (!isCrowded || held < this.#crowdedPlaces || this.#waiting.isFresh(party));
  }

  #isCrowded(): boolean {
    if (!this.#isSaturated()) return false;
    return [...this.#runsAtWork()].some((runId) => this.#waiting.isFresh(runId));
  }
}
