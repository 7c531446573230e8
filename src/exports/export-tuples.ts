import { type RawBuilder, sql } from "kysely";
import type { ExportedMetricResult, ExportedOutput, ExportedResult, ExportedTest } from "./export-row.js";

// Rows are read as arrays in JSON: names in each row would cost the database and the parser as much again. Places stand
// for them, so the columns are listed here, beside the functions that take their values apart in the same order.

/** What is selected as a row's `tuple`, and what more where everything is read. */
class TupleColumns {
  readonly #brief: RawBuilder<unknown>;
  readonly #all: RawBuilder<unknown>;

  constructor(brief: string, more: string = "") {
    this.#brief = sql.raw(`json_build_array(${brief}) as tuple`);
    this.#all = more === "" ? this.#brief : sql.raw(`json_build_array(${brief}, ${more}) as tuple`);
  }

  columns(everything: boolean): RawBuilder<unknown> {
    return everything ? this.#all : this.#brief;
  }
}

export const RESULTS = new TupleColumns(
  "results.ordinal, results.status, results.automated_status, results.test_id, results.test_revision_id, results.output_run_id, results.error, results.latency_ms, results.seq, " +
    "results.started_at at time zone 'UTC', results.finished_at at time zone 'UTC', jsonb_array_length(results.attempts)",
  "results.attempts",
);
type ResultTuple = [
  ordinal: number, status: ExportedResult["status"], automatedStatus: ExportedResult["status"], testId: string, testRevisionId: string, outputRunId: string | null, error: ExportedResult["error"],
  latencyMs: number | null, seq: number | null, startedAt: string | null, finishedAt: string | null, attemptCount: number, attempts?: ExportedResult["attempts"],
]; // prettier-ignore

export function toResult([ordinal, status, automatedStatus, testId, testRevisionId, outputRunId, error, latencyMs, seq, startedAt, finishedAt, attemptCount, attempts = []]: ResultTuple): ExportedResult {
  return { ordinal, status, automatedStatus, testId, testRevisionId, outputRunId, error, latencyMs, seq, startedAt: isoTime(startedAt), finishedAt: isoTime(finishedAt), attemptCount, attempts };
}

/** The database's JSON of a time in UTC, which has neither the zone nor zeros at the end, as a Date's `toISOString` writes it. */
function isoTime(time: string | null): string | null {
  if (time === null) return null;
  return time.includes(".") ? `${time.padEnd("2026-01-01T00:00:00.000".length, "0")}Z` : `${time}.000Z`;
}

export const TESTS = new TupleColumns(
  "revisions.id, revisions.test_set_id, revisions.position, revisions.type, revisions.key, revisions.tags, revisions.metadata, revisions.conversation, revisions.behavior_id, revisions.category_id, " +
    "revisions.topic_id, revisions.use_case_id, revisions.prompt_id, prompts.content, prompts.expected_response, prompts.language_code, prompts.context",
);
type TestTuple = [
  id: string, testSetId: string, position: number, type: ExportedTest["type"], key: string | null, tags: string[], metadata: ExportedTest["metadata"], conversation: ExportedTest["conversation"],
  behaviorId: string | null, categoryId: string | null, topicId: string | null, useCaseId: string | null, promptId: string | null, content: string | null, expectedResponse: string | null,
  languageCode: string | null, context: string[] | null,
]; // prettier-ignore

export function toTest(tuple: TestTuple): ExportedTest {
  const [id, testSetId, position, type, key, tags, metadata, conversation, behaviorId, categoryId, topicId, useCaseId, promptId, content, expectedResponse, languageCode, context] = tuple;
  return { id, testSetId, position, type, key, tags, metadata, conversation, behaviorId, categoryId, topicId, useCaseId, promptId, content, expectedResponse, languageCode, context };
}

export const OUTPUTS = new TupleColumns(
  "outputs.run_id, outputs.ordinal, outputs.output, outputs.input_tokens, outputs.output_tokens, outputs.session_id, outputs.stop_reason, outputs.turns",
  "outputs.context, outputs.metadata, outputs.tool_calls, outputs.raw::text",
);
type OutputTuple = [
  runId: string, ordinal: number, output: string, inputTokens: number | null, outputTokens: number | null, sessionId: string | null, stopReason: ExportedOutput["stopReason"], turns: ExportedOutput["turns"],
  context?: string[], metadata?: unknown, toolCalls?: unknown, raw?: string | null,
]; // prettier-ignore

export function toOutput([runId, ordinal, output, inputTokens, outputTokens, sessionId, stopReason, turns, context = [], metadata = null, toolCalls = null, raw = null]: OutputTuple): ExportedOutput {
  return { runId, ordinal, output, inputTokens, outputTokens, sessionId, stopReason, turns, context, metadata, toolCalls, raw };
}

export const METRIC_RESULTS = new TupleColumns(
  "scores.ordinal, scores.metric_index, scores.status, scores.automated_status, scores.score, scores.category, scores.reason, scores.error_code, scores.error_message",
  "scores.threshold, scores.metadata, scores.duration_ms, scores.input_tokens, scores.output_tokens, scores.cost",
);
type MetricResultTuple = [
  ordinal: number, metricIndex: number, status: ExportedMetricResult["status"], automatedStatus: ExportedMetricResult["status"], score: number | null, category: string | null, reason: string | null,
  errorCode: string | null, errorMessage: string | null, threshold?: number | null, metadata?: Record<string, unknown>, durationMs?: number, inputTokens?: number | null, outputTokens?: number | null, cost?: number | null,
]; // prettier-ignore

export function toMetricResult(tuple: MetricResultTuple): ExportedMetricResult {
  const [ordinal, metricIndex, status, automatedStatus, score, category, reason, errorCode, errorMessage, threshold = null, metadata = {}, durationMs = null, inputTokens = null, outputTokens = null, cost = null] = tuple;
  return { ordinal, metricIndex, status, automatedStatus, score, category, reason, errorCode, errorMessage, threshold, metadata, durationMs, inputTokens, outputTokens, cost };
}
