import type { Trx } from "../db/index.js";
import { type EntityRef, getByRef } from "../entity-ref.js";
import { assertNoProblems, BadUserInputError, NotFoundError } from "../errors.js";
import type { Viewer } from "../viewer.js";
import { commitVersion } from "./commit-version.js";
import { type Experiment, type ExperimentVersion, overlay, type ParameterValues, valuesProblems } from "./experiment.js";
import { findLatestVersions, findVersionsByNumber } from "./experiment-version.repository.js";
import { experimentRefs, lockExperimentById } from "./experiment.repository.js";

/** With which parameters to run, as it was asked for. */
export interface ParameterRequest {
  readonly experiment: EntityRef | null;
  /** The number of one of its versions; null: the latest. */
  readonly experimentVersion: number | null;
  /** Laid over that version; null: none. */
  readonly parameters: ParameterValues | null;
}

/** With which parameters a run is queued. */
export interface RunParameters {
  readonly experimentId: string | null;
  readonly experimentVersionId: string | null;
  readonly values: ParameterValues;
}

/** What a run without an experiment has. */
export const NO_PARAMETERS: RunParameters = { experimentId: null, experimentVersionId: null, values: {} };

/**
 * The parameters of a run: those of the experiment's version, with inline ones laid over them and committed as a new
 * version in the caller's transaction. NOT_FOUND for an unknown experiment or version; CONFLICT, AMBIGUOUS_NAME;
 * BAD_USER_INPUT, PARAMETERS_NEED_EXPERIMENT without an experiment.
 */
export async function resolveParameters(trx: Trx, viewer: Viewer, request: ParameterRequest, now: Date): Promise<RunParameters> {
  if (request.experiment === null) return withoutExperiment(request);
  // Before any lookup: wrong values are wrong over every version.
  if (request.parameters !== null) assertNoProblems(valuesProblems("input.parameters", request.parameters));
  const { id } = await getByRef(experimentRefs(trx, viewer), request.experiment);
  // Only who commits needs the lock: runs with committed versions do not wait for each other.
  const locked = request.parameters === null ? null : await lockExperimentById(trx, viewer, id);
  const base = await getVersion(trx, viewer, id, request.experimentVersion);
  const version = locked === null || request.parameters === null ? base : await commitInline(trx, viewer, locked, { base, parameters: request.parameters, now });
  return { experimentId: id, experimentVersionId: version.id, values: version.values };
}

function withoutExperiment({ experimentVersion, parameters }: ParameterRequest): RunParameters {
  if (parameters !== null) {
    const message = "Parameters are kept as a version of an experiment: name one in experiment, or publish one with publishExperiment.";
    throw new BadUserInputError(message, [{ field: "input.parameters", message }], "PARAMETERS_NEED_EXPERIMENT");
  }
  if (experimentVersion !== null) assertNoProblems([{ field: "input.experimentVersion", message: "It is the version of an experiment: name one in experiment, or leave it out." }]);
  return NO_PARAMETERS;
}

async function getVersion(trx: Trx, viewer: Viewer, experimentId: string, number: number | null): Promise<ExperimentVersion> {
  const [version] = number === null ? await findLatestVersions(trx, viewer, [experimentId]) : await findVersionsByNumber(trx, viewer, [experimentId], number);
  if (version === undefined) throw new NotFoundError(`version of the experiment ${experimentId}`, number === null ? "latest" : String(number));
  return version;
}

function commitInline(trx: Trx, viewer: Viewer, experiment: Experiment, args: { base: ExperimentVersion; parameters: ParameterValues; now: Date }): Promise<ExperimentVersion> {
  return commitVersion(trx, viewer, experiment, { values: overlay(args.base.values, args.parameters), message: null, now: args.now, field: "input.parameters" });
}
