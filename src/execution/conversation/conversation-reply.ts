import { storableJson, storableText } from "../../db/index.js";
import { MAX_ANSWER_BYTES } from "../../endpoints/index.js";
import type { Attempt, Outcome, ResultError, RunUsage, StoredTurn } from "../../runs/index.js";
import type { JudgedAnswer } from "../judge-item.js";
import type { Conversation, Exchange } from "./converse.js";

/** What a conversation leaves: what to store of it (without the planned result that it is for), and what to judge. */
export interface ConversationReply {
  readonly stored: Pick<Outcome, "output" | "attempts" | "latencyMs" | "startedAt" | "usage">;
  /** Null where no turn was answered. */
  readonly answer: JudgedAnswer | null;
  /** Why there is no verdict to be had; null where the conversation came to its end. */
  readonly error: ResultError | null;
}

/** The conversation as one answer: its text is the last response, its latency that of all answering calls. */
export function toReply(conversation: Conversation): ConversationReply {
  const { exchanges, stopReason, error } = conversation;
  const turns = exchanges.map((exchange) => storableTurn(exchange.turn));
  const attempts = exchanges.flatMap((exchange) => exchange.attempts).map(storableAttempt);
  const answered = exchanges.flatMap(({ answer, turn }) => (answer === null ? [] : [{ answer, turn }]));
  const last = answered.at(-1);
  const latencyMs = last === undefined ? null : answered.reduce((sum, { turn }) => sum + turn.latencyMs, 0);
  const answer: JudgedAnswer | null =
    last === undefined
      ? null
      : { output: last.answer.output, sessionId: last.turn.sessionId, context: contextOf(turns), metadata: last.answer.metadata, toolCalls: toolCallsOf(turns), latencyMs, turns, stopReason };
  const startedAt = attempts[0] === undefined ? null : new Date(attempts[0].startedAt);
  return {
    stored: { output: answer === null ? null : toOutput(answer, exchanges), attempts, latencyMs, startedAt, usage: usageOf(exchanges, attempts, conversation.usage) },
    answer,
    error: error === null ? null : storableError(error),
  };
}

function toOutput(answer: JudgedAnswer, exchanges: readonly Exchange[]): Outcome["output"] {
  const tokens = (pick: "inputTokens" | "outputTokens"): number | null => {
    const counts = exchanges.map((exchange) => exchange.answer?.[pick] ?? null).filter((count) => count !== null);
    return counts.length === 0 ? null : counts.reduce((sum, count) => sum + count, 0);
  };
  return {
    output: storableText(answer.output),
    inputTokens: tokens("inputTokens"),
    outputTokens: tokens("outputTokens"),
    sessionId: answer.sessionId === null ? null : storableText(answer.sessionId),
    context: storableJson(answer.context),
    metadata: answer.metadata == null ? null : storableJson(answer.metadata),
    toolCalls: answer.toolCalls == null ? null : storableJson(answer.toolCalls),
    raw: rawsOf(exchanges),
    turns: storableJson(answer.turns),
    stopReason: answer.stopReason,
  };
}

/** The answers as they came, turn by turn; null for a turn that failed and for what would make the whole too large. */
function rawsOf(exchanges: readonly Exchange[]): string {
  let size = 0;
  const raws = exchanges.map((exchange) => {
    const raw = storableJson(exchange.answer?.raw ?? null);
    if (size + raw.length > MAX_ANSWER_BYTES) return "null";
    size += raw.length;
    return raw;
  });
  return `[${raws.join(",")}]`;
}

/** What any of the turns rests on, each text once. */
function contextOf(turns: readonly StoredTurn[]): string[] {
  return [...new Set(turns.flatMap((turn) => turn.context))];
}

/** The tool calls of all turns in one list, as a metric looks for them; null where there are none. */
function toolCallsOf(turns: readonly StoredTurn[]): unknown {
  const calls = turns.flatMap((turn): unknown[] => (Array.isArray(turn.toolCalls) ? turn.toolCalls : turn.toolCalls == null ? [] : [turn.toolCalls]));
  return calls.length === 0 ? null : calls;
}

function usageOf(exchanges: readonly Exchange[], attempts: readonly Attempt[], speaking: RunUsage): RunUsage {
  const sum = (pick: "inputTokens" | "outputTokens"): number => exchanges.reduce((total, exchange) => total + (exchange.answer?.[pick] ?? 0), 0);
  return { endpointCalls: attempts.length, endpointInputTokens: sum("inputTokens"), endpointOutputTokens: sum("outputTokens"), ...speaking };
}

function storableTurn(turn: StoredTurn): StoredTurn {
  return { ...turn, error: turn.error === null ? null : storableError(turn.error) };
}

function storableAttempt(attempt: Attempt): Attempt {
  return attempt.error === null ? attempt : { ...attempt, error: storableError(attempt.error) };
}

function storableError(error: ResultError): ResultError {
  return { ...error, message: storableText(error.message) };
}
