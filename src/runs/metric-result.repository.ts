import { type RawBuilder, sql } from "kysely";
import type { Db } from "../db/index.js";
import { metricResultId } from "../ids.js";
import type { Scope } from "../viewer.js";
import type { MetricResult } from "./metric-result.js";
import type { ResultPlace } from "./result.repository.js";

/** All metric results of the results, in the order of the runs' metrics. One statement. */
export function findMetricResultsOf(db: Db, scope: Scope, places: readonly ResultPlace[]): Promise<MetricResult[]> {
  return selectMetricResults(db, scope, places, sql`unnest(${places.map((place) => place.runId)}::uuid[], ${places.map((place) => place.ordinal)}::integer[]) as places (run_id, ordinal)`, sql`true`);
}

/** Metric results by their places; what is left of a run that was deleted is not there. One statement. */
export function findMetricResults(db: Db, scope: Scope, places: readonly (ResultPlace & { readonly metricIndex: number })[]): Promise<MetricResult[]> {
  const indexes = places.map((place) => place.metricIndex);
  const table = sql`unnest(${places.map((place) => place.runId)}::uuid[], ${places.map((place) => place.ordinal)}::integer[], ${indexes}::smallint[]) as places (run_id, ordinal, metric_index)`;
  const isThere = sql`exists (select 1 from test_runs runs where runs.organization_id = ${scope.organizationId} and runs.id = scores.run_id)`;
  return selectMetricResults(db, scope, places, table, sql`scores.metric_index = places.metric_index and ${isThere}`);
}

async function selectMetricResults(db: Db, scope: Scope, places: readonly ResultPlace[], table: RawBuilder<unknown>, condition: RawBuilder<unknown>): Promise<MetricResult[]> {
  if (places.length === 0) return [];
  const { rows } = await sql<Omit<MetricResult, "id">>`
    select scores.* from ${table}
    join metric_results scores on scores.organization_id = ${scope.organizationId} and scores.run_id = places.run_id and scores.ordinal = places.ordinal and ${condition}
    order by scores.run_id, scores.ordinal, scores.metric_index`.execute(db);
  return rows.map((row) => ({ ...row, id: metricResultId(row.runId, row.ordinal, row.metricIndex) }));
}
