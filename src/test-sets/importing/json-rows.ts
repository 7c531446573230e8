import { type Cells, ExactNumber, isObject, type SourceFile, type SourceRow } from "./import-format.js";
import { linesOf, unreadable, wholeText } from "./import-lines.js";
import { splitArray } from "./json-array.js";

/** An object around rows is understood whole; a bare list of any length is read piece by piece. */
const MAX_DOCUMENT_BYTES = 64 * 1024 * 1024;
/** Where an object keeps its rows. */
const LIST_KEYS = ["tests", "examples", "data"] as const;

/** Opens JSON lines: one object a line, blank lines are left out. */
export function openJsonLines(source: AsyncIterable<Uint8Array>): SourceFile {
  async function* rows(): AsyncGenerator<SourceRow> {
    let row = 0;
    for await (const line of linesOf(source)) {
      if ("text" in line && line.text.trim() === "") continue;
      row += 1;
      yield "fault" in line ? { row, line: line.number, fault: line.fault } : parseRow(line.text, row, line.number);
    }
  }
  return { rows: rows(), columns: null, textCells: false, document: null };
}

/** Opens a JSON file: a list of objects, or an object that has one as `tests`, `examples` or `data`, or is one test itself. */
export async function openJson(source: AsyncIterable<Uint8Array>): Promise<SourceFile> {
  const { isArray, bytes } = await peekArray(source);
  if (isArray) {
    async function* rows(): AsyncGenerator<SourceRow> {
      let row = 0;
      for await (const piece of splitArray(bytes)) {
        row += 1;
        yield "fault" in piece ? { row, line: null, fault: piece.fault } : parseRow(piece.text, row, null);
      }
    }
    return { rows: rows(), columns: null, textCells: false, document: null };
  }
  const text = await wholeText(bytes, MAX_DOCUMENT_BYTES, "Send its tests as a bare list or as JSON lines, which may have any length.");
  return openDocument(parseDocument(text), () => parseExactly(text));
}

/** Opens a parsed document, whatever it was written in. `exact` parses it again with every number as it is written. */
export function openDocument(document: unknown, exact: (() => unknown) | null): SourceFile {
  const list = listOf(document);
  let exactList: readonly unknown[] | null = null;
  async function* rows(): AsyncGenerator<SourceRow> {
    for (const [index, item] of list.entries()) {
      const row = index + 1;
      if (!isObject(item)) yield { row, line: null, fault: notAnObject(item) };
      else if (exact === null) yield { row, line: null, cells: item };
      else yield { row, line: null, cells: item, exact: () => ((exactList ??= listOf(exact()))[index] ?? item) as Cells }; // the same document again
    }
    await Promise.resolve(); // a generator of this kind must wait for something
  }
  return { rows: rows(), columns: null, textCells: false, document: isObject(document) ? document : null };
}

function listOf(document: unknown): readonly unknown[] {
  if (Array.isArray(document)) return document;
  if (!isObject(document)) throw unreadable(`The file must hold a list of tests, or an object with such a list as ${LIST_KEYS.join(", ")}.`);
  for (const key of LIST_KEYS) {
    const list = document[key];
    if (Array.isArray(list)) return list;
    if (list !== undefined) throw unreadable(`"${key}" is no list of tests. Tests that another file holds are imported from that file.`);
  }
  return [document];
}

function notAnObject(value: unknown): string {
  return `The row is ${Array.isArray(value) ? "a list" : value === null ? "null" : `a ${typeof value}`}; a test is an object of names and values.`;
}

function parseRow(text: string, row: number, line: number | null): SourceRow {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? { row, line, cells: value, exact: () => parseExactly(text) as Cells } : { row, line, fault: notAnObject(value) }; // the same text: an object again
  } catch (error) {
    return { row, line, fault: `It is not JSON: ${(error as SyntaxError).message}` }; // JSON.parse throws nothing else
  }
}

function parseDocument(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unreadable(`The file is not JSON: ${(error as SyntaxError).message}`); // JSON.parse throws nothing else
  }
}

/** Parses with each number that would be written differently kept as it is written. */
function parseExactly(text: string): unknown {
  const keepSource = (_: string, value: unknown, context?: { source?: string }): unknown =>
    typeof value === "number" && context?.source !== undefined && context.source !== String(value) ? new ExactNumber(value, context.source) : value;
  return JSON.parse(text, keepSource);
}

/** Whether the first character that is not blank opens a list; and the bytes, from the start. */
async function peekArray(source: AsyncIterable<Uint8Array>): Promise<{ isArray: boolean; bytes: AsyncIterable<Uint8Array> }> {
  const chunks = source[Symbol.asyncIterator]();
  const taken: Uint8Array[] = [];
  let first = "";
  while (first === "") {
    const next = await chunks.next();
    if (next.done === true) break;
    taken.push(next.value);
    first = Buffer.from(next.value).toString("latin1").replace(/^\u00ef\u00bb\u00bf/, "").trimStart().slice(0, 1);
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    yield* taken;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
  }
  return { isArray: first === "[", bytes: all() };
}
