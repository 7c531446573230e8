import { ConversationStopReason, type StoredTurn } from "../../runs/index.js";
import type { Speaker } from "./speaker.js";

/**
 * Sends the scripted turns in order, whatever the answers are. A turn that fails ends it in ERROR, but for the last of
 * several: then every turn was sent, and there is a conversation to judge.
 */
export function scriptOf(scriptedTurns: readonly string[]): Speaker {
  return {
    usage: {},
    next: (turns) => Promise.resolve(scriptedTurns[turns.length] ?? ""), // `stop` ends it before the script runs out
    stop: (turns) => Promise.resolve(stopOf(turns, scriptedTurns.length)),
  };
}

function stopOf(turns: readonly StoredTurn[], length: number): ConversationStopReason | null {
  const isDone = turns.length >= length;
  if (turns.at(-1)?.error != null) return isDone && turns.length > 1 ? ConversationStopReason.SCRIPT_DONE : ConversationStopReason.ERROR;
  return isDone ? ConversationStopReason.SCRIPT_DONE : null;
}
