export type { Experiment, ExperimentVersion, ParameterValues } from "./experiment.js";
export { createExperimentLoaders, type ExperimentLoaders } from "./experiment.loaders.js";
export { experimentRefs } from "./experiment.repository.js";
export { ExperimentService } from "./experiment.service.js";
export type * from "./experiment.table.js";
export { NO_PARAMETERS, type ParameterRequest, resolveParameters, type RunParameters } from "./run-parameters.js";
