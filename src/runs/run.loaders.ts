import type DataLoader from "dataloader";
import { byParentAndArgs, type ChildKey, type Db, EMPTY_PAGE, type LoaderOptions, manyByKey, oneByKey, type Page, valueByKey } from "../db/index.js";
import { endpointRefs } from "../endpoints/index.js";
import { type EntityRef, findByRefs } from "../entity-ref.js";
import type { Scope } from "../viewer.js";
import { findRunningOrdinals, findRunMetrics, type RunMetric } from "./plan.repository.js";
import type { TestRun, TestRunKind } from "./run.js";
import { countRunsByParents, pageRunsByParents, type RunListArgs, type RunParent, type TestRunFilter } from "./run-page.repository.js";
import { findFinishRates, type FinishRate } from "./run-progress.repository.js";
import { findLatestCompletedRuns, findRunsByIds } from "./run.repository.js";
import { findConfigurationsByIds, type TestConfiguration } from "./test-configuration.repository.js";

/** Lists of the runs of one kind of thing. */
export interface RunListLoaders {
  readonly page: DataLoader<ChildKey<RunListArgs>, Page<TestRun>, string>;
  readonly count: DataLoader<ChildKey<{ filter: TestRunFilter | null }>, number, string>;
}

export interface RunLoaders {
  readonly byId: DataLoader<string, TestRun | null>;
  readonly configurationById: DataLoader<string, TestConfiguration | null>;
  /** The ordinals that a run's lanes have in work. Ask for active runs only. */
  readonly runningOrdinals: DataLoader<string, readonly number[]>;
  readonly finishRate: DataLoader<string, FinishRate | null>;
  readonly metricsOfRun: DataLoader<string, readonly RunMetric[]>;
  readonly ofTestSet: RunListLoaders;
  readonly ofEndpoint: RunListLoaders;
  readonly ofConfiguration: RunListLoaders;
  readonly ofExperiment: RunListLoaders;
  /** The newest completed run of a set against the endpoint. */
  readonly latestOfTestSet: DataLoader<ChildKey<LatestRunArgs>, TestRun | null, string>;
}

export interface LatestRunArgs {
  readonly endpoint: EntityRef;
  readonly kind: TestRunKind | null;
}

/** The loaders of one viewer over runs. */
export function createRunLoaders(db: Db, scope: Scope, options: LoaderOptions): RunLoaders {
  const listOf = (parent: RunParent): RunListLoaders => ({
    page: byParentAndArgs(options, (ids, args) => pageRunsByParents(db, scope, parent, ids, args), () => EMPTY_PAGE),
    count: byParentAndArgs(options, (ids, { filter }) => countRunsByParents(db, scope, parent, ids, filter), () => 0),
  });
  return {
    byId: oneByKey(options, (ids) => findRunsByIds(db, scope, ids), (row) => row.id),
    configurationById: oneByKey(options, (ids) => findConfigurationsByIds(db, scope, ids), (row) => row.id),
    runningOrdinals: valueByKey<string, readonly number[]>(options, (ids) => findRunningOrdinals(db, scope, ids), []),
    finishRate: oneByKey(options, (ids) => findFinishRates(db, scope, ids), (row) => row.runId),
    metricsOfRun: manyByKey(options, (ids) => findRunMetrics(db, scope, ids), (row) => row.runId),
    ofTestSet: listOf("testSetId"),
    ofEndpoint: listOf("endpointId"),
    ofConfiguration: listOf("configurationId"),
    ofExperiment: listOf("experimentId"),
    latestOfTestSet: byParentAndArgs(options, (ids, args) => findLatest(db, scope, ids, args), () => null),
  };
}

async function findLatest(db: Db, scope: Scope, testSetIds: readonly string[], { endpoint: ref, kind }: LatestRunArgs): Promise<ReadonlyMap<string, TestRun | null>> {
  const [endpoint] = await findByRefs(endpointRefs(db, scope), [ref]);
  if (endpoint == null) return new Map();
  const runs = await findLatestCompletedRuns(db, scope, testSetIds.map((testSetId) => ({ testSetId, endpointId: endpoint.id, kind })));
  return new Map(runs.map((run) => [run.testSetId ?? "", run]));
}

declare module "../graphql/context.js" {
  interface Loaders {
    runs: RunLoaders;
  }
}
