/** So many turns of a party come sooner than those of parties that had more: a small run is done by then. */
const FRESH_TURNS = 200;
/**
 * So many turns a fresh party gets for each one of another: a small run waits for the calls that are under way when it
 * comes, and what it does not get then it would wait for once more, three times its own time in all.
 */
const FRESH_WEIGHT = 32;
/** A party that asked for nothing so long is forgotten, and would be fresh again. */
const FORGET_MS = 10 * 60_000;
/** From so many parties on it is worth looking for some to forget. */
const MANY_PARTIES = 256;

interface Party<W> {
  readonly name: string;
  readonly waiting: Set<W>;
  /** When its next turn comes, in the queue's own time, which counts turns. */
  due: number;
  turns: number;
  lastAskedAt: number;
}

/**
 * Who waits for something scarce, by party: turns go round over the parties (stride scheduling), so that a party with
 * a thousand waiters holds up one with ten no more than one with ten would. First come, first served inside a party.
 */
export class FairQueue<W> {
  readonly #parties = new Map<string, Party<W>>();
  #time = 0;
  #size = 0;

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /** Whether anyone of a fresh party waits. */
  get hasFresh(): boolean {
    return this.#first(isFresh) !== null;
  }

  /** Whether a party has had few turns so far. */
  isFresh(party: string): boolean {
    const entry = this.#parties.get(party);
    return entry === undefined || isFresh(entry);
  }

  add(party: string, waiter: W): void {
    const entry = this.#party(party);
    if (entry.waiting.size === 0) entry.due = Math.max(entry.due, this.#time); // who was away saves up no turns
    entry.lastAskedAt = Date.now();
    entry.waiting.add(waiter);
    this.#size += 1;
  }

  /** Takes a waiter out that goes away by itself. */
  remove(party: string, waiter: W): void {
    if (this.#parties.get(party)?.waiting.delete(waiter) === true) this.#size -= 1;
  }

  /** Takes out whose turn it is, of the parties that may have one, and counts the turn; null when nobody of them waits. */
  take(may: (party: string) => boolean = () => true): W | null {
    const party = this.#first(({ name }) => may(name));
    const [waiter] = party?.waiting ?? [];
    if (party === null || waiter === undefined) return null;
    party.waiting.delete(waiter);
    this.#size -= 1;
    this.#count(party);
    return waiter;
  }

  /** Counts a turn that was had without waiting. */
  count(party: string): void {
    const entry = this.#party(party);
    entry.due = Math.max(entry.due, this.#time);
    entry.lastAskedAt = Date.now();
    this.#count(entry);
  }

  #count(party: Party<W>): void {
    this.#time = party.due;
    party.due += isFresh(party) ? 1 / FRESH_WEIGHT : 1;
    party.turns += 1;
  }

  #first(suits: (party: Party<W>) => boolean): Party<W> | null {
    let first: Party<W> | null = null;
    for (const party of this.#parties.values()) if (party.waiting.size > 0 && suits(party) && (first === null || party.due < first.due)) first = party;
    return first;
  }

  #party(name: string): Party<W> {
    const found = this.#parties.get(name);
    if (found !== undefined) return found;
    if (this.#parties.size >= MANY_PARTIES) this.#forget();
    const party = { name, waiting: new Set<W>(), due: this.#time, turns: 0, lastAskedAt: Date.now() };
    this.#parties.set(name, party);
    return party;
  }

  #forget(): void {
    for (const [name, party] of this.#parties) if (party.waiting.size === 0 && Date.now() - party.lastAskedAt > FORGET_MS) this.#parties.delete(name);
  }
}

function isFresh(party: Party<unknown>): boolean {
  return party.turns < FRESH_TURNS;
}
