import type DataLoader from "dataloader";
import { byParentAndArgs, type ChildKey, type Db, EMPTY_PAGE, type LoaderOptions, oneByKey, type Page, type PageArgs, parsePaging, valueByKey } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { Experiment, ExperimentVersion } from "./experiment.js";
import { countVersionsByExperimentIds, findExperimentVersionsByIds, findLatestVersions, findVersionsByNumber, listVersionsOfExperiments } from "./experiment-version.repository.js";
import { findExperimentsByIds } from "./experiment.repository.js";

export interface ExperimentLoaders {
  readonly byId: DataLoader<string, Experiment | null>;
  readonly versionById: DataLoader<string, ExperimentVersion | null>;
  readonly latestVersion: DataLoader<string, ExperimentVersion | null>;
  readonly versionByNumber: DataLoader<ChildKey<{ number: number }>, ExperimentVersion | null, string>;
  readonly versionsPage: DataLoader<ChildKey<PageArgs>, Page<ExperimentVersion>, string>;
  readonly versionCount: DataLoader<string, number>;
}

/** The loaders of one viewer over experiments. */
export function createExperimentLoaders(db: Db, scope: Scope, options: LoaderOptions): ExperimentLoaders {
  return {
    byId: oneByKey(options, (ids) => findExperimentsByIds(db, scope, ids), (row) => row.id),
    versionById: oneByKey(options, (ids) => findExperimentVersionsByIds(db, scope, ids), (row) => row.id),
    latestVersion: oneByKey(options, (ids) => findLatestVersions(db, scope, ids), (row) => row.experimentId),
    versionByNumber: byParentAndArgs(
      options,
      async (ids, { number }: { number: number }) => new Map((await findVersionsByNumber(db, scope, ids, number)).map((row) => [row.experimentId, row] as const)),
      (): ExperimentVersion | null => null,
    ),
    versionsPage: byParentAndArgs(options, (ids, args: PageArgs) => listVersionsOfExperiments(db, scope, ids, parsePaging(args, "experiment.versions")), () => EMPTY_PAGE),
    versionCount: valueByKey(options, (ids) => countVersionsByExperimentIds(db, scope, ids), 0),
  };
}

declare module "../graphql/context.js" {
  interface Loaders {
    experiments: ExperimentLoaders;
  }
}
