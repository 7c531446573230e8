import type DataLoader from "dataloader";
import { byParentAndArgs, type ChildKey, type Db, type LoaderOptions, valueByKey } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { findBreakdowns } from "./breakdown.repository.js";
import type { BreakdownField, BreakdownRow } from "./breakdown.js";
import type { RunSummary } from "./run-summary.js";
import type { RunSummaries } from "./run-summaries.js";

export interface SummaryLoaders {
  readonly ofRun: DataLoader<string, RunSummary>;
  readonly breakdown: DataLoader<ChildKey<{ by: BreakdownField }>, readonly BreakdownRow[], string>;
}

const NO_SUMMARY: RunSummary = { metrics: [], latency: null };

/** The loaders of one viewer over what runs come to. */
export function createSummaryLoaders(db: Db, scope: Scope, options: LoaderOptions, summaries: RunSummaries): SummaryLoaders {
  return {
    ofRun: valueByKey(options, (ids) => summaries.find(scope, ids), NO_SUMMARY),
    breakdown: byParentAndArgs(options, (ids, { by }) => findBreakdowns(db, scope, ids, by), () => []),
  };
}

declare module "../graphql/context.js" {
  interface Loaders {
    summaries: SummaryLoaders;
  }
}
