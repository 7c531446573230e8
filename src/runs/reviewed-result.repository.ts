import { type RawBuilder, sql } from "kysely";
import type { Db, Trx } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { ResultErrorType, StoredResultStatus } from "./result.js";
import type { ResultPlace } from "./result.repository.js";
import type { MetricResultStatus } from "./result.table.js";
import type { MetricVerdictChange } from "./run-summary.js";

/** What a metric made of a result, before any review and with them. */
export interface JudgedMetric {
  readonly metricIndex: number;
  readonly metricVersionId: string;
  readonly status: MetricResultStatus;
  readonly automatedStatus: MetricResultStatus;
}

/** A stored result as reviews see it. */
export interface JudgedResult extends ResultPlace {
  readonly status: StoredResultStatus;
  readonly automatedStatus: StoredResultStatus;
  readonly errorType: ResultErrorType | null;
  readonly reviewCount: number;
  /** How many exchanges there were: one for a single answer, none without an answer. */
  readonly turnCount: number;
  /** In the order of the run's metrics. */
  readonly metrics: readonly JudgedMetric[];
}

/** The result with its metrics' verdicts, or null when it has no row. Lock its run first. Two statements. */
export async function findJudgedResult(db: Db, scope: Scope, { runId, ordinal }: ResultPlace): Promise<JudgedResult | null> {
  const { rows } = await sql<Omit<JudgedResult, "metrics">>`
    select results.run_id, results.ordinal, results.status, results.automated_status, results.error_type, results.review_count, coalesce((
      select greatest(1, jsonb_array_length(outputs.turns)) from test_outputs outputs
      where outputs.organization_id = ${scope.organizationId} and outputs.run_id = results.output_run_id and outputs.ordinal = results.ordinal), 0) as turn_count
    from test_results results
    where results.organization_id = ${scope.organizationId} and results.run_id = ${runId}::uuid and results.ordinal = ${ordinal}::integer`.execute(db);
  const [result] = rows;
  if (result === undefined) return null;
  const { rows: metrics } = await sql<JudgedMetric>`
    select scores.metric_index, pinned.metric_version_id, scores.status, scores.automated_status
    from metric_results scores
    join run_metrics pinned on pinned.organization_id = ${scope.organizationId} and pinned.run_id = scores.run_id and pinned.metric_index = scores.metric_index
    where scores.organization_id = ${scope.organizationId} and scores.run_id = ${runId}::uuid and scores.ordinal = ${ordinal}::integer
    order by scores.metric_index`.execute(db);
  return { ...result, metrics };
}

/** Sets the status that counts and the number of reviews; what was automated stays. */
export async function updateReviewedResult(trx: Trx, scope: Scope, { runId, ordinal }: ResultPlace, changes: { status: StoredResultStatus; reviewCount: number }): Promise<void> {
  await trx.updateTable("testResults").set(changes).where("organizationId", "=", scope.organizationId).where("runId", "=", runId).where("ordinal", "=", ordinal).execute();
}

/** Sets the status that counts of a result's metrics. One statement. */
export async function updateReviewedMetrics(trx: Trx, scope: Scope, { runId, ordinal }: ResultPlace, changes: readonly MetricVerdictChange[]): Promise<void> {
  if (changes.length === 0) return;
  const values: RawBuilder<unknown> = sql`unnest(${changes.map(({ metricIndex }) => metricIndex)}::smallint[], ${changes.map(({ to }) => to)}::text[]) as changes (metric_index, status)`;
  await sql`
    update metric_results set status = changes.status from ${values}
    where metric_results.organization_id = ${scope.organizationId} and metric_results.run_id = ${runId}::uuid and metric_results.ordinal = ${ordinal}::integer
      and metric_results.metric_index = changes.metric_index`.execute(trx);
}
