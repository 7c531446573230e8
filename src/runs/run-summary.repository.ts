import { sql } from "kysely";
import type { Db, Trx } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { CategoryCount, LatencySummary, MetricSummary, RunSummary } from "./run-summary.js";
import { isTerminal, TERMINAL_STATUSES, type TestRunStatus } from "./run.js";
import { inSnapshot } from "./snapshot.js";

/** A run's summary, of which of its versions; null where none is kept. */
export interface SummaryState {
  readonly id: string;
  readonly status: TestRunStatus;
  readonly version: number;
  readonly summary: RunSummary | null;
}
/** A summary that is there. */
export type SummaryOfVersion = SummaryState & { readonly summary: RunSummary };

/** The versions of the runs that are there, with the summaries of those that have ended and kept one. */
export async function findKeptSummaries(db: Db, scope: Scope, runIds: readonly string[]): Promise<SummaryState[]> {
  const { rows } = await sql<SummaryState>`
    select runs.id, runs.status, runs.version, case when runs.status = any(${TERMINAL_STATUSES}::text[]) then runs.summary end as summary from test_runs runs
    where runs.organization_id = ${scope.organizationId} and runs.id = any(${runIds}::uuid[])`.execute(db);
  return rows;
}

/**
 * What runs without a kept summary come to, computed from their results in one view of them. A run that has ended (its
 * worker died right then, or it was cancelled) has its own kept from then on. The same few statements, whatever the
 * number of runs. Safe to repeat and to race.
 */
export async function computeSummaries(db: Db, scope: Scope, runIds: readonly string[], prepare: (snapshot: Db) => Promise<void> = () => Promise.resolve()): Promise<SummaryOfVersion[]> {
  const computed = await inSnapshot(db, async (snapshot) => {
    await prepare(snapshot);
    // Looked at once more: the state that a summary is of must be of the same view.
    const states = await findKeptSummaries(snapshot, scope, runIds);
    const summaries = await summarize(snapshot, scope, states.filter(({ summary }) => summary === null).map(({ id }) => id));
    return states.map((state) => ({ ...state, summary: state.summary ?? summaries.get(state.id) ?? NOTHING }));
  });
  await keepSummaries(db, scope, computed.filter(({ status }) => isTerminal(status)));
  return computed;
}

/** Keeps the summary of a run that has just ended, however large it is: nobody waits for it. */
export async function keepRunSummary(db: Db, scope: Scope, runId: string): Promise<void> {
  await computeSummaries(db, scope, [runId], async (snapshot) => {
    await sql`set local statement_timeout = 0`.execute(snapshot);
  });
}

/** The summary as it stands, under the run's lock: that of the last end where the run was retried since. */
export async function findStoredSummary(trx: Trx, scope: Scope, runId: string): Promise<RunSummary | null> {
  const row = await trx.selectFrom("testRuns").select("summary").where("organizationId", "=", scope.organizationId).where("id", "=", runId).executeTakeFirst();
  return row?.summary ?? null;
}

const NOTHING: RunSummary = { metrics: [], latency: null };

/** Keeps summaries of runs that have ended, unless the run has changed since it was read: a review or a retry came between. */
async function keepSummaries(db: Db, scope: Scope, rows: readonly SummaryOfVersion[]): Promise<void> {
  if (rows.length === 0) return;
  const kept = JSON.stringify(rows.map(({ id, version, summary }) => ({ id, version, summary })));
  await sql`
    update test_runs set summary = item -> 'summary'
    from jsonb_array_elements(${kept}::jsonb) as item
    where test_runs.organization_id = ${scope.organizationId} and test_runs.id = (item ->> 'id')::uuid and test_runs.version = (item ->> 'version')::bigint
      and test_runs.summary is null and test_runs.status = any(${TERMINAL_STATUSES}::text[])`.execute(db);
}

async function summarize(db: Db, scope: Scope, runIds: readonly string[]): Promise<ReadonlyMap<string, RunSummary>> {
  const pinned = await findPinned(db, scope, runIds);
  const statistics = await findStatistics(db, scope, runIds);
  const categories = Map.groupBy(await findCategories(db, scope, runIds), keyOf);
  const latencies = new Map((await findLatencies(db, scope, runIds)).map(({ runId, ...latency }) => [runId, latency]));
  const byMetric = new Map(statistics.map((row) => [keyOf(row), row]));
  const metrics = Map.groupBy(pinned, ({ runId }) => runId);
  const toSummary = ({ runId, ...metric }: PinnedRow): MetricSummary => {
    const { runId: _, ...found } = byMetric.get(keyOf({ runId, metricIndex: metric.metricIndex })) ?? { runId, ...UNJUDGED };
    const counted = metric.scoreType === "NUMERIC" ? [] : (categories.get(keyOf({ runId, metricIndex: metric.metricIndex })) ?? []);
    return { ...metric, ...found, metricIndex: metric.metricIndex, categories: counted.map(({ category, count }) => ({ category, count })) };
  };
  return new Map(runIds.map((id) => [id, { metrics: (metrics.get(id) ?? []).map(toSummary), latency: latencies.get(id) ?? null }]));
}

