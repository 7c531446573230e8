import { storableJson, type Trx } from "../db/index.js";
import { assertNoProblems } from "../errors.js";
import { IdKind, newId } from "../ids.js";
import type { Viewer } from "../viewer.js";
import { type Experiment, type ExperimentVersion, type ParameterValues, valuesHash, valuesProblems } from "./experiment.js";
import { findLatestVersions, insertExperimentVersion } from "./experiment-version.repository.js";
import { updateExperiment } from "./experiment.repository.js";

/** What a version shall say. */
export interface VersionDraft {
  readonly values: ParameterValues;
  readonly message: string | null;
  readonly now: Date;
  /** Where problems are reported, such as `input.values`. */
  readonly field: string;
}

/**
 * Commits a version of an experiment whose lock the caller holds, so that numbers have no gaps. Values equal to the
 * latest version's give that version. BAD_USER_INPUT with every problem.
 */
export async function commitVersion(trx: Trx, viewer: Viewer, experiment: Experiment, draft: VersionDraft): Promise<ExperimentVersion> {
  assertNoProblems(valuesProblems(draft.field, draft.values));
  const contentHash = valuesHash(draft.values);
  const [latest] = await findLatestVersions(trx, viewer, [experiment.id]);
  if (latest?.contentHash === contentHash) return latest;
  const number = experiment.latestVersion + 1;
  await updateExperiment(trx, viewer, experiment.id, { latestVersion: number });
  return insertExperimentVersion(trx, {
    organizationId: viewer.organizationId,
    id: newId(IdKind.EXPERIMENT_VERSION, draft.now.getTime()),
    experimentId: experiment.id,
    number,
    values: storableJson(draft.values),
    contentHash,
    message: draft.message,
    createdById: viewer.userId,
    createdAt: draft.now,
  });
}
