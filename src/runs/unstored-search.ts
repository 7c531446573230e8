import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { resultId } from "../ids.js";
import { findUnstored, type OpenRun, type Unstored, type Window } from "./planned-result.repository.js";
import { positionOf, type TestResult, TestResultStatus, trialOf } from "./result.js";
import type { TestResultFilter, UnstoredStatus } from "./result-filter.js";
import { TestRunStatus } from "./run.js";

/** Ordinals looked at in the first statement: more than a page, as most searches end there. */
const FIRST_WINDOW = 256;
const GROWTH = 4;
/** Ordinals that one statement looks at, at the most: some tenths of a second. */
const MAX_WINDOW = 65_536;

/** A stretch of a run's ordinals that may have planned results without a row. */
export interface Range {
  readonly run: OpenRun;
  readonly from: number;
  readonly to: number;
}

/** A search for planned results without a row, of one list. */
export interface Search {
  readonly parentId: string;
  /** Which statuses count. */
  readonly statuses: readonly UnstoredStatus[];
  /** Where to look, in the order of reading. */
  readonly ranges: readonly Range[];
  readonly take: number;
}

/** The status of a planned result without a row. */
export function unstoredStatus(run: Pick<OpenRun, "status" | "running">, ordinal: number): UnstoredStatus {
  if (run.status === TestRunStatus.CANCELLED) return TestResultStatus.CANCELLED;
  return run.running.includes(ordinal) ? TestResultStatus.RUNNING : TestResultStatus.PENDING;
}

/** A planned result without a row, as the plan has it. */
export function plannedResult(run: Pick<OpenRun, "organizationId" | "id" | "status" | "trials" | "configurationId" | "outputRunId" | "running">, planned: Pick<Unstored, "ordinal" | "testId" | "testRevisionId">): TestResult {
  const status = unstoredStatus(run, planned.ordinal);
  return {
    organizationId: run.organizationId,
    id: resultId(run.id, planned.ordinal),
    runId: run.id,
    ordinal: planned.ordinal,
    position: positionOf(planned.ordinal, run.trials),
    trial: trialOf(planned.ordinal, run.trials),
    status,
    automatedStatus: status,
    testId: planned.testId,
    testRevisionId: planned.testRevisionId,
    configurationId: run.configurationId,
    outputRunId: run.outputRunId,
    error: null,
    attempts: [],
    latencyMs: null,
    startedAt: null,
    finishedAt: null,
    seq: null,
  };
}

/** What is left of a search. */
interface Progress {
  readonly search: Search;
  readonly found: TestResult[];
  ranges: readonly Range[];
}

/**
 * Runs searches side by side, in windows that grow: a statement a round for all of them, however many there are.
 * Answers what each found, in the order of reading, at most `take` of them.
 */
export async function searchUnstored(db: Db, scope: Scope, searches: readonly Search[], args: { filter: TestResultFilter; descending: boolean }): Promise<TestResult[][]> {
  const all: Progress[] = searches.map((search) => ({ search, found: [], ranges: search.ranges }));
  for (let size = FIRST_WINDOW; ; size = Math.min(size * GROWTH, MAX_WINDOW)) {
    const open = all.filter(({ search, found, ranges }) => found.length < search.take && ranges.length > 0);
    if (open.length === 0) return all.map(({ found }) => found);
    const budget = Math.max(FIRST_WINDOW, Math.min(size, Math.floor(MAX_WINDOW / open.length)));
    const cuts = open.map((progress, index) => cut(progress, { search: index, budget, descending: args.descending }));
    const rows = await findUnstored(db, scope, cuts.flatMap(({ windows }) => windows), args);
    const bySearch = Map.groupBy(rows, (row) => row.search);
    open.forEach((progress, index) => advance(progress, cuts[index], bySearch.get(index) ?? [], args.descending));
  }
}

interface Cut {
  readonly windows: readonly Window[];
  readonly rest: readonly Range[];
  readonly take: number;
}

/** The next windows of a search, of as many ordinals as the budget allows, and what lies beyond them. */
function cut({ search, found, ranges }: Progress, args: { search: number; budget: number; descending: boolean }): Cut {
  const [windows, rest]: [Range[], Range[]] = [[], []];
  let left = args.budget;
  for (const range of ranges) {
    const taken = Math.min(left, range.to - range.from + 1);
    if (taken === 0) rest.push(range);
    else {
      windows.push(args.descending ? { ...range, from: range.to - taken + 1 } : { ...range, to: range.from + taken - 1 });
      const [from, to] = args.descending ? [range.from, range.to - taken] : [range.from + taken, range.to];
      if (from <= to) rest.push({ run: range.run, from, to });
    }
    left -= taken;
  }
  // What is in work comes back from the statement with the rest, and may have to be dropped.
  const slack = [...new Set(windows.map(({ run }) => run))].reduce((sum, run) => sum + run.running.length, 0);
  const take = search.take - found.length + slack;
  return { take, rest, windows: windows.map((range, place) => ({ search: args.search, place, run: range.run, from: range.from, to: range.to, take })) };
}

function advance(progress: Progress, done: Cut | undefined, rows: readonly Unstored[], descending: boolean): void {
  if (done === undefined) return;
  const runs = new Map(progress.ranges.map(({ run }) => [run.id, run]));
  for (const row of rows) {
    const run = runs.get(row.runId);
    if (run === undefined || progress.found.length >= progress.search.take || !progress.search.statuses.includes(unstoredStatus(run, row.ordinal))) continue;
    progress.found.push(plannedResult(run, row));
  }
  const last = rows.at(-1);
  progress.ranges = last !== undefined && rows.length >= done.take ? [...beyondRow(progress.ranges, done, last, descending), ...done.rest] : done.rest;
}

/** What of the windows lies past a row at which the statement stopped. */
function beyondRow(ranges: readonly Range[], { windows }: Cut, last: Unstored, descending: boolean): Range[] {
  const runs = new Map(ranges.map(({ run }) => [run.id, run]));
  return windows.slice(last.place).flatMap((window) => {
    const run = runs.get(window.run.id);
    if (run === undefined) return [];
    if (window.place > last.place) return [{ run, from: window.from, to: window.to }];
    const rest = descending ? { run, from: window.from, to: last.ordinal - 1 } : { run, from: last.ordinal + 1, to: window.to };
    return rest.from <= rest.to ? [rest] : [];
  });
}
