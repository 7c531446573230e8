import { storableJson, storableText } from "../db/index.js";
import type { CallOutcome, CallVariables, EndpointClient } from "../endpoints/index.js";
import { resultId } from "../ids.js";
import { type Attempt, type Outcome, type ResultError, ResultErrorType, type RunUsage, type TestRun } from "../runs/index.js";
import { isQuick, type Scorer } from "../scoring/index.js";
import type { ActiveRun } from "./active-run.js";
import type { CallGate } from "./call-gate.js";
import { callWithRetries, type RetriedCall } from "./call-with-retries.js";
import { judge, type JudgedAnswer } from "./judge-item.js";
import type { PlannedItem } from "./planned-item.js";
import type { Semaphore } from "./semaphore.js";

export interface ItemDeps {
  readonly client: EndpointClient;
  readonly gate: CallGate;
  readonly scorer: Scorer;
  readonly now: () => Date;
  readonly random: () => number;
}

/** When an item's work ends early. */
export interface ItemSignals {
  /** Everything ends at once; nothing of the item is kept. */
  readonly abort: AbortSignal;
  /** An item that has not been sent yet is left for later; one that has goes on. Aborted with `abort`, too. */
  readonly closing: AbortSignal;
  /** Told when the item is really in work: past the gate, or being judged. */
  readonly begin: () => void;
}

/**
 * Takes one planned result to its verdict: call (unless it was answered before), store, judge. Throws a signal's
 * reason when it ends early: the item then has no verdict, and is taken up again later.
 */
export async function workItem(deps: ItemDeps, active: ActiveRun, item: PlannedItem, signals: ItemSignals, turn: Semaphore | null): Promise<void> {
  if (item.answer !== null) {
    const { answer } = item;
    signals.begin();
    await judgeAndRecord(deps, active, item, { ...base(item), output: null, outputRunId: answer.outputRunId, attempts: answer.attempts, latencyMs: answer.latencyMs, startedAt: answer.startedAt, verdict: null, usage: {} }, answer, signals.abort);
    return;
  }
  const { outcome: call, attempts } = await callInTurn(deps, active, item, signals, turn);
  const startedAt = attempts[0] === undefined ? null : new Date(attempts[0].startedAt);
  const common = { ...base(item), attempts: storableAttempts(attempts), startedAt, latencyMs: call.latencyMs };
  if (!call.ok) {
    const error: ResultError = { ...call.error, message: storableText(call.error.message) };
    await active.buffer.add({ ...common, output: null, outputRunId: null, usage: { endpointCalls: attempts.length }, verdict: { status: "ERROR", error, metricResults: [], finishedAt: deps.now() } });
    return;
  }
  const answered: Outcome = { ...common, ...toOutput(active.run, call), usage: usageOf(call, attempts), verdict: null };
  await judgeAndRecord(deps, active, item, answered, { ...call.answer, latencyMs: call.latencyMs }, signals.abort);
}

function base(item: PlannedItem): Pick<Outcome, "ordinal" | "testId" | "testRevisionId"> {
  return { ordinal: item.ordinal, testId: item.revision.testId, testRevisionId: item.revision.id };
}

async function callInTurn(deps: ItemDeps, active: ActiveRun, item: PlannedItem, signals: ItemSignals, turn: Semaphore | null): Promise<RetriedCall> {
  const unsent = signals.closing; // it includes `abort`
  const endTurn = turn === null ? null : await turn.acquire(unsent);
  let isSent = false;
  try {
    const target = await active.target();
    return await callWithRetries(
      {
        now: deps.now,
        random: deps.random,
        enter: async () => deps.gate.enter(active.scope, active.run.endpointId, (await active.target()).limits, isSent ? signals.abort : unsent),
        attempt: async (signal) => {
          isSent = true;
          signals.begin();
          const live = await active.target();
          return deps.client.call(live, callVariables(active.run, item), { idempotencyKey: resultId(active.run.id, item.ordinal), timeoutMs: live.limits.timeoutMs, signal });
        },
      },
      target.limits,
      signals.abort,
    );
  } finally {
    endTurn?.();
  }
}

