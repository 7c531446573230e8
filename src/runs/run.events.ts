/** Published with a run's id whenever something that a subscriber sees has changed. */
export const RUN_CHANGED = "run";
/** Published with a run's id when people change its course: workers look at once. */
export const RUN_CONTROL = "run-control";
/** Published when a run is deleted, with what lists of runs need to know of one that can no longer be read. */
export const RUN_DELETED = "run-deleted";

/** Where a run stood: by these, lists know whether it was theirs. */
export interface RunPlace {
  readonly organizationId: string;
  readonly id: string;
  readonly projectId: string;
  readonly testSetId: string | null;
  readonly endpointId: string;
}

/** The key to publish RUN_DELETED with: ids alone. */
export function deletedRunKey({ organizationId, id, projectId, testSetId, endpointId }: RunPlace): string {
  return [organizationId, id, projectId, testSetId ?? "-", endpointId].join(" ");
}

/** The run of a RUN_DELETED. */
export function parseDeletedRunKey(key: string): RunPlace {
  const [organizationId = "", id = "", projectId = "", testSetId = "-", endpointId = ""] = key.split(" ");
  return { organizationId, id, projectId, testSetId: testSetId === "-" ? null : testSetId, endpointId };
}
