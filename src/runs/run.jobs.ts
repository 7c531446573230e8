import type { NewJob } from "../queue/index.js";

/** The job that works on one lane of a run for a while, and enqueues itself again until the lane is done. */
export const RUN_LANE_JOB = "run-lane";

export interface RunLanePayload {
  readonly organizationId: string;
  readonly runId: string;
  readonly lane: number;
}

/** The job of a lane. At most one waits for each lane. Every run gets its first lane worked on before any gets a second: small runs have only one. */
export function runLaneJob(payload: RunLanePayload, runAt?: Date): NewJob {
  return {
    name: RUN_LANE_JOB,
    payload: { organizationId: payload.organizationId, runId: payload.runId, lane: payload.lane },
    key: `${RUN_LANE_JOB}:${payload.runId}:${payload.lane}`,
    priority: payload.lane === 0 ? 0 : 1,
    ...(runAt === undefined ? {} : { runAt }),
  };
}

/** Reads a job's payload back; throws on anything else. */
export function parseRunLanePayload(payload: unknown): RunLanePayload {
  const value = payload as Partial<RunLanePayload> | null; // checked below
  if (typeof value?.organizationId !== "string" || typeof value.runId !== "string" || typeof value.lane !== "number") throw new Error(`Not the payload of ${RUN_LANE_JOB}: ${JSON.stringify(payload)}`);
  return { organizationId: value.organizationId, runId: value.runId, lane: value.lane };
}

/** The job that clears away what is left of a deleted run. */
export const PURGE_RUN_JOB = "purge-run";

export type PurgeRunPayload = Omit<RunLanePayload, "lane">;

/** The job for a run; nothing happens to one that is still there. */
export function purgeRunJob({ organizationId, runId }: PurgeRunPayload): NewJob {
  return { name: PURGE_RUN_JOB, payload: { organizationId, runId }, key: `${PURGE_RUN_JOB}:${runId}` };
}

/** Reads a job's payload back; throws on anything else. */
export function parsePurgeRunPayload(payload: unknown): PurgeRunPayload {
  const value = payload as Partial<PurgeRunPayload> | null; // checked below
  if (typeof value?.organizationId !== "string" || typeof value.runId !== "string") throw new Error(`Not the payload of ${PURGE_RUN_JOB}: ${JSON.stringify(payload)}`);
  return { organizationId: value.organizationId, runId: value.runId };
}
