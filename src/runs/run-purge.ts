import type { Db } from "../db/index.js";
import type { JobHandler } from "../queue/index.js";
import { parsePurgeRunPayload } from "./run.jobs.js";
import { deleteSome, findNeeds } from "./run-deletion.repository.js";

/**
 * Clears away what is left of a deleted run, in batches, so that no statement is long and nobody waits behind one.
 * Safe to run twice, and to be cut off.
 */
export function createPurgeHandler({ db }: { db: Db }): JobHandler {
  return async (payload, job) => {
    const { organizationId, runId } = parsePurgeRunPayload(payload);
    const scope = { organizationId };
    const { isThere, needsOutputs } = await findNeeds(db, scope, runId);
    if (isThere) return;
    for (const what of ["results", "metricResults", ...(needsOutputs ? [] : (["outputs"] as const))] as const) {
      do job.signal.throwIfAborted();
      while (await deleteSome(db, scope, runId, what));
    }
  };
}
