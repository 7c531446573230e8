import { sql } from "kysely";
import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { ExportedMetricResult, ExportedOutput, ExportedReview } from "./export-row.js";

/** A stretch of a run's ordinals, both ends included. */
export interface Window {
  readonly runId: string;
  readonly from: number;
  readonly to: number;
}

/** The first ordinal of the window at which the outputs up to it hold more bytes than allowed; null where none does. Sizes are known without reading the values. */
export async function findOutputOverflow(db: Db, scope: Scope, outputRunIds: readonly string[], { from, to }: Window, maxBytes: number): Promise<number | null> {
  const { rows } = await sql<{ ordinal: number | null }>`
    select min(ordinal) as ordinal from (
      select outputs.ordinal, sum(octet_length(outputs.output) + pg_column_size(outputs.turns) + coalesce(pg_column_size(outputs.raw), 0)) over (order by outputs.ordinal) as bytes
      from test_outputs outputs
      where outputs.organization_id = ${scope.organizationId} and ${isOneOfRuns(outputRunIds)} and outputs.ordinal between ${from} and ${to}
    ) as sums where bytes > ${maxBytes}`.execute(db);
  return rows[0]?.ordinal ?? null;
}

/** The outputs of the window; `everything` with those columns that only JSONL shows. */
export async function findOutputsOfWindow(db: Db, scope: Scope, outputRunIds: readonly string[], { from, to }: Window, everything: boolean): Promise<(ExportedOutput & { runId: string })[]> {
  const more = sql.raw(everything ? ", outputs.context, outputs.metadata, outputs.tool_calls, outputs.raw::text as raw" : "");
  const { rows } = await sql<ExportedOutput & { runId: string }>`
    select outputs.run_id, outputs.ordinal, outputs.output, outputs.input_tokens, outputs.output_tokens, outputs.session_id, outputs.stop_reason, outputs.turns${more}
    from test_outputs outputs
    where outputs.organization_id = ${scope.organizationId} and ${isOneOfRuns(outputRunIds)} and outputs.ordinal between ${from} and ${to}`.execute(db);
  return rows;
}

/** In the order in which `toMetricResult` takes them apart. */
const METRIC_RESULT_COLUMNS = sql.raw(
  ["ordinal", "metric_index", "status", "automated_status", "score", "category", "threshold", "reason", "error_code", "error_message", "metadata", "duration_ms", "input_tokens", "output_tokens", "cost"]
    .map((column) => `scores.${column}`)
    .join(", "),
);
type MetricResultTuple = [
  number, number, ExportedMetricResult["status"], ExportedMetricResult["status"], number | null, string | null, number | null, string | null, string | null, string | null, Record<string, unknown>, number,
  number | null, number | null, number | null,
]; // prettier-ignore

function toMetricResult(tuple: MetricResultTuple): ExportedMetricResult {
  const [ordinal, metricIndex, status, automatedStatus, score, category, threshold, reason, errorCode, errorMessage, metadata, durationMs, inputTokens, outputTokens, cost] = tuple;
  return { ordinal, metricIndex, status, automatedStatus, score, category, threshold, reason, errorCode, errorMessage, metadata, durationMs, inputTokens, outputTokens, cost };
}

/** The metric results of the window, by ordinal and metric. They are most of a file's rows: as one JSON value they are read at a fraction of what rows cost. */
export async function findMetricResultsOfWindow(db: Db, scope: Scope, { runId, from, to }: Window): Promise<ExportedMetricResult[]> {
  const { rows } = await sql<{ tuples: MetricResultTuple[] | null }>`
    select json_agg(json_build_array(${METRIC_RESULT_COLUMNS}) order by scores.ordinal, scores.metric_index) as tuples from metric_results scores
    where scores.organization_id = ${scope.organizationId} and scores.run_id = ${runId}::uuid and scores.ordinal between ${from} and ${to}`.execute(db);
  return (rows[0]?.tuples ?? []).map(toMetricResult);
}

/** The reviews of the window's results, oldest first. */
export async function findReviewsOfWindow(db: Db, scope: Scope, { runId, from, to }: Window): Promise<ExportedReview[]> {
  const { rows } = await sql<ExportedReview>`
    select reviews.id, reviews.ordinal, reviews.target, reviews.metric_index, reviews.turn, reviews.verdict, reviews.comment, users.name as author, reviews.created_at, reviews.updated_at
    from reviews
    left join users on users.organization_id = ${scope.organizationId} and users.id = reviews.author_id
    where reviews.organization_id = ${scope.organizationId} and reviews.run_id = ${runId}::uuid and reviews.ordinal between ${from} and ${to}
    order by reviews.ordinal, reviews.created_at, reviews.id`.execute(db);
  return rows;
}

/** The names of behaviors, categories, topics and use cases, by id. One statement. */
export async function findLabelNames(db: Db, scope: Scope, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<{ id: string; name: string }>`
    select behaviors.id, behaviors.name from behaviors where behaviors.organization_id = ${scope.organizationId} and behaviors.id = any(${ids}::uuid[])
    union all select categories.id, categories.name from categories where categories.organization_id = ${scope.organizationId} and categories.id = any(${ids}::uuid[])
    union all select topics.id, topics.name from topics where topics.organization_id = ${scope.organizationId} and topics.id = any(${ids}::uuid[])
    union all select use_cases.id, use_cases.name from use_cases where use_cases.organization_id = ${scope.organizationId} and use_cases.id = any(${ids}::uuid[])`.execute(db);
  return new Map(rows.map((row) => [row.id, row.name]));
}

/** A window's outputs are of one run, nearly always: as a constant it shows the planner the one partition that it needs. */
function isOneOfRuns(ids: readonly string[]) {
  return ids.length === 1 ? sql<boolean>`outputs.run_id = ${ids[0]}::uuid` : sql<boolean>`outputs.run_id = any(${ids}::uuid[])`;
}
