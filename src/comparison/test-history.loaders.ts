import type DataLoader from "dataloader";
import { byParentAndArgs, type ChildKey, type Db, type LoaderOptions } from "../db/index.js";
import { endpointRefs } from "../endpoints/index.js";
import { type EntityRef, findByRefs } from "../entity-ref.js";
import type { Scope } from "../viewer.js";
import type { FlakyTest, TestHistoryPoint } from "./test-history.js";
import { findFlakyTests, findHistories } from "./test-history.repository.js";

export interface HistoryArgs {
  /** Null: whichever endpoint. */
  readonly endpoint: EntityRef | null;
  readonly last: number;
}

export interface FlakyArgs {
  readonly endpoint: EntityRef;
  readonly lastRuns: number;
  readonly first: number;
}

/** Null where the endpoint is not there. */
export interface TestHistoryLoaders {
  readonly ofTest: DataLoader<ChildKey<HistoryArgs>, readonly TestHistoryPoint[] | null, string>;
  readonly flakyOfTestSet: DataLoader<ChildKey<FlakyArgs>, readonly FlakyTest[] | null, string>;
}

/** The loaders of one viewer over what became of tests in run after run. */
export function createTestHistoryLoaders(db: Db, scope: Scope, options: LoaderOptions): TestHistoryLoaders {
  const endpointIdOf = async (ref: EntityRef): Promise<string | null> => (await findByRefs(endpointRefs(db, scope), [ref]))[0]?.id ?? null;
  return {
    ofTest: byParentAndArgs<HistoryArgs, readonly TestHistoryPoint[] | null>(
      options,
      async (testIds, { endpoint, last }) => {
        const endpointId = endpoint === null ? null : await endpointIdOf(endpoint);
        if (endpoint !== null && endpointId === null) return new Map();
        return byId(testIds, await findHistories(db, scope, testIds, { endpointId, last }), (point) => point.testId);
      },
      () => null,
    ),
    flakyOfTestSet: byParentAndArgs<FlakyArgs, readonly FlakyTest[] | null>(
      options,
      async (testSetIds, { endpoint, ...args }) => {
        const endpointId = await endpointIdOf(endpoint);
        if (endpointId === null) return new Map();
        return byId(testSetIds, await findFlakyTests(db, scope, testSetIds, { endpointId, ...args }), (row) => row.testSetId);
      },
      () => null,
    ),
  };
}

function byId<R>(ids: readonly string[], rows: readonly R[], idOf: (row: R) => string): ReadonlyMap<string, readonly R[]> {
  const groups = Map.groupBy(rows, idOf);
  return new Map(ids.map((id) => [id, groups.get(id) ?? []]));
}

declare module "../graphql/context.js" {
  interface Loaders {
    testHistories: TestHistoryLoaders;
  }
}
