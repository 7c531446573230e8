import { IdKind, isId } from "../ids.js";
import type { TestRun } from "./run.js";
import type { RunPlace } from "./run.events.js";

/** What happened to a run, as lists see it. */
export const RunChangeKind = { CREATED: "CREATED", UPDATED: "UPDATED", DELETED: "DELETED" } as const;
export type RunChangeKind = (typeof RunChangeKind)[keyof typeof RunChangeKind];

/** A run that was created, changed its status or was deleted. */
export interface RunChange {
  readonly kind: RunChangeKind;
  readonly runId: string;
  /** Null for DELETED. */
  readonly run: TestRun | null;
}

/** Which runs a subscriber wants to hear of; the fields are ANDed. */
export interface WatchRuns {
  readonly projectId: string | null;
  readonly testSetId: string | null;
  readonly endpointId: string | null;
}

/** Whether the run is one of those. */
export function isWatched(watch: WatchRuns, place: Omit<RunPlace, "organizationId" | "id">): boolean {
  return (
    (watch.projectId === null || watch.projectId === place.projectId) &&
    (watch.testSetId === null || watch.testSetId === place.testSetId) &&
    (watch.endpointId === null || watch.endpointId === place.endpointId)
  );
}

/** The kinds of a watch's ids. */
export const WATCHED_KINDS = { projectId: IdKind.PROJECT, testSetId: IdKind.TEST_SET, endpointId: IdKind.ENDPOINT } as const satisfies Record<keyof WatchRuns, IdKind>;

/** The ids of a watch that are none of their kind. */
export function illFormedIds(watch: WatchRuns): (keyof WatchRuns)[] {
  const fields = Object.keys(WATCHED_KINDS) as (keyof WatchRuns)[]; // Object.keys forgets the keys' type
  return fields.filter((field) => watch[field] !== null && !isId(watch[field], WATCHED_KINDS[field]));
}

/** What a reader who has seen neither of two changes of a run needs to know; null where it never needs to know of the run. */
export function mergeChanges(earlier: RunChange | undefined, later: RunChange): RunChange | null {
  if (earlier?.kind !== RunChangeKind.CREATED) return later;
  return later.kind === RunChangeKind.DELETED ? null : { ...later, kind: RunChangeKind.CREATED };
}
