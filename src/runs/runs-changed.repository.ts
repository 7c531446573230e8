import { sql } from "kysely";
import { type Db, isOneOf } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { ACTIVE_STATUSES, type TestRunStatus } from "./run.js";
import type { RunPlace } from "./run.events.js";

/** What lists compare: where a run stands and its status. */
export interface ListedRun extends RunPlace {
  readonly status: TestRunStatus;
  /** Whether it was queued after the time from which runs are listed. */
  readonly isRecent: boolean;
}

/** The runs of the ids. */
export function findListedRuns(db: Db, scope: Scope, ids: readonly string[], since: Date): Promise<ListedRun[]> {
  return listedRuns(db, scope, since).where(isOneOf("id", ids)).execute();
}

/** The runs that go on, and all that were queued since; one look at an index each. */
export async function findCurrentRuns(db: Db, scope: Scope, since: Date): Promise<ListedRun[]> {
  const active = await listedRuns(db, scope, since).where("status", "in", [...ACTIVE_STATUSES]).execute();
  const recent = await listedRuns(db, scope, since).where("createdAt", ">=", since).execute();
  return [...new Map([...active, ...recent].map((run) => [run.id, run])).values()];
}

function listedRuns(db: Db, scope: Scope, since: Date) {
  return db
    .selectFrom("testRuns")
    .select(["organizationId", "id", "projectId", "testSetId", "endpointId", "status", sql<boolean>`created_at >= ${since}`.as("isRecent")])
    .where("organizationId", "=", scope.organizationId);
}
