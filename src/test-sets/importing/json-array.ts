import { isUtf8 } from "node:buffer";
import { MAX_ROW_BYTES, unreadable } from "./import-lines.js";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_SQUARE = 0x5b;
const CLOSE_SQUARE = 0x5d;
const OPEN_CURLY = 0x7b;
const CLOSE_CURLY = 0x7d;

/** The text of one item of a list, or why there is none. */
export type ArrayPiece = { readonly text: string } | { readonly fault: string };

/**
 * Cuts a JSON list into its items without holding the list, for JSON.parse to read one by one. It only looks for where
 * items end: all bytes that matter are ASCII, which no part of a longer UTF-8 character is.
 */
export async function* splitArray(source: AsyncIterable<Uint8Array>): AsyncGenerator<ArrayPiece> {
  const splitter = new Splitter();
  for await (const chunk of source) yield* splitter.take(chunk);
  splitter.finish();
}

class Splitter {
  readonly #state = { depth: 0, inString: false, escaped: false, closed: false };
  #item: Uint8Array[] = [];
  #size = 0;

  *take(chunk: Uint8Array): Generator<ArrayPiece> {
    let start = 0;
    for (let index = 0; index < chunk.length; index += 1) {
      const end = step(this.#state, chunk[index] ?? 0);
      if (end === null) continue;
      this.#keep(chunk.subarray(start, index));
      const piece = this.#cut();
      start = index + 1;
      // An empty list has nothing before its end, and nothing stands before the start.
      if (end === "item") yield piece ?? { fault: "There is nothing between two commas." };
      else if (end === "list" && piece !== null) yield piece;
    }
    this.#keep(chunk.subarray(start));
  }

  finish(): void {
    if (!this.#state.closed) throw unreadable("The file is not JSON: its list is not closed.");
    if (this.#cut() !== null) throw unreadable("The file is not JSON: something follows its list.");
  }

  #keep(part: Uint8Array): void {
    this.#size += part.length;
    if (this.#size <= MAX_ROW_BYTES) this.#item.push(part);
  }

  #cut(): ArrayPiece | null {
    const piece = pieceOf(this.#item, this.#size);
    this.#item = [];
    this.#size = 0;
    return piece;
  }
}

/** Takes one byte; tells whether it opens the list, ends an item, or ends an item and the list. */
function step(state: { depth: number; inString: boolean; escaped: boolean; closed: boolean }, byte: number): "open" | "item" | "list" | null {
  if (state.inString) {
    if (state.escaped) state.escaped = false;
    else if (byte === BACKSLASH) state.escaped = true;
    else if (byte === QUOTE) state.inString = false;
    return null;
  }
  switch (byte) {
    case QUOTE:
      state.inString = true;
      return null;
    case OPEN_SQUARE:
    case OPEN_CURLY:
      state.depth += 1;
      return state.depth === 1 && !state.closed ? "open" : null;
    case CLOSE_SQUARE:
    case CLOSE_CURLY:
      state.depth -= 1;
      if (state.depth !== 0) return null;
      state.closed = true;
      return "list";
    case COMMA:
      return state.depth === 1 ? "item" : null;
    default:
      return null;
  }
}

/** Null for a blank: an empty list, or what follows its end. */
function pieceOf(parts: readonly Uint8Array[], size: number): ArrayPiece | null {
  if (size > MAX_ROW_BYTES) return { fault: `The row has ${size} bytes; it may have ${MAX_ROW_BYTES}.` };
  const bytes = Buffer.concat(parts);
  if (!isUtf8(bytes)) return { fault: "The row is not UTF-8. Save the file as UTF-8." };
  const text = bytes.toString("utf8").trim();
  return text === "" || text === "\ufeff" ? null : { text };
}
