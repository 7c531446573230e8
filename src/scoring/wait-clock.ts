/** Tells how long work only waited: for its calls to be let in, or between their attempts, while none was under way. */
export class WaitClock {
  readonly #now: () => number;
  #calls = 0;
  #attempts = 0;
  #waitingSince: number | null = null;
  #waitedMs = 0;

  /** `now` is a clock in milliseconds that never goes back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** So far. */
  get waitedMs(): number {
    return this.#waitedMs + (this.#waitingSince === null ? 0 : this.#now() - this.#waitingSince);
  }

  /** A call, from the moment that it asks to be let in to its last attempt's end. */
  call<T>(work: () => Promise<T>): Promise<T> {
    return this.#count(work, (by) => (this.#calls += by));
  }

  /** One attempt of a call. */
  attempt<T>(work: () => Promise<T>): Promise<T> {
    return this.#count(work, (by) => (this.#attempts += by));
  }

  async #count<T>(work: () => Promise<T>, add: (by: 1 | -1) => void): Promise<T> {
    add(1);
    this.#look();
    try {
      return await work();
    } finally {
      add(-1);
      this.#look();
    }
  }

  #look(): void {
    const isWaiting = this.#calls > 0 && this.#attempts === 0;
    if (isWaiting && this.#waitingSince === null) this.#waitingSince = this.#now();
    if (isWaiting || this.#waitingSince === null) return;
    this.#waitedMs += this.#now() - this.#waitingSince;
    this.#waitingSince = null;
  }
}
