import { isUtf8 } from "node:buffer";
import { BadUserInputError } from "../../errors.js";

const NEWLINE = 0x0a;
/** One row at the most: what does not fit here fits no prompt either, and would be held in memory whole. */
export const MAX_ROW_BYTES = 4 * 1024 * 1024;

/** A file that cannot be read as its format says. */
export function unreadable(message: string): BadUserInputError {
  return new BadUserInputError(message, [{ field: "content", message }]);
}

/** A line with its number, from 1: its text without the line break, or why it has none. */
export type Line = { readonly number: number; readonly text: string } | { readonly number: number; readonly fault: string };

/** Cuts bytes into lines, holding no more than one, and that only up to a size. A byte-order mark at the start is dropped. */
export async function* linesOf(source: AsyncIterable<Uint8Array>, maxBytes: number = MAX_ROW_BYTES): AsyncGenerator<Line> {
  let number = 0;
  let pending: Uint8Array[] = [];
  let size = 0;
  const finish = (): Line => {
    number += 1;
    const line = size > maxBytes ? { number, fault: `The line has ${size} bytes; a row may have ${maxBytes}.` } : lineOf(Buffer.concat(pending), number);
    pending = [];
    size = 0;
    return line;
  };
  for await (const chunk of source) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      size += end - start;
      if (size <= maxBytes) pending.push(chunk.subarray(start, end));
      yield finish();
      start = end + 1;
    }
    size += chunk.length - start;
    if (size <= maxBytes) pending.push(chunk.subarray(start));
  }
  if (size > 0) yield finish();
}

function lineOf(bytes: Buffer, number: number): Line {
  if (!isUtf8(bytes)) return { number, fault: "The line is not UTF-8. Save the file as UTF-8." };
  const text = bytes.toString("utf8");
  return { number, text: (number === 1 ? withoutMark(text) : text).replace(/\r$/, "") };
}

function withoutMark(text: string): string {
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

/** Passes bytes on as text, refusing what is not UTF-8 instead of changing it. A byte-order mark at the start is dropped. */
export async function* utf8Texts(source: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  try {
    for await (const chunk of source) {
      const text = decoder.decode(chunk, { stream: true });
      if (text !== "") yield text;
    }
    const rest = decoder.decode();
    if (rest !== "") yield rest;
  } catch (error) {
    if ((error as { code?: string }).code !== "ERR_ENCODING_INVALID_ENCODED_DATA") throw error; // TextDecoder's code
    throw unreadable("The file is not UTF-8. Save it as UTF-8 and import it again.");
  }
}

/** The whole file as text, for formats that are only understood whole. */
export async function wholeText(source: AsyncIterable<Uint8Array>, maxBytes: number, advice: string): Promise<string> {
  const texts: string[] = [];
  let size = 0;
  for await (const text of utf8Texts(source)) {
    size += Buffer.byteLength(text);
    if (size > maxBytes) throw unreadable(`The file is over ${maxBytes / 1024 / 1024} MB. ${advice}`);
    texts.push(text);
  }
  return texts.join("");
}
