import type { NewJob } from "../queue/index.js";

/** The job that works on one lane of a run for a while, and enqueues itself again until the lane is done. */
export const RUN_LANE_JOB = "run-lane";

export interface RunLanePayload {
  readonly organizationId: string;
  readonly runId: string;
  readonly lane: number;
}

/** The job of a lane. At most one waits for each lane. */
export function runLaneJob(payload: RunLanePayload, runAt?: Date): NewJob {
  return {
    name: RUN_LANE_JOB,
    payload: { organizationId: payload.organizationId, runId: payload.runId, lane: payload.lane },
    key: `${RUN_LANE_JOB}:${payload.runId}:${payload.lane}`,
    ...(runAt === undefined ? {} : { runAt }),
  };
}

/** Reads a job's payload back; throws on anything else. */
export function parseRunLanePayload(payload: unknown): RunLanePayload {
  const value = payload as Partial<RunLanePayload> | null; // checked below
  if (typeof value?.organizationId !== "string" || typeof value.runId !== "string" || typeof value.lane !== "number") throw new Error(`Not the payload of ${RUN_LANE_JOB}: ${JSON.stringify(payload)}`);
  return { organizationId: value.organizationId, runId: value.runId, lane: value.lane };
}
