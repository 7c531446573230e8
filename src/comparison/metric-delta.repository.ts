import { sql } from "kysely";
import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { type MetricDelta, metricDeltas, type MetricMeans, type MetricPair, pairMetrics, type PinnedMetric } from "./metric-delta.js";
import { pairKey, type RunPair } from "./run-pair.js";

const NO_MEANS: MetricMeans = { pairs: 0, baselineMean: null, candidateMean: null, meanDelta: null, standardDeviation: null, baselineOwnMean: null, candidateOwnMean: null };

/** The metrics that runs pin, with the names and numbers of their versions, in the runs' order. */
export async function findPinnedMetrics(db: Db, scope: Scope, runIds: readonly string[]): Promise<PinnedMetric[]> {
  const { rows } = await sql<PinnedMetric>`
    select pinned.run_id, pinned.metric_index, pinned.metric_id, versions.number, versions.definition ->> 'name' as name
    from run_metrics pinned
    join metric_versions versions on versions.organization_id = ${scope.organizationId} and versions.id = pinned.metric_version_id
    where pinned.organization_id = ${scope.organizationId} and pinned.run_id = any(${runIds}::uuid[])
    order by pinned.run_id, pinned.metric_index`.execute(db);
  return rows;
}

/** How the metrics of each pair of runs differ, by `pairKey`. Two statements, whatever the number of pairs. */
export async function findMetricDeltas(db: Db, scope: Scope, pairs: readonly RunPair[]): Promise<ReadonlyMap<string, readonly MetricDelta[]>> {
  const pinned = Map.groupBy(await findPinnedMetrics(db, scope, [...new Set(pairs.flatMap(({ baselineId, candidateId }) => [baselineId, candidateId]))]), (metric) => metric.runId);
  const metrics = pairs.map(({ baselineId, candidateId }) => pairMetrics(pinned.get(baselineId) ?? [], pinned.get(candidateId) ?? []));
  const means = await findMeans(db, scope, metrics.flat());
  return new Map(pairs.map((pair, index) => [pairKey(pair), metricDeltas((metrics[index] ?? []).map((metric) => ({ ...metric, means: means.get(metric) ?? NO_MEANS })))]));
}

/** Only verdicts count: what a metric could not judge has no score. Reviews change no score. */
async function findMeans(db: Db, scope: Scope, metrics: readonly MetricPair[]): Promise<ReadonlyMap<MetricPair, MetricMeans>> {
  const sides = metrics.flatMap(({ baseline, candidate }, index) => [baseline === null ? null : { index, side: 0, ...baseline }, candidate === null ? null : { index, side: 1, ...candidate }].filter((side) => side !== null));
  if (sides.length === 0) return new Map();
  // Said again of each table: from the join alone the planner does not see which partitions it needs.
  const runIds = [...new Set(sides.map((side) => side.runId))];
  const { rows } = await sql<MetricMeans & { metric: number }>`
    with members as materialized (
      select * from unnest(${sides.map((side) => side.index)}::integer[], ${sides.map((side) => side.side)}::integer[], ${sides.map((side) => side.runId)}::uuid[], ${sides.map((side) => side.metricIndex)}::smallint[])
        as sides (metric, side, run_id, metric_index)
    ),
    tests as (
      select members.metric, results.test_id, avg(scores.score) filter (where members.side = 0) as baseline, avg(scores.score) filter (where members.side = 1) as candidate
      from members
      join metric_results scores on scores.organization_id = ${scope.organizationId} and scores.run_id = members.run_id and scores.run_id = any(${runIds}::uuid[]) and scores.metric_index = members.metric_index
        and scores.automated_status in ('PASSED', 'FAILED') and scores.score is not null
      join test_results results on results.organization_id = ${scope.organizationId} and results.run_id = scores.run_id and results.run_id = any(${runIds}::uuid[]) and results.ordinal = scores.ordinal
      group by members.metric, results.test_id
    )
    select metric, count(candidate - baseline)::integer as pairs, avg(baseline) filter (where candidate is not null) as baseline_mean, avg(candidate) filter (where baseline is not null) as candidate_mean,
      avg(candidate - baseline) as mean_delta, stddev_samp(candidate - baseline) as standard_deviation, avg(baseline) as baseline_own_mean, avg(candidate) as candidate_own_mean
    from tests group by metric`.execute(db);
  return new Map(rows.flatMap(({ metric, ...means }) => (metrics[metric] === undefined ? [] : [[metrics[metric], means]])));
}
