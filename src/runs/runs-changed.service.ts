import { findProjectsByIds } from "../accounts/index.js";
import type { Db } from "../db/index.js";
import { findEndpointsByIds } from "../endpoints/index.js";
import { NotFoundError } from "../errors.js";
import type { EventBus } from "../events/index.js";
import { findTestSetsByIds } from "../test-sets/index.js";
import type { Scope } from "../viewer.js";
import { illFormedIds, isWatched, mergeChanges, type RunChange, type WatchRuns } from "./runs-changed.js";
import { type PlacedChange, RunsChangedFeed } from "./runs-changed-feed.js";

const THINGS = { projectId: "project", testSetId: "test set", endpointId: "endpoint" } as const satisfies Record<keyof WatchRuns, string>;

/** Opens streams of the changes of lists of runs; the streams of an organization share their reads. */
export class RunsChanged {
  readonly #deps: { db: Db; bus: EventBus; now: () => Date };
  readonly #feeds = new Map<string, RunsChangedFeed>();

  constructor(deps: { db: Db; bus: EventBus; now: () => Date }) {
    this.#deps = deps;
  }

  /** The changes from now on. NOT_FOUND for a project, test set or endpoint that is not there. */
  async watch(scope: Scope, watch: WatchRuns): Promise<AsyncIterableIterator<RunChange>> {
    await this.#assertFound(scope, watch);
    const { organizationId } = scope;
    const feed = this.#feeds.get(organizationId) ?? new RunsChangedFeed(this.#deps, scope);
    this.#feeds.set(organizationId, feed);
    const stream = new RunsChangedStream(watch);
    const forget = (): void => {
      if (!feed.isUsed && this.#feeds.get(organizationId) === feed) this.#feeds.delete(organizationId);
    };
    const leave = await feed.join((change) => stream.offer(change)).finally(forget);
    stream.onEnd = () => {
      leave();
      forget();
    };
    return stream;
  }

  async #assertFound(scope: Scope, watch: WatchRuns): Promise<void> {
    const { db } = this.#deps;
    const [illFormed] = illFormedIds(watch);
    if (illFormed !== undefined) throw new NotFoundError(THINGS[illFormed], watch[illFormed] ?? "");
    const found: Readonly<Record<keyof WatchRuns, (id: string) => Promise<readonly object[]>>> = {
      projectId: (id) => findProjectsByIds(db, scope, [id]),
      testSetId: (id) => findTestSetsByIds(db, scope, [id]),
      endpointId: (id) => findEndpointsByIds(db, scope, [id]),
    };
    for (const field of Object.keys(THINGS) as (keyof WatchRuns)[]) { // Object.keys forgets the keys' type
      const id = watch[field];
      if (id !== null && (await found[field](id)).length === 0) throw new NotFoundError(THINGS[field], id);
    }
  }
}

/**
 * One subscriber's changes. What it has not taken yet is merged run by run, so that a slow reader costs no more memory
 * than there are runs. An iterator by hand, because a generator that waits cannot be ended from outside.
 */
class RunsChangedStream implements AsyncIterableIterator<RunChange> {
  readonly #watch: WatchRuns;
  readonly #waiting = new Map<string, RunChange>();
  #wake: (() => void) | null = null;
  #isEnded = false;
  onEnd: () => void = () => undefined;

  constructor(watch: WatchRuns) {
    this.#watch = watch;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  offer({ kind, place, run }: PlacedChange): void {
    if (this.#isEnded || !isWatched(this.#watch, place)) return;
    const merged = mergeChanges(this.#waiting.get(place.id), { kind, runId: place.id, run });
    if (merged === null) this.#waiting.delete(place.id);
    else this.#waiting.set(place.id, merged);
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<RunChange>> {
    for (;;) {
      if (this.#isEnded) return { done: true, value: undefined };
      const [first] = this.#waiting.values();
      if (first !== undefined) {
        this.#waiting.delete(first.runId);
        return { done: false, value: first };
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = null;
    }
  }

  return(): Promise<IteratorResult<RunChange>> {
    if (!this.#isEnded) {
      this.#isEnded = true;
      this.onEnd();
      this.#wake?.();
    }
    return Promise.resolve({ done: true, value: undefined });
  }

  async throw(error: unknown): Promise<IteratorResult<RunChange>> {
    await this.return();
    throw error;
  }
}
