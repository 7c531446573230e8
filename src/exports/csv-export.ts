import { resultId } from "../ids.js";
import { positionOf, scoreValue, trialOf } from "../runs/index.js";
import type { ExportedMetric, ExportedMetricResult, ExportedReview, ExportHead, ExportRow } from "./export-row.js";
import { textCell } from "./formula-guard.js";

/** A cell before it is written: numbers stay numbers, texts are guarded, null is an empty cell without quotes. */
type Cell = string | number | null;

const COLUMNS = [
  "position", "trial", "status", "automated_status", "review_verdict", "review_comment", "reviews", "result_id", "test_id", "test_key", "test_set", "behavior", "category", "topic", "use_case", "tags",
  "prompt", "expected_response", "context", "language_code", "goal", "output", "transcript", "stop_reason", "error_type", "error", "http_status", "attempts", "latency_ms",
  "input_tokens", "output_tokens", "session_id", "started_at", "finished_at", "metadata",
] as const; // prettier-ignore

/** The first line: the fixed columns, then three for each metric in the order of the run. */
export function csvHeader({ metrics }: ExportHead): string {
  return line([...COLUMNS, ...metrics.flatMap(({ name }) => [`${name} status`, `${name} score`, `${name} reason`])]);
}

/** A line for each result. */
export function csvRows({ run, metrics }: ExportHead, rows: readonly ExportRow[]): string {
  let text = "";
  for (const row of rows) text += line([...fixedCells(row, run, metrics), ...metricCells(row, metrics)]);
  return text;
}

function fixedCells(row: ExportRow, { id: runId, trials }: ExportHead["run"], metrics: readonly ExportedMetric[]): Cell[] {
  const { result, test, output } = row;
  const newest = row.reviews.findLast(({ target }) => target === "RESULT");
  return [
    positionOf(result.ordinal, trials), trialOf(result.ordinal, trials), result.status, result.automatedStatus, newest?.verdict ?? null, newest?.comment ?? null, list(row.reviews.map((review) => reviewOf(review, metrics))),
    resultId(runId, result.ordinal), result.testId, test?.key ?? null, row.testSetName, row.behavior, row.category, row.topic, row.useCase, test === null || test.tags.length === 0 ? null : test.tags.join(", "),
    test?.content ?? null, test?.expectedResponse ?? null, list(test?.context ?? []), test?.languageCode ?? null, test?.conversation?.goal ?? null,
    output?.output ?? null, list(output?.turns ?? []), output?.stopReason ?? null, result.error?.type ?? null, result.error?.message ?? null, result.error?.httpStatus ?? null,
    result.attemptCount, result.latencyMs, output?.inputTokens ?? null, output?.outputTokens ?? null, output?.sessionId ?? null,
    result.startedAt, result.finishedAt, test === null || Object.keys(test.metadata).length === 0 ? null : JSON.stringify(test.metadata),
  ]; // prettier-ignore
}

function metricCells({ metricResults }: ExportRow, metrics: readonly ExportedMetric[]): Cell[] {
  return metrics.flatMap((metric): Cell[] => {
    const scored = metricResults.find(({ metricIndex }) => metricIndex === metric.metricIndex);
    return scored === undefined ? [null, null, null] : [scored.status, valueOf(scored, metric), scored.reason ?? scored.errorMessage ?? scored.errorCode];
  });
}

function valueOf(scored: ExportedMetricResult, { scoreType }: ExportedMetric): number | string | null {
  return scoreValue(scored, { definition: { scoreType } });
}

function reviewOf({ target, metricIndex, turn, verdict, comment, author, createdAt }: ExportedReview, metrics: readonly ExportedMetric[]) {
  const metric = metricIndex === null ? undefined : metrics.find((each) => each.metricIndex === metricIndex)?.name;
  return { target, ...(metric === undefined ? {} : { metric }), ...(turn === null ? {} : { turn }), verdict, comment, author, createdAt };
}

/** A list as JSON; an empty one as an empty cell. */
function list(items: readonly unknown[]): string | null {
  return items.length === 0 ? null : JSON.stringify(items);
}

/**
 * A line as RFC 4180 has it. Every text is quoted, so that a separator of another country's spreadsheet cuts none,
 * and an empty answer is not a missing one. By hand: a library's general writer took a third of a large download's time.
 */
function line(cells: readonly Cell[]): string {
  let [text, separator] = ["", ""];
  for (const cell of cells) {
    text += separator + cellText(cell);
    separator = ",";
  }
  return `${text}\n`;
}

function cellText(cell: Cell): string {
  if (cell === null) return "";
  if (typeof cell === "number") return String(cell);
  const text = textCell(cell);
  return text.includes('"') ? `"${text.replaceAll('"', '""')}"` : `"${text}"`;
}
