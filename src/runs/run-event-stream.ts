import type { Db } from "../db/index.js";
import { NotFoundError } from "../errors.js";
import type { EventBus } from "../events/index.js";
import { IdKind, isId } from "../ids.js";
import type { Scope } from "../viewer.js";
import { decodeEventCursor, encodeEventCursor, type EventPosition } from "./event-cursor.js";
import type { TestResult } from "./result.js";
import { isTerminal, type TestRun } from "./run.js";
import { EVENT_PAGE, RunFeed, type RunSnapshot } from "./run-feed.js";

/** One step of a run, as a subscriber gets it. */
export interface RunEvent {
  readonly cursor: string;
  readonly run: TestRun;
  readonly runningOrdinals: readonly number[];
  readonly finishedResults: readonly TestResult[];
  readonly hasMore: boolean;
}

export interface WatchRun {
  readonly runId: string;
  /** The cursor of the last event seen, or null to begin with the present state. */
  readonly after: string | null;
  /** Whether finished results are wanted: only then are there pages of a catch-up. */
  readonly withResults: boolean;
}

/** Opens streams of runs' events; the streams of one run share their reads. */
export class RunEvents {
  readonly #deps: { db: Db; bus: EventBus };
  readonly #feeds = new Map<string, RunFeed>();

  constructor(deps: { db: Db; bus: EventBus }) {
    this.#deps = deps;
  }

  /** The events of a run. NOT_FOUND; BAD_USER_INPUT, CURSOR_INVALID. */
  async watch(scope: Scope, args: WatchRun): Promise<AsyncIterableIterator<RunEvent>> {
    if (!isId(args.runId, IdKind.TEST_RUN)) throw new NotFoundError("test run", args.runId);
    const after = args.after === null ? null : decodeEventCursor(args.runId, args.after);
    // The key holds the tenant: a feed reads within one.
    const key = `${scope.organizationId} ${args.runId}`;
    const feed = this.#feeds.get(key) ?? new RunFeed(this.#deps, { organizationId: scope.organizationId }, args.runId);
    this.#feeds.set(key, feed);
    feed.join();
    const leave = (): void => {
      feed.leave();
      if (!feed.isUsed) this.#feeds.delete(key);
    };
    const first = await feed.fresh().catch((error: unknown) => {
      leave();
      throw error;
    });
    if (first === null) {
      leave();
      throw new NotFoundError("test run", args.runId);
    }
    return new RunEventStream({ feed, leave, first, after, withResults: args.withResults });
  }
}

/**
 * One subscriber's events. Pulled, never pushed: a slow reader costs no memory and gets the newest state next. An
 * iterator by hand, because a generator that waits cannot be ended from outside.
 */
class RunEventStream implements AsyncIterableIterator<RunEvent> {
  readonly #feed: RunFeed;
  readonly #leave: () => void;
  readonly #withResults: boolean;
  readonly #ended = new AbortController();
  #position: EventPosition;
  #due: RunSnapshot | null;
  #isLast = false;

  constructor(args: { feed: RunFeed; leave: () => void; first: RunSnapshot; after: EventPosition | null; withResults: boolean }) {
    this.#feed = args.feed;
    this.#leave = args.leave;
    this.#withResults = args.withResults;
    this.#position = args.after ?? { seq: 0, version: 0 };
    const { run } = args.first;
    const isNews = args.after === null || run.version > args.after.version || (args.withResults && run.seq > args.after.seq);
    this.#due = isNews ? args.first : null;
    // Resumed after the terminal event: nothing comes any more.
    this.#isLast = !isNews && isTerminal(run.status);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<RunEvent>> {
    if (this.#isLast || this.#ended.signal.aborted) return this.return();
    const snapshot = (this.#due === null ? null : this.#feed.newest) ?? this.#due ?? (await this.#feed.after(this.#position.version, this.#ended.signal));
    if (snapshot === null) return this.return();
    return { done: false, value: await this.#toEvent(snapshot) };
  }

  return(): Promise<IteratorResult<RunEvent>> {
    if (!this.#ended.signal.aborted) {
      this.#ended.abort();
      this.#leave();
    }
    return Promise.resolve({ done: true, value: undefined });
  }

  async throw(error: unknown): Promise<IteratorResult<RunEvent>> {
    await this.return();
    throw error;
  }

  async #toEvent(snapshot: RunSnapshot): Promise<RunEvent> {
    const { run, runningOrdinals } = snapshot;
    const finishedResults = this.#withResults ? await this.#feed.page(this.#position.seq, run.seq) : [];
    // A short page reaches the snapshot's end: sequence numbers that a retry gave up leave gaps.
    const lastSeq = finishedResults.at(-1)?.seq ?? run.seq;
    const seq = finishedResults.length < EVENT_PAGE ? Math.max(run.seq, lastSeq) : lastSeq;
    const hasMore = seq < run.seq;
    this.#position = { seq, version: run.version };
    this.#due = hasMore ? snapshot : null;
    this.#isLast = !hasMore && isTerminal(run.status);
    return { cursor: encodeEventCursor(run.id, this.#position), run, runningOrdinals, finishedResults, hasMore };
  }
}
