import { storableJson, storableText } from "../db/index.js";
import type { CallOutcome } from "../endpoints/index.js";
import { resultId } from "../ids.js";
import { type Attempt, ConversationStopReason, type Outcome, type ResultError, ResultErrorType, type RunUsage, type TestRun } from "../runs/index.js";
import { SecretUnreadableError } from "../secrets.js";
import { isQuick, type Scorer } from "../scoring/index.js";
import type { ConversationPlan } from "../test-sets/index.js";
import type { ActiveRun } from "./active-run.js";
import { askEndpoint } from "./ask-endpoint.js";
import { CallDeferred, type RetriedCall } from "./call-with-retries.js";
import { toReply } from "./conversation/conversation-reply.js";
import { ConversationLeft } from "./conversation/converse.js";
import { type ConversationDeps, holdConversation } from "./conversation/hold-conversation.js";
import { itemVariables } from "./item-variables.js";
import { judge, type JudgedAnswer } from "./judge-item.js";
import type { PlannedItem } from "./planned-item.js";
import type { Semaphore } from "../semaphore.js";

export interface ItemDeps extends ConversationDeps {
  readonly scorer: Scorer;
}

/** When an item's work ends early. */
export interface ItemSignals {
  /** Everything ends at once; nothing of the item is kept. */
  readonly abort: AbortSignal;
  /** An item that has not been sent yet is left for later; one that has goes on. Aborted with `abort`, too. */
  readonly closing: AbortSignal;
  /** A conversation's next turn is not sent any more: aborted by a pause, and with `abort`. */
  readonly between: AbortSignal;
  /** Told when the item is really in work: past the gate, or being judged. */
  readonly begin: () => void;
}

/**
 * Takes one planned result to its verdict: call (unless it was answered before), store, judge. Throws a signal's
 * reason, or CallDeferred, when it ends early: the item then has no verdict, and is taken up again later.
 */
export async function workItem(deps: ItemDeps, active: ActiveRun, item: PlannedItem, signals: ItemSignals, turn: Semaphore | null): Promise<void> {
  if (item.answer !== null) {
    const { answer } = item;
    // Quick metrics are done before anybody could see that they are in work.
    if (!active.metricsFor(item.revision).every((metric) => isQuick(metric.version.definition))) signals.begin();
    // A re-score made no call: the answer's latency is judged, but is not its own.
    const latencyMs = active.run.outputRunId === null ? answer.latencyMs : null;
    await judgeAndRecord(deps, active, item, { ...base(item), output: null, outputRunId: answer.outputRunId, attempts: answer.attempts, latencyMs, startedAt: answer.startedAt, verdict: null, usage: {} }, answer, signals.abort);
    return;
  }
  if (active.run.outputRunId !== null) return active.buffer.add(noOutput(item, deps.now()));
  const { outcome, answer, leave } = await inTurn(turn, signals.closing, () => ask(deps, active, item, signals));
  try {
    if (outcome.verdict !== null || answer === null) await active.buffer.add(outcome, leave);
    else await judgeAndRecord(deps, active, item, outcome, answer, signals.abort, leave);
  } catch (error) {
    leave();
    throw error;
  }
}

/** Asks what the item is; keeps the attempts of what is given up for now: by a pause, or as the endpoint wants to be left alone for long. */
async function ask(deps: ItemDeps, active: ActiveRun, item: PlannedItem, signals: ItemSignals): Promise<Reply> {
  const { conversation } = item.revision;
  try {
    return await (conversation === null ? askOnce(deps, active, item, signals) : hold(deps, active, item, conversation, signals));
  } catch (error) {
    const tried = triesOf(error, conversation !== null);
    if (tried?.attempts[0] !== undefined && !signals.abort.aborted) {
      const startedAt = new Date(tried.attempts[0].startedAt);
      await active.buffer.add({ ...base(item), output: null, outputRunId: null, attempts: tried.attempts, usage: tried.usage, latencyMs: null, startedAt, verdict: null });
    }
    throw error;
  }
}

/** The calls of work that was given up for now; null for any other error. */
function triesOf(error: unknown, isConversation: boolean): Pick<Outcome, "attempts" | "usage"> | null {
  if (error instanceof ConversationLeft) return toReply({ ...error.soFar, stopReason: ConversationStopReason.ERROR, error: null }).stored;
  if (!(error instanceof CallDeferred)) return null;
  const attempts = storableAttempts(error.attempts).map((attempt) => ({ ...attempt, turn: isConversation ? 1 : null }));
  return { attempts, usage: { endpointCalls: attempts.length } };
}

/** What came of asking: an answer to judge, or an outcome that says why there is none. */
interface Reply {
  readonly outcome: Outcome;
  readonly answer: JudgedAnswer | null;
  /** To be called when the outcome is stored. A call counts as in flight until then, so that a crash repeats no more calls than may be in flight. */
  readonly leave: () => void;
}

