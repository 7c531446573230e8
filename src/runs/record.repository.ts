import { type Insertable, sql } from "kysely";
import type { Db, Trx } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { insertMany, type ManyColumn, type ManyRows } from "./insert-many.js";
import type { StoredResultStatus } from "./result.js";
import type { MetricResultTable, TestOutputTable, TestResultTable } from "./result.table.js";

/** What is known of stored results: enough to tell whether one still needs a verdict. */
export interface StoredState {
  readonly ordinal: number;
  readonly status: StoredResultStatus;
  readonly outputRunId: string | null;
  /** How many attempts are kept. */
  readonly attemptCount: number;
}

/** The states of those of the ordinals that have a row. */
export async function findStoredStates(db: Db, scope: Scope, runId: string, ordinals: readonly number[]): Promise<Map<number, StoredState>> {
  const rows = await db
    .selectFrom("testResults")
    .select(["ordinal", "status", "outputRunId", sql<number>`jsonb_array_length(attempts)`.as("attemptCount")])
    .where("organizationId", "=", scope.organizationId)
    .where("runId", "=", runId)
    .where(sql<boolean>`ordinal = any(${ordinals}::integer[])`)
    .execute();
  return new Map(rows.map((row) => [row.ordinal, row]));
}

type Key = ManyRows["key"];

const RESULT_COLUMNS: readonly ManyColumn[] = [
  { name: "ordinal", type: "integer" },
  { name: "status", type: "text" },
  { name: "automatedStatus", type: "text" },
  { name: "testId", type: "uuid" },
  { name: "testRevisionId", type: "uuid" },
  { name: "outputRunId", type: "uuid" },
  { name: "errorType", type: "text" },
  { name: "error", type: "jsonb" },
  { name: "attempts", type: "jsonb" },
  { name: "latencyMs", type: "double precision" },
  { name: "startedAt", type: "timestamptz" },
  { name: "finishedAt", type: "timestamptz" },
  { name: "seq", type: "bigint" },
];

/**
 * Writes results. A row that was answered before gets its verdict and keeps its answer; one that was only tried before
 * gets the answer, too, and keeps its attempts. Callers have dropped what already has a verdict.
 */
export async function upsertResults(trx: Trx, key: Key, rows: readonly Omit<Insertable<TestResultTable>, keyof Key>[]): Promise<void> {
  const onConflict = sql`
    on conflict (organization_id, run_id, ordinal) do update set
      output_run_id = coalesce(test_results.output_run_id, excluded.output_run_id),
      attempts = case when test_results.output_run_id is null then test_results.attempts || excluded.attempts else test_results.attempts end,
      latency_ms = case when test_results.output_run_id is null then excluded.latency_ms else test_results.latency_ms end,
      started_at = coalesce(test_results.started_at, excluded.started_at),
      status = excluded.status, automated_status = excluded.automated_status, error_type = excluded.error_type, error = excluded.error,
      finished_at = excluded.finished_at, seq = excluded.seq`;
  await insertMany(trx, { table: "test_results", key, columns: RESULT_COLUMNS, rows, onConflict });
}

const OUTPUT_COLUMNS: readonly ManyColumn[] = [
  { name: "ordinal", type: "integer" },
  { name: "output", type: "text" },
  { name: "inputTokens", type: "integer" },
  { name: "outputTokens", type: "integer" },
  { name: "sessionId", type: "text" },
  { name: "context", type: "jsonb", default: "'[]'" },
  { name: "metadata", type: "jsonb" },
  { name: "toolCalls", type: "jsonb" },
  { name: "raw", type: "jsonb" },
  { name: "turns", type: "jsonb", default: "'[]'" },
  { name: "stopReason", type: "text" },
  { name: "latencyMs", type: "double precision" },
];

/** Writes outputs; that of a conversation that broke off gives way to the one of its retry. */
export async function upsertOutputs(trx: Trx, key: Key, rows: readonly Omit<Insertable<TestOutputTable>, keyof Key>[]): Promise<void> {
  const onConflict = sql`
    on conflict (organization_id, run_id, ordinal) do update set
      output = excluded.output, input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens, session_id = excluded.session_id, context = excluded.context,
      metadata = excluded.metadata, tool_calls = excluded.tool_calls, raw = excluded.raw, turns = excluded.turns, stop_reason = excluded.stop_reason, latency_ms = excluded.latency_ms`;
  await insertMany(trx, { table: "test_outputs", key, columns: OUTPUT_COLUMNS, rows, onConflict });
}

const METRIC_COLUMNS: readonly ManyColumn[] = [
  { name: "ordinal", type: "integer" },
  { name: "metricIndex", type: "smallint" },
  { name: "status", type: "text" },
  { name: "automatedStatus", type: "text" },
  { name: "score", type: "double precision" },
  { name: "category", type: "text" },
  { name: "threshold", type: "double precision" },
  { name: "reason", type: "text" },
  { name: "errorCode", type: "text" },
  { name: "errorMessage", type: "text" },
  { name: "metadata", type: "jsonb", default: "'{}'" },
  { name: "durationMs", type: "double precision" },
  { name: "inputTokens", type: "integer" },
  { name: "outputTokens", type: "integer" },
  { name: "cost", type: "double precision" },
];

export async function insertMetricResults(trx: Trx, key: Key, rows: readonly Omit<Insertable<MetricResultTable>, keyof Key>[]): Promise<void> {
  await insertMany(trx, { table: "metric_results", key, columns: METRIC_COLUMNS, rows });
}

/** How many results of the run ended in ERROR before any review. */
export async function countAutomatedErrors(db: Db, scope: Scope, runId: string): Promise<number> {
  const { count } = await db
    .selectFrom("testResults")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("organizationId", "=", scope.organizationId)
    .where("runId", "=", runId)
    .where("automatedStatus", "=", "ERROR")
    .executeTakeFirstOrThrow();
  return count;
}
