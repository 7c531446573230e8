import type { Insertable } from "kysely";
import { storableJson, storableText } from "../db/index.js";
import { resultId } from "../ids.js";
import type { MetricResultTable, ResultError, RunUsage, StoredAnswer, TestRun, Verdict } from "../runs/index.js";
import { ConversationStopReason, ResultErrorType } from "../runs/index.js";
import { allOf, type MetricVerdict, type ScoreInput, type Scorer, verdictOf } from "../scoring/index.js";
import type { PinnedMetric } from "./active-run.js";
import type { PlannedItem } from "./planned-item.js";

/** An answer as metrics see it. */
export type JudgedAnswer = Pick<StoredAnswer, "output" | "sessionId" | "context" | "metadata" | "toolCalls" | "latencyMs" | "turns" | "stopReason">;

/** The verdict, and what models took to come to it. */
export type JudgedVerdict = Omit<Verdict, "finishedAt"> & { readonly usage: RunUsage };

/** Scores an answer with every metric that applies and derives the result's verdict (an error is never a fail). */
export async function judge(scorer: Scorer, run: TestRun, item: PlannedItem, answer: JudgedAnswer, metrics: readonly PinnedMetric[], signal: AbortSignal): Promise<JudgedVerdict> {
  if (answer.stopReason === ConversationStopReason.ERROR) return { status: "ERROR", error: cutOff(answer), metricResults: [], usage: {} };
  const input = scoreInput(run, item, answer);
  const verdicts = await allOf(metrics.map(async (metric) => ({ metric, verdict: await scorer.score(metric.version, input, signal) })));
  const { status, error } = verdictOf(verdicts.map(({ verdict }) => verdict.status));
  return {
    status,
    error: error === null ? null : error === "NO_METRICS" ? noMetrics() : metricError(verdicts),
    metricResults: verdicts.map(({ metric, verdict }) => toMetricRow(metric.metricIndex, verdict)),
    usage: judgeUsage(verdicts.map(({ verdict }) => verdict)),
  };
}

/** Nothing for metrics that ask no model, so that runs without judges store none of it. */
function judgeUsage(verdicts: readonly MetricVerdict[]): RunUsage {
  const judged = verdicts.filter(({ modelCalls }) => modelCalls > 0);
  if (judged.length === 0) return {};
  const sum = (pick: (verdict: MetricVerdict) => number | null): number => judged.reduce((total, verdict) => total + (pick(verdict) ?? 0), 0);
  const tokens = { judgeInputTokens: sum((verdict) => verdict.inputTokens), judgeOutputTokens: sum((verdict) => verdict.outputTokens) };
  // Where no price is known, the cost is unknown, not 0.
  const cost = judged.some((verdict) => verdict.cost !== null) ? { judgeCost: sum((verdict) => verdict.cost) } : {};
  return { judgeCalls: sum((verdict) => verdict.modelCalls), ...tokens, ...cost };
}

function scoreInput(run: TestRun, item: PlannedItem, answer: JudgedAnswer): ScoreInput {
  const { revision } = item;
  return {
    testType: revision.type,
    input: revision.prompt?.content ?? revision.conversation?.goal ?? revision.conversation?.scriptedTurns[0] ?? "",
    plan: revision.conversation,
    expectedResponse: revision.prompt?.expectedResponse ?? null,
    context: revision.prompt?.context ?? [],
    answerContext: answer.context,
    metadata: revision.metadata,
    params: run.parameters,
    sessionId: answer.sessionId,
    languageCode: revision.prompt?.languageCode ?? null,
    testId: revision.testId,
    testKey: revision.key,
    runId: run.id,
    resultId: resultId(run.id, item.ordinal),
    trial: item.trial,
    output: { text: answer.output, latencyMs: answer.latencyMs, toolCalls: answer.toolCalls, metadata: answer.metadata, turns: answer.turns },
  };
}

/** Why a conversation that broke off has no verdict. Its last turn says it, unless it was the user's side that failed. */
function cutOff(answer: JudgedAnswer): ResultError {
  return answer.turns.at(-1)?.error ?? { type: ResultErrorType.NO_OUTPUT, message: "The conversation broke off before its end, so there is no whole one to judge.", httpStatus: null, retryable: true };
}

function noMetrics(): ResultError {
  return { type: ResultErrorType.NO_METRICS, message: "No metric applies to this test. Assign one to the test set or the behavior, or name one when you execute.", httpStatus: null, retryable: false };
}

function metricError(verdicts: readonly { metric: PinnedMetric; verdict: MetricVerdict }[]): ResultError {
  const undecided = verdicts.filter(({ verdict }) => verdict.status === "ERROR" || verdict.status === "INCONCLUSIVE");
  const reasons = undecided.map(({ metric, verdict }) => `${metric.version.definition.name}: ${verdict.error?.message ?? verdict.reason ?? verdict.status}`);
  return { type: ResultErrorType.METRIC, message: `No verdict from ${reasons.join("; ")}`, httpStatus: null, retryable: true };
}

function toMetricRow(metricIndex: number, verdict: MetricVerdict): Omit<Insertable<MetricResultTable>, "organizationId" | "runId" | "ordinal"> {
  return {
    metricIndex,
    status: verdict.status,
    automatedStatus: verdict.status,
    score: verdict.score,
    category: verdict.category,
    threshold: verdict.threshold,
    reason: verdict.reason === null ? null : storableText(verdict.reason),
    errorCode: verdict.error?.code ?? null,
    errorMessage: verdict.error === null ? null : storableText(verdict.error.message),
    metadata: storableJson(verdict.metadata),
    durationMs: verdict.durationMs,
    inputTokens: verdict.inputTokens,
    outputTokens: verdict.outputTokens,
    cost: verdict.cost,
  };
}