/** In SEQUENTIAL mode one test at a time is asked, a conversation from its first turn to its last; the next one when that is stored. */
async function inTurn(turn: Semaphore | null, closing: AbortSignal, work: () => Promise<Reply>): Promise<Reply> {
  if (turn === null) return work();
  const endTurn = await turn.acquire(closing);
  try {
    const reply = await work();
    return { ...reply, leave: () => [reply.leave, endTurn].forEach((end) => end()) };
  } catch (error) {
    endTurn();
    throw error;
  }
}

function base(item: PlannedItem): Pick<Outcome, "ordinal" | "testId" | "testRevisionId"> {
  return { ordinal: item.ordinal, testId: item.revision.testId, testRevisionId: item.revision.id };
}

async function askOnce(deps: ItemDeps, active: ActiveRun, item: PlannedItem, signals: ItemSignals): Promise<Reply> {
  const input = item.revision.prompt?.content ?? "";
  const variables = { ...itemVariables(active.run, item), input, messages: [{ role: "user" as const, content: input }], turn: 1, sessionId: null };
  const call = await askEndpoint(deps, active, { variables, idempotencyKey: resultId(active.run.id, item.ordinal), earlier: item.tries, mayBeDeferred: true }, { ...signals, unsent: signals.closing });
  try {
    return { ...replyTo(deps, active, item, call), leave: call.leave };
  } catch (error) {
    call.leave();
    throw error;
  }
}

function replyTo(deps: ItemDeps, active: ActiveRun, item: PlannedItem, { outcome: call, attempts }: RetriedCall): Omit<Reply, "leave"> {
  const startedAt = attempts[0] === undefined ? null : new Date(attempts[0].startedAt);
  // A call that was not answered has no latency: how long each attempt took stands in the attempts.
  const common = { ...base(item), attempts: storableAttempts(attempts), startedAt, latencyMs: call.ok ? call.latencyMs : null };
  if (!call.ok) {
    const error: ResultError = { ...call.error, message: storableText(call.error.message) };
    return { outcome: { ...common, output: null, outputRunId: null, usage: { endpointCalls: attempts.length }, verdict: { status: "ERROR", error, metricResults: [], finishedAt: deps.now() } }, answer: null };
  }
  return { outcome: { ...common, ...toOutput(active.run, call), usage: usageOf(call, attempts), verdict: null }, answer: { ...call.answer, latencyMs: call.latencyMs, turns: [], stopReason: null } };
}

/** One that broke off keeps its turns and has no verdict. */
async function hold(deps: ItemDeps, active: ActiveRun, item: PlannedItem, plan: ConversationPlan, signals: ItemSignals): Promise<Reply> {
  const { stored, answer, error } = toReply(await holdConversation(deps, active, item, plan, { ...signals, unsent: signals.closing }));
  const verdict = error === null ? null : { status: "ERROR" as const, error, metricResults: [], finishedAt: deps.now() };
  return { outcome: { ...base(item), ...stored, outputRunId: answer === null ? null : active.run.id, verdict }, answer, leave: () => undefined };
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

async function judgeAndRecord(deps: ItemDeps, active: ActiveRun, item: PlannedItem, answered: Outcome, answer: JudgedAnswer, signal: AbortSignal, leave: (() => void) | null = null): Promise<void> {
  const metrics = active.metricsFor(item.revision);
  const isStored = answered.output === null;
  // Quick metrics take less time than a write: answer and verdict are written together. Else the answer comes first,
  // so that a crash while judging repeats no call.
  const storesFirst = !isStored && !metrics.every((metric) => isQuick(metric.version.definition));
  if (storesFirst) {
    await active.buffer.add(answered);
    await active.buffer.drain((ordinal) => ordinal === item.ordinal);
    leave?.();
  }
  const { usage, ...verdict } = await judge(deps.scorer, active.run, item, answer, metrics, signal);
  await active.buffer.add({ ...answered, ...(storesFirst ? { output: null } : {}), usage: { ...(storesFirst ? {} : answered.usage), ...usage }, verdict: { ...verdict, finishedAt: deps.now() } }, storesFirst ? null : leave);
}

/** What becomes of a re-scored result whose source has no answer. */
function noOutput(item: PlannedItem, now: Date): Outcome {
  const error: ResultError = { type: ResultErrorType.NO_OUTPUT, message: "The run that is scored again has no output for this test. Retry that run, then re-score it.", httpStatus: null, retryable: false };
  return { ...base(item), output: null, outputRunId: null, attempts: [], latencyMs: null, startedAt: null, usage: {}, verdict: { status: "ERROR", error, metricResults: [], finishedAt: now } };
}

/** What a fault on our side becomes: the result ends in ERROR instead of never. A secret that nobody can read is for people to mend, and is named. */
export function faultOf(item: PlannedItem, cause: unknown, now: Date): Outcome {
  const error: ResultError =
    cause instanceof SecretUnreadableError
      ? { type: ResultErrorType.AUTH, message: `${cause.message} Then retry the run.`, httpStatus: null, retryable: false }
      : { type: ResultErrorType.INTERNAL, message: "The gateway failed on this result; its log says why. Retry the run.", httpStatus: null, retryable: true };
  return { ...base(item), output: null, outputRunId: null, attempts: [], latencyMs: null, startedAt: null, usage: {}, verdict: { status: "ERROR", error, metricResults: [], finishedAt: now } };
}
