import { type CallOutcome, type ChatMessage, type MappedAnswer, MAX_ANSWER_BYTES } from "../../endpoints/index.js";
import { type Attempt, ConversationStopReason, type ResultError, ResultErrorType, type RunUsage, type StoredTurn } from "../../runs/index.js";
import type { RetriedCall } from "../call-with-retries.js";
import { type Speaker, SpeakerFault } from "./speaker.js";

/** One turn to be sent. */
export interface TurnQuestion {
  /** From 1. */
  readonly number: number;
  readonly message: string;
  /** The session that the endpoint named last; null until it has. */
  readonly sessionId: string | null;
  /** The whole conversation, `message` last. */
  readonly messages: readonly ChatMessage[];
}

/** How a turn's calls ended. Their permits are given back already: the next turn may be long in coming. */
export type TurnCall = Omit<RetriedCall, "leave">;

/** One exchange: the turn, with what the endpoint's mapping found where it answered. */
export interface Exchange {
  readonly turn: StoredTurn;
  readonly answer: MappedAnswer | null;
  readonly attempts: readonly Attempt[];
}

/** A conversation that has ended. */
export interface Conversation {
  readonly exchanges: readonly Exchange[];
  readonly stopReason: ConversationStopReason;
  /** With ERROR: what went wrong. */
  readonly error: ResultError | null;
  /** What the user's side cost. */
  readonly usage: RunUsage;
}

/** A conversation was left between two turns: it is held anew later, and its calls were made all the same. */
export class ConversationLeft extends Error {
  constructor(readonly soFar: Pick<Conversation, "exchanges" | "usage">, options: { cause: unknown }) {
    super("The conversation was left before its end.", options);
    this.name = "ConversationLeft";
  }
}

/**
 * Holds a conversation to its end, turn by turn: stateless endpoints get the history in `messages`, stateful ones
 * the session that they named. Throws what `ask` throws, and ConversationLeft when the signal aborts between two turns.
 */
export async function converse(speaker: Speaker, ask: (question: TurnQuestion) => Promise<TurnCall>, signal: AbortSignal): Promise<Conversation> {
  const exchanges: Exchange[] = [];
  const ended = (stopReason: ConversationStopReason, error: ResultError | null): Conversation => ({ exchanges, stopReason, error, usage: speaker.usage });
  try {
    for (;;) {
      const message = await speaker.next(turnsOf(exchanges));
      signal.throwIfAborted();
      const question = questionOf(exchanges, message);
      exchanges.push(toExchange(question, await ask(question), exchanges));
      const stopReason = await speaker.stop(turnsOf(exchanges));
      signal.throwIfAborted();
      if (stopReason !== null) return ended(stopReason, stopReason === ConversationStopReason.ERROR ? (exchanges.at(-1)?.turn.error ?? null) : null);
    }
  } catch (error) {
    if (error instanceof SpeakerFault) return ended(ConversationStopReason.ERROR, error.error);
    if (signal.aborted && exchanges.length > 0) throw new ConversationLeft({ exchanges, usage: speaker.usage }, { cause: error });
    throw error;
  }
}

function turnsOf(exchanges: readonly Exchange[]): readonly StoredTurn[] {
  return exchanges.map((exchange) => exchange.turn);
}

function questionOf(exchanges: readonly Exchange[], message: string): TurnQuestion {
  const history = exchanges.flatMap(({ turn }): ChatMessage[] => [{ role: "user", content: turn.message }, ...(turn.response === null ? [] : [{ role: "assistant" as const, content: turn.response }])]);
  return { number: exchanges.length + 1, message, sessionId: exchanges.at(-1)?.turn.sessionId ?? null, messages: [...history, { role: "user", content: message }] };
}

function toExchange(question: TurnQuestion, call: TurnCall, earlier: readonly Exchange[]): Exchange {
  const { number, message, sessionId } = question;
  const outcome = boundedOutcome(call.outcome, earlier);
  const last = earlier.at(-1)?.attempts.at(-1)?.number;
  const attempts = call.attempts.map((attempt, index) => ({ ...attempt, turn: number, number: last === undefined ? attempt.number : last + index + 1 }));
  const turn = { number, message, sessionId, latencyMs: outcome.latencyMs };
  if (!outcome.ok) return { turn: { ...turn, response: null, context: [], toolCalls: null, error: outcome.error }, answer: null, attempts };
  const { answer } = outcome;
  return { turn: { ...turn, response: answer.output, sessionId: answer.sessionId ?? sessionId, context: answer.context, toolCalls: answer.toolCalls, error: null }, answer, attempts };
}

/** Answers are held and stored together, and go out again as history: together they have the bound of one. */
function boundedOutcome(outcome: CallOutcome, earlier: readonly Exchange[]): CallOutcome {
  if (!outcome.ok) return outcome;
  const size = earlier.reduce((sum, exchange) => sum + (exchange.answer?.output.length ?? 0), outcome.answer.output.length);
  if (size <= MAX_ANSWER_BYTES) return outcome;
  const message = `The conversation's answers have more than ${MAX_ANSWER_BYTES / 1024 / 1024} Mi characters together. Let the endpoint answer less, or lower maxTurns.`;
  return { ok: false, error: { type: ResultErrorType.TOO_LARGE, message, httpStatus: outcome.httpStatus, retryable: false }, latencyMs: outcome.latencyMs, retryAfterMs: null, raw: null };
}
