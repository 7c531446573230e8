import { sql } from "kysely";
import { type Db, isNamed, isOneOf } from "../db/index.js";
import type { RefSource } from "../entity-ref.js";
import { IdKind } from "../ids.js";
import type { Scope } from "../viewer.js";
import { type TestRun, type TestRunKind, TestRunStatus } from "./run.js";

/** What a run is read with; that none is forgotten follows from the functions' types. */
export const RUN_COLUMNS = [
  "testRuns.organizationId", "testRuns.id", "testRuns.projectId", "testRuns.name", "testRuns.kind", "testRuns.status", "testRuns.mode", "testRuns.trials",
  "testRuns.testSetId", "testRuns.testSetVersion", "testRuns.selection", "testRuns.endpointId", "testRuns.endpointVersionId", "testRuns.configurationId",
  "testRuns.experimentId", "testRuns.experimentVersionId", "testRuns.parameters", "testRuns.metricsSource", "testRuns.sourceRunId", "testRuns.outputRunId",
  "testRuns.request", "testRuns.overrides", "testRuns.userModelId", "testRuns.error", "testRuns.testCount", "testRuns.total", "testRuns.executed", "testRuns.answered",
  "testRuns.passed", "testRuns.failed", "testRuns.errored", "testRuns.cancelled", "testRuns.reviewed", "testRuns.corrected", "testRuns.usage", "testRuns.seq",
  "testRuns.version", "testRuns.laneCount", "testRuns.tags", "testRuns.attributes", "testRuns.ownerId", "testRuns.assigneeId", "testRuns.createdById",
  "testRuns.createdAt", "testRuns.startedAt", "testRuns.finishedAt",
] as const; // prettier-ignore

export function findRunsByIds(db: Db, scope: Scope, ids: readonly string[]): Promise<TestRun[]> {
  return db.selectFrom("testRuns").select(RUN_COLUMNS).where("organizationId", "=", scope.organizationId).where(isOneOf("id", ids)).execute();
}

/** Runs by their names in whatever case; names may repeat. */
export function findRunsByNames(db: Db, scope: Scope, names: readonly string[]): Promise<TestRun[]> {
  return db.selectFrom("testRuns").select(RUN_COLUMNS).where("organizationId", "=", scope.organizationId).where(isNamed("name", names)).orderBy("id").execute();
}

/** How refs find runs. */
export function runRefs(db: Db, scope: Scope): RefSource<TestRun> {
  return { kind: IdKind.TEST_RUN, thing: "test run", findByIds: (ids) => findRunsByIds(db, scope, ids), findByNames: (names) => findRunsByNames(db, scope, names) };
}

/** Which runs of a set against an endpoint are meant; of either kind where it is null. */
export interface LatestRunKey {
  readonly testSetId: string;
  readonly endpointId: string;
  readonly kind: TestRunKind | null;
}

/** The newest COMPLETED run over the whole set for each key that has one. One statement. */
export async function findLatestCompletedRuns(db: Db, scope: Scope, keys: readonly LatestRunKey[]): Promise<TestRun[]> {
  if (keys.length === 0) return [];
  const latest = sql`
    select latest.id from unnest(${keys.map((key) => key.testSetId)}::uuid[], ${keys.map((key) => key.endpointId)}::uuid[], ${keys.map((key) => key.kind)}::text[])
      as keys (test_set_id, endpoint_id, kind)
    cross join lateral (
      select runs.id from test_runs runs
      where runs.organization_id = ${scope.organizationId} and runs.test_set_id = keys.test_set_id and runs.endpoint_id = keys.endpoint_id
        and runs.status = ${TestRunStatus.COMPLETED} and runs.selection is null and (keys.kind is null or runs.kind = keys.kind)
      order by runs.created_at desc, runs.id desc limit 1
    ) as latest`;
  return db.selectFrom("testRuns").select(RUN_COLUMNS).where("organizationId", "=", scope.organizationId).where(sql<boolean>`test_runs.id in (${latest})`).execute();
}