function callVariables(run: TestRun, item: PlannedItem): CallVariables {
  const { revision } = item;
  const input = revision.prompt?.content ?? "";
  return {
    input,
    expectedResponse: revision.prompt?.expectedResponse ?? null,
    context: revision.prompt?.context ?? [],
    metadata: revision.metadata,
    params: run.parameters,
    sessionId: null,
    messages: [{ role: "user", content: input }],
    turn: 1,
    testId: revision.testId,
    testKey: revision.key,
    runId: run.id,
    resultId: resultId(run.id, item.ordinal),
    trial: item.trial,
    languageCode: revision.prompt?.languageCode ?? null,
  };
}

function toOutput(run: TestRun, call: CallOutcome & { ok: true }): Pick<Outcome, "output" | "outputRunId"> {
  const { answer } = call;
  return {
    outputRunId: run.id,
    output: {
      output: storableText(answer.output),
      inputTokens: answer.inputTokens,
      outputTokens: answer.outputTokens,
      sessionId: answer.sessionId === null ? null : storableText(answer.sessionId),
      context: storableJson(answer.context),
      metadata: answer.metadata == null ? null : storableJson(answer.metadata),
      toolCalls: answer.toolCalls == null ? null : storableJson(answer.toolCalls),
      raw: answer.raw == null ? null : storableJson(answer.raw),
      stopReason: null,
    },
  };
}

function storableAttempts(attempts: readonly Attempt[]): readonly Attempt[] {
  return attempts.map((attempt) => (attempt.error === null ? attempt : { ...attempt, error: { ...attempt.error, message: storableText(attempt.error.message) } }));
}

function usageOf(call: CallOutcome & { ok: true }, attempts: readonly Attempt[]): RunUsage {
  return { endpointCalls: attempts.length, endpointInputTokens: call.answer.inputTokens ?? 0, endpointOutputTokens: call.answer.outputTokens ?? 0 };
}

async function judgeAndRecord(deps: ItemDeps, active: ActiveRun, item: PlannedItem, answered: Outcome, answer: JudgedAnswer, signal: AbortSignal): Promise<void> {
  const metrics = active.metricsFor(item.revision);
  const isStored = answered.output === null;
  // Quick metrics take less time than a write: answer and verdict are written together. Else the answer comes first,
  // so that a crash while judging repeats no call.
  const storesFirst = !isStored && !metrics.every((metric) => isQuick(metric.version.definition));
  if (storesFirst) {
    await active.buffer.add(answered);
    await active.buffer.drain();
  }
  const verdict = await judge(deps.scorer, active.run, item, answer, metrics, signal);
  await active.buffer.add({ ...answered, ...(storesFirst ? { output: null, usage: {} } : {}), usage: { ...(storesFirst ? {} : answered.usage), ...judgeUsage(verdict.metricResults) }, verdict: { ...verdict, finishedAt: deps.now() } });
}

function judgeUsage(rows: readonly { inputTokens?: number | null; outputTokens?: number | null; cost?: number | null }[]): RunUsage {
  const judged = rows.filter((row) => row.inputTokens != null || row.outputTokens != null);
  if (judged.length === 0) return {};
  const sum = (pick: (row: (typeof rows)[number]) => number | null | undefined): number => judged.reduce((total, row) => total + (pick(row) ?? 0), 0);
  return { judgeCalls: judged.length, judgeInputTokens: sum((row) => row.inputTokens), judgeOutputTokens: sum((row) => row.outputTokens), judgeCost: sum((row) => row.cost) };
}

/** What a fault of ours becomes: the result ends in ERROR instead of never. */
export function internalFault(item: PlannedItem, now: Date): Outcome {
  const error: ResultError = { type: ResultErrorType.INTERNAL, message: "The gateway failed on this result; its log says why. Retry the run.", httpStatus: null, retryable: true };
  return { ...base(item), output: null, outputRunId: null, attempts: [], latencyMs: null, startedAt: null, usage: {}, verdict: { status: "ERROR", error, metricResults: [], finishedAt: now } };
}
