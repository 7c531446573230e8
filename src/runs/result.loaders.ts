import type DataLoader from "dataloader";
import { byParentAndArgs, type ChildKey, type Db, EMPTY_PAGE, type LoaderOptions, manyByKey, oneByKey, type Page } from "../db/index.js";
import { metricResultId, parseMetricResultId, parseResultId, resultId } from "../ids.js";
import type { Scope } from "../viewer.js";
import type { MetricResult } from "./metric-result.js";
import { findMetricResults, findMetricResultsOf } from "./metric-result.repository.js";
import { findOutputRaws, findOutputs, findOutputTexts, findOutputTurns, type OutputPlace, type OutputSummary } from "./output.repository.js";
import type { StoredTurn, TestResult } from "./result.js";
import { countResults } from "./result-count.repository.js";
import type { TestResultFilter } from "./result-filter.js";
import type { ResultParents } from "./result-page.repository.js";
import { pageOfResults, type ResultListArgs } from "./result-pages.js";
import { findResults } from "./result.repository.js";

/** Lists of the results of one kind of thing. */
export interface ResultListLoaders {
  readonly page: DataLoader<ChildKey<ResultListArgs>, Page<TestResult>, string>;
  readonly count: DataLoader<ChildKey<{ filter: TestResultFilter }>, number, string>;
}

/** Outputs are loaded by the id of the result that they were stored for; large columns each by themselves. */
export interface ResultLoaders {
  /** By result ids, those without a row included. */
  readonly byId: DataLoader<string, TestResult | null>;
  readonly output: DataLoader<string, OutputSummary | null>;
  readonly outputText: DataLoader<string, { output: string } | null>;
  readonly outputRaw: DataLoader<string, { raw: unknown } | null>;
  readonly outputTurns: DataLoader<string, { turns: readonly StoredTurn[] } | null>;
  readonly metricResultById: DataLoader<string, MetricResult | null>;
  readonly metricResultsOf: DataLoader<string, readonly MetricResult[]>;
  readonly ofRun: ResultListLoaders;
  readonly ofTest: ResultListLoaders;
}

/** The loaders of one viewer over results. */
export function createResultLoaders(db: Db, scope: Scope, options: LoaderOptions): ResultLoaders {
  const outputs = <R extends OutputPlace>(find: (db: Db, scope: Scope, places: readonly OutputPlace[]) => Promise<readonly R[]>): DataLoader<string, R | null> =>
    oneByKey(options, (ids) => find(db, scope, placesOf(ids)), idOf);
  return {
    byId: oneByKey(options, (ids) => findResults(db, scope, placesOf(ids)), (result) => result.id),
    output: outputs(findOutputs),
    outputText: outputs(findOutputTexts),
    outputRaw: outputs(findOutputRaws),
    outputTurns: outputs(findOutputTurns),
    metricResultById: oneByKey(
      options,
      (ids) => findMetricResults(db, scope, ids.map(parseMetricResultId).filter((place) => place !== null)),
      (row) => metricResultId(row.runId, row.ordinal, row.metricIndex),
    ),
    metricResultsOf: manyByKey(options, (ids) => findMetricResultsOf(db, scope, placesOf(ids)), idOf),
    ofRun: listsOf(db, scope, "run", options),
    ofTest: listsOf(db, scope, "test", options),
  };
}

function listsOf(db: Db, scope: Scope, kind: ResultParents["kind"], options: LoaderOptions): ResultListLoaders {
  return {
    page: byParentAndArgs(options, (ids, args) => pageOfResults(db, scope, { kind, ids }, args), () => EMPTY_PAGE),
    count: byParentAndArgs(options, (ids, { filter }) => countResults(db, scope, { parents: { kind, ids }, filter }), () => 0),
  };
}

function placesOf(ids: readonly string[]): OutputPlace[] {
  return ids.map(parseResultId).filter((place) => place !== null);
}

function idOf({ runId, ordinal }: OutputPlace): string {
  return resultId(runId, ordinal);
}

declare module "../graphql/context.js" {
  interface Loaders {
    results: ResultLoaders;
  }
}
