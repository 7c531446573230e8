import type { Db } from "../db/index.js";
import { NotFoundError } from "../errors.js";
import { findUnstoredResults, inSnapshot } from "../runs/index.js";
import type { Semaphore } from "../semaphore.js";
import { findTestSetsByIds } from "../test-sets/index.js";
import type { Scope } from "../viewer.js";
import { findLabelNames, findMetricResultsOfWindow, findOutputOverflow, findOutputsOfWindow, findReviewsOfWindow, findStoredResultsOfWindow, findTestsByRevisionIds, type Window } from "./export.repository.js";
import type { ExportedResult, ExportedTest, ExportHead, ExportRow } from "./export-row.js";

/** Results that are read at once: some tens of milliseconds. */
const WINDOW = 1_000;
/** Bytes of answers that are read at once; a single answer may be larger. */
const WINDOW_BYTES = 4 * 1024 * 1024;
/** Windows that are read while one is written out: each is a row of statements, so that one alone would leave the database waiting for us. */
const READ_AHEAD = 2;
const NONE: readonly never[] = [];

/** What is read beside the columns of tables. */
export interface ReadOptions {
  /** All that is stored of an answer, the endpoint's own words included. */
  readonly everything: boolean;
  /** Aborted when the reader is gone: no statement starts after that. */
  readonly signal: AbortSignal;
  /** A place for each window that is read at a time, shared by all downloads. */
  readonly places: Semaphore;
}

/**
 * All planned results of a run in their order, window by window, those without a row included. Each window is read at
 * one moment, and while it is written out the next ones are read; in between no connection and no snapshot is held, so
 * that slow readers cost the database nothing. The run is shown as it stood when the download began: what got its
 * verdict later counts as still in work.
 */
export class ExportReader {
  readonly #db: Db;
  readonly #scope: Scope;
  readonly #head: ExportHead;
  readonly #options: ReadOptions;
  readonly #labels = new Map<string, string>();
  readonly #testSets = new Map<string, string>();

  constructor(db: Db, scope: Scope, head: ExportHead, options: ReadOptions) {
    this.#db = db;
    this.#scope = scope;
    this.#head = head;
    this.#options = options;
  }

  async *windows(): AsyncGenerator<readonly ExportRow[]> {
    const { total } = this.#head.run;
    const ahead: { readonly from: number; readonly read: ReturnType<ExportReader["read"]> }[] = [];
    let depth = READ_AHEAD;
    for (let from = 1; from <= total; ) {
      this.#readAhead(ahead, from, depth);
      const next = ahead.shift();
      if (next === undefined) return;
      const { rows, to } = await next.read;
      if (to < Math.min(next.from + WINDOW - 1, total)) {
        // Answers so long that a window has fewer results: those read ahead begin at the wrong place, and would again.
        ahead.length = 0;
        depth = 1;
      }
      from = to + 1;
      this.#readAhead(ahead, from, depth);
      yield rows;
    }
  }

  /** Begins to read the windows that follow, as many as may be under way. */
  #readAhead(ahead: { readonly from: number; readonly read: ReturnType<ExportReader["read"]> }[], from: number, depth: number): void {
    while (ahead.length < depth) {
      const next = (ahead.at(-1)?.from ?? from - WINDOW) + WINDOW;
      if (next > this.#head.run.total) return;
      const read = this.read(next);
      read.catch(() => undefined); // thrown when it is awaited; the reader may be gone before that
      ahead.push({ from: next, read });
    }
  }

  /** The window from an ordinal on, as long as its answers are not too many bytes. */
  async read(from: number): Promise<{ rows: readonly ExportRow[]; to: number }> {
    const leave = await this.#options.places.acquire(this.#options.signal);
    return this.#read(from).finally(leave);
  }

