import type { NodeSource } from "../graphql/index.js";
import { IdKind } from "../ids.js";

export { ExperimentResolver, ExperimentVersionResolver } from "./experiment.resolver.js";
export { ExperimentType, ExperimentVersionType } from "./experiment.type.js";

/** How `node` finds what this room holds. */
export const experimentNodes: readonly NodeSource[] = [
  { kind: IdKind.EXPERIMENT, typename: "Experiment", load: (loaders, id) => loaders.experiments.byId.load(id) },
  { kind: IdKind.EXPERIMENT_VERSION, typename: "ExperimentVersion", load: (loaders, id) => loaders.experiments.versionById.load(id) },
];
