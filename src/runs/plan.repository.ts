import { sql } from "kysely";
import type { Selectable } from "kysely";
import { type Db, isOneOf } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { RunMetricTable, RunSegmentTable } from "./run.table.js";

export type RunSegment = Selectable<RunSegmentTable>;
export type RunMetric = Selectable<RunMetricTable>;

/** A place of a run's plan. */
export interface PlanKey {
  readonly runId: string;
  /** The test's place in the run, from 1. */
  readonly position: number;
}

/** Which test, with which content, stands at a place of a run's plan. */
export interface PlannedTest extends PlanKey {
  readonly testId: string;
  readonly testRevisionId: string;
}

/**
 * What stands at places of plans: the segment that holds the place names the set's version and the position in it.
 * One statement for any number of places and runs. The revision is looked up place by place: as a join, on tables
 * without statistics yet (right after an import), it read the whole set for every place.
 */
export async function findPlannedTests(db: Db, scope: Scope, keys: readonly PlanKey[]): Promise<PlannedTest[]> {
  if (keys.length === 0) return [];
  const { rows } = await sql<PlannedTest>`
    select keys.run_id, keys.position, revisions.test_id, revisions.id as test_revision_id
    from unnest(${keys.map((key) => key.runId)}::uuid[], ${keys.map((key) => key.position)}::integer[]) as keys (run_id, position)
    cross join lateral (
      select * from run_segments
      where run_segments.organization_id = ${scope.organizationId} and run_segments.run_id = keys.run_id and run_segments.first_position <= keys.position
      order by run_segments.first_position desc limit 1
    ) as segments
    cross join lateral (
      select id, test_id, removed_in_version from test_revisions
      where test_revisions.organization_id = ${scope.organizationId}
        and test_revisions.test_set_id = segments.test_set_id
        and test_revisions.position = coalesce(segments.positions[keys.position - segments.first_position + 1], keys.position - segments.first_position + 1)
        and test_revisions.added_in_version <= segments.test_set_version
      order by test_revisions.position desc, test_revisions.added_in_version desc limit 1
    ) as revisions
    where keys.position < segments.first_position + segments.test_count
      and (revisions.removed_in_version is null or revisions.removed_in_version > segments.test_set_version)
    order by keys.run_id, keys.position`.execute(db);
  return rows;
}

/** The metrics that runs pin, in the order of their index. */
export function findRunMetrics(db: Db, scope: Scope, runIds: readonly string[]): Promise<RunMetric[]> {
  return db.selectFrom("runMetrics").selectAll().where("organizationId", "=", scope.organizationId).where(isOneOf("runId", runIds)).orderBy("runId").orderBy("metricIndex").execute();
}

/** The segments of runs' plans, in order. */
export function findRunSegments(db: Db, scope: Scope, runIds: readonly string[]): Promise<RunSegment[]> {
  return db.selectFrom("runSegments").selectAll().where("organizationId", "=", scope.organizationId).where(isOneOf("runId", runIds)).orderBy("runId").orderBy("firstPosition").execute();
}

/** The ordinals in work, by run; a killed worker's stay until its lane goes on. */
export async function findRunningOrdinals(db: Db, scope: Scope, runIds: readonly string[]): Promise<Map<string, number[]>> {
  const rows = await db
    .selectFrom("runLanes")
    .select(["runId", "running"])
    .where("organizationId", "=", scope.organizationId)
    .where(isOneOf("runId", runIds))
    .where("done", "=", false)
    .execute();
  const byRun = new Map<string, number[]>();
  for (const row of rows) byRun.set(row.runId, [...(byRun.get(row.runId) ?? []), ...row.running]);
  return byRun;
}

/** Writes a run's plan: its segments, metrics and lanes. */
export async function insertPlan(trx: Db, rows: { segments: readonly RunSegment[]; metrics: readonly RunMetric[]; lanes: readonly { organizationId: string; runId: string; lane: number; nextOrdinal: number; jobId: null }[] }): Promise<void> {
  await trx.insertInto("runSegments").values(rows.segments).execute();
  if (rows.metrics.length > 0) await trx.insertInto("runMetrics").values(rows.metrics).execute();
  await trx.insertInto("runLanes").values(rows.lanes).execute();
}