  #read(from: number): Promise<{ rows: readonly ExportRow[]; to: number }> {
    const { run } = this.#head;
    return inSnapshot(this.#db, async (snapshot) => {
      const asked: Window = { runId: run.id, from, to: Math.min(from + WINDOW - 1, run.total) };
      const found = await this.#results(snapshot, asked);
      const outputRunIds = [...new Set(found.flatMap(({ outputRunId }) => outputRunId ?? []))];
      const overflow = outputRunIds.length === 0 ? null : await findOutputOverflow(snapshot, this.#scope, outputRunIds, asked, WINDOW_BYTES);
      const window = { ...asked, to: overflow === null ? asked.to : Math.max(from, overflow - 1) };
      const results = found.filter(({ ordinal }) => ordinal <= window.to).map((result) => this.#asOfBegin(result));
      return { rows: await this.#complete(snapshot, results, outputRunIds, window), to: window.to };
    });
  }

  /** The window's results in their order, those without a row from the plan. NOT_FOUND once the run is deleted and its rows are cleared away. */
  async #results(db: Db, window: Window): Promise<ExportedResult[]> {
    const stored = await findStoredResultsOfWindow(db, this.#scope, window, this.#options.everything);
    const planned = window.to - window.from + 1;
    if (stored.length === planned) return stored;
    const known = new Set(stored.map(({ ordinal }) => ordinal));
    const missing = Array.from({ length: planned }, (_, index) => window.from + index).filter((ordinal) => !known.has(ordinal));
    const unstored = await findUnstoredResults(db, this.#scope, this.#head.run, missing);
    // A run has a plan for every ordinal until it is deleted: what came by then must not pass for a whole file.
    if (unstored.length < missing.length) throw new NotFoundError("test run", window.runId);
    return [...stored, ...unstored.map((result) => ({ ...result, startedAt: null, finishedAt: null, attemptCount: 0 }))].sort((a, b) => a.ordinal - b.ordinal);
  }

  async #complete(db: Db, results: readonly ExportedResult[], outputRunIds: readonly string[], window: Window): Promise<ExportRow[]> {
    const { everything } = this.#options;
    const outputs = Map.groupBy(outputRunIds.length === 0 ? [] : await findOutputsOfWindow(db, this.#scope, outputRunIds, window, everything), ({ ordinal }) => ordinal);
    const metricResults = Map.groupBy(await findMetricResultsOfWindow(db, this.#scope, window, everything), ({ ordinal }) => ordinal);
    const reviews = Map.groupBy(this.#head.run.reviewed === 0 ? [] : await findReviewsOfWindow(db, this.#scope, window), ({ ordinal }) => ordinal);
    const tests = new Map((await findTestsByRevisionIds(db, this.#scope, [...new Set(results.map(({ testRevisionId }) => testRevisionId))])).map((test) => [test.id, test]));
    await this.#learnNames(db, tests.values());
    const name = (id: string | null | undefined): string | null => (id == null ? null : (this.#labels.get(id) ?? null));
    return results.map((result): ExportRow => {
      const test = tests.get(result.testRevisionId) ?? null;
      return {
        result,
        test,
        testSetName: test === null ? null : (this.#testSets.get(test.testSetId) ?? null),
        behavior: name(test?.behaviorId),
        category: name(test?.categoryId),
        topic: name(test?.topicId),
        useCase: name(test?.useCaseId),
        output: outputs.get(result.ordinal)?.find(({ runId }) => runId === result.outputRunId) ?? null,
        metricResults: result.seq === null ? NONE : (metricResults.get(result.ordinal) ?? NONE),
        reviews: reviews.get(result.ordinal) ?? NONE,
      };
    });
  }

  /** Names repeat from window to window: each is read once. */
  async #learnNames(db: Db, tests: Iterable<ExportedTest>): Promise<void> {
    const [labelIds, setIds] = [new Set<string>(), new Set<string>()];
    for (const { testSetId, behaviorId, categoryId, topicId, useCaseId } of tests) {
      if (!this.#testSets.has(testSetId)) setIds.add(testSetId);
      for (const id of [behaviorId, categoryId, topicId, useCaseId]) if (id !== null && !this.#labels.has(id)) labelIds.add(id);
    }
    for (const [id, name] of await findLabelNames(db, this.#scope, [...labelIds])) this.#labels.set(id, name);
    if (setIds.size > 0) for (const set of await findTestSetsByIds(db, this.#scope, [...setIds])) this.#testSets.set(set.id, set.name);
  }

  /** A verdict that came after the download began is not shown, so that the file's counts are those of one moment. */
  #asOfBegin(result: ExportedResult): ExportedResult {
    if (result.seq === null || result.seq <= this.#head.run.seq) return result;
    return { ...result, status: "RUNNING", automatedStatus: "RUNNING", error: null, finishedAt: null, seq: null };
  }
}
