import type { ConversationStopReason, ResultError, RunUsage, StoredTurn } from "../../runs/index.js";

/** The user's side of a conversation: a script, or a model that plays somebody with a goal. */
export interface Speaker {
  /** What is said next. Throws SpeakerFault where nothing can be said. */
  next(turns: readonly StoredTurn[]): Promise<string>;
  /** Why the conversation ends after its last turn, also one that failed; null: it goes on. Throws SpeakerFault. */
  stop(turns: readonly StoredTurn[]): Promise<ConversationStopReason | null>;
  /** What speaking has cost so far. */
  readonly usage: RunUsage;
}

/** Why the user's side could not go on: the conversation ends in ERROR. */
export class SpeakerFault extends Error {
  constructor(readonly error: ResultError) {
    super(error.message);
    this.name = "SpeakerFault";
  }
}
