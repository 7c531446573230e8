import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { RunSummary } from "./run-summary.js";
import { computeSummaries, findKeptSummaries, type SummaryOfVersion, type SummaryState } from "./run-summary.repository.js";
import { isTerminal } from "./run.js";

/** Runs whose last summary is remembered: each takes some kB. More are computed again although nothing changed. */
const MAX_REMEMBERED = 200;

/** The computing of one run's summary. */
interface Computation {
  /** The least version of the run that it is of: while it is under way the one that was asked for, then the one that it saw. */
  version: number;
  isDone: boolean;
  /** Null: the run was deleted meanwhile. */
  readonly answer: Promise<SummaryOfVersion | null>;
}

/**
 * What runs come to: as it was kept when they ended, else computed from their results. Computing takes a look at all of
 * them, and many may watch a run that goes on, so it is computed once for each version of the run, by one computation
 * at a time in this process. Everything that changes a summary makes another version of the run, so nobody gets an
 * older one than without sharing.
 */
export class RunSummaries {
  readonly #db: Db;
  /** The newest of each run, under way or done. Keys name the tenant. */
  readonly #newest = new Map<string, Computation>();

  constructor(deps: { db: Db }) {
    this.#db = deps.db;
  }

  /** By the runs' ids. One statement where all are kept, else the same few, whatever the number of runs. */
  async find(scope: Scope, runIds: readonly string[]): Promise<ReadonlyMap<string, RunSummary>> {
    const states = await findKeptSummaries(this.#db, scope, runIds);
    const summaries = new Map(states.flatMap(({ id, summary }) => (summary === null ? [] : [[id, summary] as const])));
    let open = states.filter(({ summary }) => summary === null);
    while (open.length > 0) {
      const late: SummaryState[] = [];
      for (const { state, computation } of this.#computationsOf(scope, open)) {
        const isRecent = computation.version >= state.version;
        // One that began too early may have seen enough all the same; if it failed, that is for those who asked it.
        const answer = await (isRecent ? computation.answer : computation.answer.catch(() => null));
        if (computation.version < state.version) late.push(state);
        else if (answer !== null) summaries.set(state.id, answer.summary);
      }
      open = late;
    }
    return summaries;
  }

  /** What each run has to wait for; starts computing, for all at once, those that nobody computes. */
  #computationsOf(scope: Scope, open: readonly SummaryState[]): { state: SummaryState; computation: Computation }[] {
    const keyOf = ({ id }: SummaryState): string => `${scope.organizationId} ${id}`;
    const found = open.map((state) => ({ state, newest: this.#newest.get(keyOf(state)) }));
    const isIdle = ({ state, newest }: (typeof found)[number]): boolean => newest === undefined || (newest.isDone && newest.version < state.version);
    const idle = found.filter(isIdle).map(({ state }) => state);
    const answers = idle.length === 0 ? Promise.resolve([]) : computeSummaries(this.#db, scope, idle.map(({ id }) => id));
    const start = (state: SummaryState): Computation => this.#remember(keyOf(state), state.version, answers.then((all) => all.find(({ id }) => id === state.id) ?? null));
    return found.map(({ state, newest }) => ({ state, computation: newest === undefined || isIdle({ state, newest }) ? start(state) : newest }));
  }

  #remember(key: string, version: number, answer: Promise<SummaryOfVersion | null>): Computation {
    const computation: Computation = { version, isDone: false, answer };
    this.#newest.delete(key); // so that the map goes by age
    this.#newest.set(key, computation);
    const forget = (): void => {
      if (this.#newest.get(key) === computation) this.#newest.delete(key);
    };
    answer.then((seen) => {
      computation.isDone = true;
      computation.version = seen?.version ?? version;
      if (seen === null || isTerminal(seen.status)) forget(); // kept in its row from now on
    }, forget);
    this.#forgetOldest();
    return computation;
  }

  #forgetOldest(): void {
    for (const [key, { isDone }] of this.#newest) {
      if (this.#newest.size <= MAX_REMEMBERED) return;
      if (isDone) this.#newest.delete(key);
    }
  }
}
