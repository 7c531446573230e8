import { type Insertable, sql } from "kysely";
import type { Db, Trx } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { LANE_BLOCK } from "./lanes.js";
import type { TestRun } from "./run.js";
import { RUN_COLUMNS } from "./run.repository.js";
import type { RunLaneTable, TestConfigurationTable, TestRunTable } from "./run.table.js";

/** The run under lock, or null. Everything that changes a run's state or results holds this lock first. */
export async function lockRunById(trx: Trx, scope: Scope, runId: string): Promise<TestRun | null> {
  const run = await trx.selectFrom("testRuns").select(RUN_COLUMNS).where("organizationId", "=", scope.organizationId).where("id", "=", runId).forUpdate().executeTakeFirst();
  return run ?? null;
}

export async function insertRun(trx: Trx, row: Insertable<TestRunTable>): Promise<TestRun> {
  return trx.insertInto("testRuns").values(row).returning(RUN_COLUMNS).executeTakeFirstOrThrow();
}

/** Changes a run that the caller has locked; its version grows, so that subscribers see a step. */
export async function updateLockedRun(trx: Trx, scope: Scope, runId: string, changes: Partial<Omit<Insertable<TestRunTable>, "organizationId" | "id" | "version">>): Promise<TestRun> {
  return trx
    .updateTable("testRuns")
    .set({ ...changes, version: sql<number>`version + 1` })
    .where("organizationId", "=", scope.organizationId)
    .where("id", "=", runId)
    .returning(RUN_COLUMNS)
    .executeTakeFirstOrThrow();
}

/** One lane under lock, or null. Lock its run first. */
export async function lockLane(trx: Trx, scope: Scope, runId: string, lane: number): Promise<RunLane | null> {
  const row = await trx.selectFrom("runLanes").selectAll().where("organizationId", "=", scope.organizationId).where("runId", "=", runId).where("lane", "=", lane).forUpdate().executeTakeFirst();
  return row === undefined ? null : row;
}

export interface RunLane {
  readonly organizationId: string;
  readonly runId: string;
  readonly lane: number;
  readonly nextOrdinal: number;
  readonly running: readonly number[];
  readonly jobId: string | null;
  readonly done: boolean;
  readonly failures: number;
}

export async function updateLane(trx: Trx, scope: Scope, lane: Pick<RunLane, "runId" | "lane">, changes: Partial<Pick<RunLaneTable, "jobId" | "nextOrdinal">> & { done?: boolean; failures?: number; running?: readonly number[] }): Promise<void> {
  await trx.updateTable("runLanes").set(changes).where("organizationId", "=", scope.organizationId).where("runId", "=", lane.runId).where("lane", "=", lane.lane).execute();
}

/**
 * Notes which ordinals are in work in each lane. Rows without a verdict follow: a result is RUNNING while it is in
 * work, whether it has a row or not, so that lists and counters agree.
 */
export async function updateRunningOrdinals(trx: Trx, scope: Scope, run: Pick<TestRun, "id" | "laneCount">, lanes: ReadonlyMap<number, readonly number[]>): Promise<void> {
  if (lanes.size === 0) return;
  const rows = JSON.stringify([...lanes].map(([lane, running]) => ({ lane, running })));
  const running = [...lanes.values()].flat();
  const ofRun = sql`organization_id = ${scope.organizationId} and run_id = ${run.id}`;
  const laneOf = sql`(ordinal - 1) / ${LANE_BLOCK}::integer % ${run.laneCount}::integer`;
  // One statement, as every batch of results waits for it; no row is meant by two of its parts.
  await sql`
    with lanes as (
      update run_lanes set running = array(select jsonb_array_elements_text(item->'running')::integer)
      from jsonb_array_elements(${rows}::jsonb) as item
      where ${ofRun} and lane = (item->>'lane')::smallint
    ), left_alone as (
      update test_results set status = 'PENDING', automated_status = 'PENDING'
      where ${ofRun} and status = 'RUNNING' and ${laneOf} = any(${[...lanes.keys()]}::integer[]) and ordinal <> all(${running}::integer[])
    )
    update test_results set status = 'RUNNING', automated_status = 'RUNNING' where ${ofRun} and status = 'PENDING' and ordinal = any(${running}::integer[])`.execute(trx);
}

/** Ends the lanes that no job works on. */
export async function closeIdleLanes(trx: Trx, scope: Scope, runId: string): Promise<void> {
  await trx.updateTable("runLanes").set({ done: true, running: [] }).where("organizationId", "=", scope.organizationId).where("runId", "=", runId).where("jobId", "is", null).where("done", "=", false).execute();
}

/** The lanes that are not done, in order. */
export async function findOpenLanes(db: Db, scope: Scope, runId: string): Promise<number[]> {
  const rows = await db.selectFrom("runLanes").select("lane").where("organizationId", "=", scope.organizationId).where("runId", "=", runId).where("done", "=", false).orderBy("lane").execute();
  return rows.map((row) => row.lane);
}

export async function countOpenLanes(db: Db, scope: Scope, runId: string): Promise<number> {
  const row = await db
    .selectFrom("runLanes")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("organizationId", "=", scope.organizationId)
    .where("runId", "=", runId)
    .where("done", "=", false)
    .executeTakeFirstOrThrow();
  return row.count;
}

/** Turns what has a row but no verdict into CANCELLED: the run is over. */
export async function cancelUnjudgedResults(trx: Trx, scope: Scope, runId: string, now: Date): Promise<void> {
  await trx
    .updateTable("testResults")
    .set({ status: "CANCELLED", automatedStatus: "CANCELLED", finishedAt: now })
    .where("organizationId", "=", scope.organizationId)
    .where("runId", "=", runId)
    .where("status", "in", ["PENDING", "RUNNING"])
    .execute();
}

/** The configuration of that content, made when there is none yet. Equal executions share one. */
export async function findOrInsertConfiguration(trx: Trx, row: Insertable<TestConfigurationTable>): Promise<string> {
  // Two transactions with equal content would both insert: the lock makes the second find the first's.
  await sql`select pg_advisory_xact_lock(hashtextextended(${`${row.organizationId}:${row.contentHash}`}, 0))`.execute(trx);
  const found = await trx
    .selectFrom("testConfigurations")
    .select("id")
    .where("organizationId", "=", row.organizationId)
    .where("contentHash", "=", row.contentHash)
    .where("deletedAt", "is", null)
    .orderBy("id")
    .executeTakeFirst();
  if (found !== undefined) return found.id;
  await trx.insertInto("testConfigurations").values(row).execute();
  return row.id;
}
