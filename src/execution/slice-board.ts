import type { Db } from "../db/index.js";
import type { JobQueue } from "../queue/index.js";

/** How often a process with slices in work looks whether a job waits for a free worker. */
const LOOK_MS = 200;
/** A slice works at least so long: beginning one costs a few statements. */
const MIN_SLICE_MS = 500;

/** Which slice it is. */
export interface SliceOf {
  readonly runId: string;
  readonly lane: number;
}

interface Slice extends SliceOf {
  /** Whether it was asked to give way. */
  isLeaving: boolean;
  readonly begunAt: number;
  readonly giveWay: () => void;
}

/**
 * The slices that this process works on. While a job finds no free worker anywhere, one of them after the other gives
 * way: of the run that has most here, the oldest but its first lane, so that a big run cannot keep a small one out. (The queue gives the
 * freed worker to a run's first lane before any other.)
 */
export class SliceBoard {
  readonly #deps: { db: Db; queue: JobQueue };
  readonly #slices = new Set<Slice>();
  #timer: NodeJS.Timeout | null = null;
  #waited = false;

  constructor(deps: { db: Db; queue: JobQueue }) {
    this.#deps = deps;
  }

  /** Notes a slice that begins; answers how to say that it ended. `giveWay` is called at most once. */
  enter({ runId, lane }: SliceOf, giveWay: () => void): () => void {
    const slice = { runId, lane, isLeaving: false, begunAt: Date.now(), giveWay };
    this.#slices.add(slice);
    this.#timer ??= setInterval(() => void this.#look(), LOOK_MS);
    return () => {
      this.#slices.delete(slice);
      if (this.#slices.size > 0 || this.#timer === null) return;
      clearInterval(this.#timer);
      this.#timer = null;
    };
  }

  /** The runs that are worked on here. */
  runIds(): ReadonlySet<string> {
    return new Set([...this.#slices].map(({ runId }) => runId));
  }

  async #look(): Promise<void> {
    try {
      const waits = await this.#deps.queue.hasWaiting(this.#deps.db);
      // A job that was queued this very moment is about to be taken: one that still waits at the next look is not.
      if (waits && this.#waited) this.#giveWay();
      this.#waited = waits;
    } catch {
      // The database is away: nobody can take over either.
    }
  }

  #giveWay(): void {
    const now = Date.now();
    const staying = [...this.#slices].filter((slice) => !slice.isLeaving);
    const ripe = staying.filter((slice) => now - slice.begunAt >= MIN_SLICE_MS);
    const countByRun = new Map<string, number>();
    for (const { runId } of staying) countByRun.set(runId, (countByRun.get(runId) ?? 0) + 1);
    const count = (slice: Slice): number => countByRun.get(slice.runId) ?? 0;
    const [first] = ripe.sort((one, other) => count(other) - count(one) || Number(one.lane === 0) - Number(other.lane === 0) || one.begunAt - other.begunAt);
    if (first === undefined) return;
    first.isLeaving = true;
    first.giveWay();
  }
}
