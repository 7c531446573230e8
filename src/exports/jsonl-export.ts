import { metricResultId, resultId } from "../ids.js";
import { positionOf, scoreValue, trialOf } from "../runs/index.js";
import type { ExportedMetric, ExportedMetricResult, ExportedOutput, ExportedReview, ExportHead, ExportRow } from "./export-row.js";

/** A line for each result: all that is stored of it, in the names of the GraphQL types. */
export function jsonlRows({ run, metrics }: ExportHead, rows: readonly ExportRow[]): string {
  const byIndex = new Map(metrics.map((metric) => [metric.metricIndex, metric]));
  return rows.map((row) => `${line(row, run, byIndex)}\n`).join("");
}

function line(row: ExportRow, { id: runId, trials }: ExportHead["run"], metrics: ReadonlyMap<number, ExportedMetric>): string {
  const { result, test } = row;
  const scored = row.metricResults.flatMap((each) => {
    const metric = metrics.get(each.metricIndex);
    return metric === undefined ? [] : [{ each, metric }];
  });
  const asked = {
    id: resultId(runId, result.ordinal), runId, position: positionOf(result.ordinal, trials), trial: trialOf(result.ordinal, trials), status: result.status, automatedStatus: result.automatedStatus,
    test: { id: result.testId, key: test?.key ?? null, type: test?.type ?? null, position: test?.position ?? null, testSet: test === null ? null : { id: test.testSetId, name: row.testSetName } },
    prompt: promptOf(row), conversation: test?.conversation ?? null, metadata: test?.metadata ?? {},
    behavior: row.behavior, category: row.category, topic: row.topic, useCase: row.useCase, tags: test?.tags ?? [],
  }; // prettier-ignore
  const judged = {
    error: result.error,
    scores: Object.fromEntries(scored.map(({ each, metric }) => [metric.name, scoreValue(each, { definition: metric })])),
    metricResults: scored.map(({ each, metric }) => metricResultOf(each, metric, runId)),
    reviews: row.reviews.map((review) => reviewOf(review, metrics)),
    attempts: result.attempts,
    latencyMs: result.latencyMs,
    startedAt: result.startedAt,
    finishedAt: result.finishedAt,
  };
  return `{${members(asked)},"output":${outputOf(row.output)},${members(judged)}}`;
}

/** An object's JSON without its brackets, to be put together. */
function members(object: object): string {
  return JSON.stringify(object).slice(1, -1);
}

function promptOf({ test }: ExportRow): object | null {
  if (test === null || test.promptId === null) return null;
  const { promptId, content, expectedResponse, languageCode, context } = test;
  return { id: promptId, content, expectedResponse, languageCode, context };
}

/** What the endpoint said before mapping goes into the file as it is stored, without being parsed on the way. */
function outputOf(stored: ExportedOutput | null): string {
  if (stored === null) return "null";
  const { output, inputTokens, outputTokens, sessionId, context, metadata, toolCalls, turns, stopReason, raw } = stored;
  return `{${members({ output, inputTokens, outputTokens, sessionId, context, metadata, toolCalls, turns, stopReason })},"raw":${raw ?? "null"}}`;
}

function metricResultOf(scored: ExportedMetricResult, { metricId, version, name }: ExportedMetric, runId: string): object {
  const { status, automatedStatus, score, category, threshold, reason, errorCode, errorMessage, metadata, durationMs, inputTokens, outputTokens, cost } = scored;
  const id = metricResultId(runId, scored.ordinal, scored.metricIndex);
  const error = errorCode === null ? null : { code: errorCode, message: errorMessage ?? errorCode };
  return { id, metricId, metricVersion: version, name, status, automatedStatus, score, category, threshold, reason, error, metadata, durationMs, inputTokens, outputTokens, cost };
}

function reviewOf({ id, target, metricIndex, turn, verdict, comment, author, createdAt, updatedAt }: ExportedReview, metrics: ReadonlyMap<number, ExportedMetric>): object {
  const metric = metricIndex === null ? null : (metrics.get(metricIndex)?.name ?? null);
  return { id, target, metric, turn, verdict, comment, author, createdAt, updatedAt };
}
