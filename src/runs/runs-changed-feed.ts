import type { Db } from "../db/index.js";
import type { EventBus } from "../events/index.js";
import type { Scope } from "../viewer.js";
import { isTerminal, type TestRun, type TestRunStatus } from "./run.js";
import { parseDeletedRunKey, RUN_CHANGED, RUN_DELETED, type RunPlace } from "./run.events.js";
import { findRunsByIds } from "./run.repository.js";
import { RunChangeKind } from "./runs-changed.js";
import { findCurrentRuns, findListedRuns, type ListedRun } from "./runs-changed.repository.js";

/** At most ten looks a second, however many runs change. */
const TICK_MS = 100;
/** How far the clocks of processes may be apart: runs that were queued this long before the beginning are known from the first look. */
const CLOCK_SLACK_MS = 60_000;

/** A change with where the run stands, so that each subscriber can tell whether it is theirs. */
export interface PlacedChange {
  readonly kind: RunChangeKind;
  readonly place: RunPlace;
  readonly run: TestRun | null;
}
type Listener = (change: PlacedChange) => void;

interface KnownRun {
  readonly place: RunPlace;
  readonly status: TestRunStatus;
}

/**
 * The changes of one organization's list of runs, while somebody watches. Notifications say which runs to look at;
 * what has happened follows from comparing them with what was seen, so that it does not matter which process changed
 * them, how often, or whether a notification was lost.
 */
export class RunsChangedFeed {
  readonly #deps: { db: Db; bus: EventBus; now: () => Date };
  readonly #scope: Scope;
  readonly #listeners = new Set<Listener>();
  readonly #known = new Map<string, KnownRun>();
  readonly #since: Date;
  #dirty = new Set<string>();
  #isStale = false;
  #timer: NodeJS.Timeout | null = null;
  #ready: Promise<void> | null = null;
  #stops: (() => void)[] = [];

  constructor(deps: { db: Db; bus: EventBus; now: () => Date }, scope: Scope) {
    this.#deps = deps;
    this.#scope = { organizationId: scope.organizationId };
    this.#since = new Date(deps.now().getTime() - CLOCK_SLACK_MS);
  }

  get isUsed(): boolean {
    return this.#listeners.size > 0;
  }

  /** Tells of the changes from now on; answers how to stop. Listens before it first reads, so that nothing falls between. */
  async join(listener: Listener): Promise<() => void> {
    this.#listeners.add(listener);
    if (this.#stops.length === 0) this.#listen();
    this.#ready ??= this.#begin();
    const leave = (): void => {
      this.#listeners.delete(listener);
      if (!this.isUsed) this.#stop();
    };
    await this.#ready.catch((error: unknown) => {
      this.#ready = null;
      leave();
      throw error;
    });
    return leave;
  }

  #listen(): void {
    const { bus } = this.#deps;
    this.#stops = [
      bus.subscribe(RUN_CHANGED, (runId) => this.#lookAt(runId)),
      bus.subscribe(RUN_DELETED, (key) => this.#dropDeleted(parseDeletedRunKey(key))),
      bus.onGap(() => {
        this.#isStale = true;
        this.#lookSoon();
      }),
    ];
  }

  #stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  async #begin(): Promise<void> {
    for (const run of await findCurrentRuns(this.#deps.db, this.#scope, this.#since)) this.#known.set(run.id, { place: run, status: run.status });
  }

  #lookAt(runId: string): void {
    this.#dirty.add(runId);
    this.#lookSoon();
  }

  #lookSoon(): void {
    if (this.#timer !== null || !this.isUsed) return;
    this.#timer = setTimeout(() => {
      void this.#look().finally(() => {
        this.#timer = null;
        if (this.#dirty.size > 0 || this.#isStale) this.#lookSoon();
      });
    }, TICK_MS);
  }

  async #look(): Promise<void> {
    const [ids, isStale] = [this.#dirty, this.#isStale];
    [this.#dirty, this.#isStale] = [new Set(), false];
    try {
      await this.#ready;
      if (isStale) for (const id of await this.#idsAfterGap()) ids.add(id);
      await this.#compare([...ids]);
    } catch {
      // A database that is away is asked again: at the next tick, for the same runs.
      for (const id of ids) this.#dirty.add(id);
      this.#isStale ||= isStale;
    }
  }

  async #idsAfterGap(): Promise<string[]> {
    const current = await findCurrentRuns(this.#deps.db, this.#scope, this.#since);
    const open = [...this.#known].filter(([, { status }]) => !isTerminal(status));
    return [...current.map(({ id }) => id), ...open.map(([id]) => id)];
  }

  async #compare(ids: readonly string[]): Promise<void> {
    const found = new Map((await findListedRuns(this.#deps.db, this.#scope, ids, this.#since)).map((run) => [run.id, run]));
    const changed = [...found.values()].flatMap((run) => {
      const kind = this.#kindOf(run);
      return kind === null ? [] : [{ kind, run }];
    });
    const runs = changed.length === 0 ? [] : await findRunsByIds(this.#deps.db, this.#scope, changed.map(({ run }) => run.id));
    const byId = new Map(runs.map((run) => [run.id, run]));
    for (const id of ids) if (!found.has(id)) this.#drop(id);
    for (const { kind, run: listed } of changed) {
      const run = byId.get(listed.id);
      if (run === undefined) continue; // deleted since: that is told by itself
      this.#known.set(run.id, { place: run, status: run.status });
      this.#tell({ kind, place: run, run });
    }
  }

  /** A run that was not known had ended before the beginning, or is new. */
  #kindOf(run: ListedRun): RunChangeKind | null {
    const known = this.#known.get(run.id);
    if (known !== undefined) return known.status === run.status ? null : RunChangeKind.UPDATED;
    if (run.isRecent) return RunChangeKind.CREATED;
    return isTerminal(run.status) ? null : RunChangeKind.UPDATED;
  }

  #dropDeleted(place: RunPlace): void {
    if (place.organizationId !== this.#scope.organizationId) return;
    this.#known.delete(place.id);
    this.#dirty.delete(place.id);
    this.#tell({ kind: RunChangeKind.DELETED, place, run: null });
  }

  #drop(id: string): void {
    const known = this.#known.get(id);
    if (known !== undefined) this.#dropDeleted(known.place);
  }

  #tell(change: PlacedChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}
