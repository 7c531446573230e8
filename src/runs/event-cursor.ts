import { BadUserInputError } from "../errors.js";

/** Where a subscriber stands in a run's events: what it has seen of the finished results and of the state. */
export interface EventPosition {
  /** The sequence number of the last finished result seen. */
  readonly seq: number;
  /** The run's version at the last event seen. */
  readonly version: number;
}

/** The position as clients keep it: opaque, and tied to its run. */
export function encodeEventCursor(runId: string, position: EventPosition): string {
  return Buffer.from(JSON.stringify([runId, position.seq, position.version])).toString("base64url");
}

/** The position of a cursor. BAD_USER_INPUT, CURSOR_INVALID when it is malformed or of another run. */
export function decodeEventCursor(runId: string, cursor: string): EventPosition {
  try {
    const [ofRun, seq, version] = JSON.parse(Buffer.from(cursor, "base64url").toString()) as unknown[]; // every part is checked
    if (ofRun === runId && isCount(seq) && isCount(version)) return { seq, version };
  } catch {
    // Not ours: refused below like one of another run.
  }
  const message = "The cursor is not one of this run's events. Subscribe without it to begin with the present state.";
  throw new BadUserInputError(message, [{ field: "after", message }], "CURSOR_INVALID");
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