interface MetricKey {
  readonly runId: string;
  readonly metricIndex: number;
}

function keyOf({ runId, metricIndex }: MetricKey): string {
  return `${runId} ${metricIndex}`;
}

type PinnedRow = { readonly runId: string } & Pick<MetricSummary, "metricIndex" | "metricId" | "metricVersionId" | "metricVersion" | "name" | "scoreType">;
type StatisticsRow = { readonly runId: string } & Omit<MetricSummary, "metricId" | "metricVersionId" | "metricVersion" | "name" | "scoreType" | "categories">;

const UNJUDGED = { passed: 0, failed: 0, errored: 0, skipped: 0, inconclusive: 0, scored: 0, mean: null, standardDeviation: null, min: null, max: null, p50: null } as const;

async function findPinned(db: Db, scope: Scope, runIds: readonly string[]): Promise<PinnedRow[]> {
  const { rows } = await sql<PinnedRow>`
    select pinned.run_id, pinned.metric_index, pinned.metric_id, pinned.metric_version_id, versions.number as metric_version,
      versions.definition ->> 'name' as name, versions.definition ->> 'scoreType' as score_type
    from run_metrics pinned
    join metric_versions versions on versions.organization_id = ${scope.organizationId} and versions.id = pinned.metric_version_id
    where pinned.organization_id = ${scope.organizationId} and pinned.run_id = any(${runIds}::uuid[])
    order by pinned.run_id, pinned.metric_index`.execute(db);
  return rows;
}

async function findStatistics(db: Db, scope: Scope, runIds: readonly string[]): Promise<StatisticsRow[]> {
  const judged = sql`filter (where scores.automated_status in ('PASSED', 'FAILED'))`;
  const { rows } = await sql<StatisticsRow>`
    select scores.run_id, scores.metric_index,
      count(*) filter (where scores.status = 'PASSED') as passed,
      count(*) filter (where scores.status = 'FAILED') as failed,
      count(*) filter (where scores.status = 'ERROR') as errored,
      count(*) filter (where scores.status = 'SKIPPED') as skipped,
      count(*) filter (where scores.status = 'INCONCLUSIVE') as inconclusive,
      count(*) ${judged} as scored,
      avg(scores.score) ${judged} as mean,
      stddev_samp(scores.score) ${judged} as standard_deviation,
      min(scores.score) ${judged} as min,
      max(scores.score) ${judged} as max,
      percentile_cont(0.5) within group (order by scores.score) ${judged} as p50
    from metric_results scores
    where scores.organization_id = ${scope.organizationId} and scores.run_id = any(${runIds}::uuid[])
    group by scores.run_id, scores.metric_index`.execute(db);
  return rows;
}

async function findCategories(db: Db, scope: Scope, runIds: readonly string[]): Promise<(MetricKey & CategoryCount)[]> {
  const { rows } = await sql<MetricKey & CategoryCount>`
    select scores.run_id, scores.metric_index, scores.category, count(*) as count
    from metric_results scores
    where scores.organization_id = ${scope.organizationId} and scores.run_id = any(${runIds}::uuid[])
      and scores.category is not null and scores.automated_status in ('PASSED', 'FAILED')
    group by scores.run_id, scores.metric_index, scores.category
    order by count(*) desc, scores.category`.execute(db);
  return rows;
}

async function findLatencies(db: Db, scope: Scope, runIds: readonly string[]): Promise<({ readonly runId: string } & LatencySummary)[]> {
  const percentile = (fraction: number) => sql`percentile_cont(${sql.lit(fraction)}) within group (order by results.latency_ms)`;
  const { rows } = await sql<{ readonly runId: string } & LatencySummary>`
    select results.run_id, count(*) as count, avg(results.latency_ms) as mean, min(results.latency_ms) as min, max(results.latency_ms) as max,
      ${percentile(0.5)} as p50, ${percentile(0.9)} as p90, ${percentile(0.95)} as p95, ${percentile(0.99)} as p99
    from test_results results
    join test_runs runs on runs.organization_id = ${scope.organizationId} and runs.id = results.run_id and runs.kind = 'EXECUTION'
    where results.organization_id = ${scope.organizationId} and results.run_id = any(${runIds}::uuid[]) and results.latency_ms is not null
    group by results.run_id`.execute(db);
  return rows;
}
