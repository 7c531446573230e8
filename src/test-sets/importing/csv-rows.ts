import { Readable } from "node:stream";
import { type CastingContext, type CsvError, type Options, parse, type Parser } from "csv-parse";
import { parse as parseWhole } from "csv-parse/sync";
import type { Cells, SourceFile, SourceRow } from "./import-format.js";
import { MAX_ROW_BYTES, unreadable, utf8Texts } from "./import-lines.js";

const DELIMITERS = [",", ";", "\t", "|"] as const;
/** Enough for any header; more is not held back. */
const SNIFFED_CHARACTERS = 64 * 1024;

const LINE_BREAKS = ["\r\n", "\n", "\r"];

/** A record as the parser hands it over, with its place. */
interface RawRecord {
  readonly row: number;
  readonly line: number;
  readonly cells: readonly string[];
  readonly fault: string | null;
}

/** Opens a CSV file: the delimiter is found by the header, wholly empty rows are left out, text stays as it is. */
export async function openCsv(source: AsyncIterable<Uint8Array>, knownColumns: ReadonlySet<string>): Promise<SourceFile> {
  const { head, rest } = await headOf(utf8Texts(source));
  const delimiter = sniffDelimiter(head, knownColumns);
  const records = recordsOf(rest, delimiter);
  const first = await records.next();
  if (first.done === true) throw unreadable("The file is empty: a CSV file begins with a header that names its columns.");
  if (first.value.fault !== null) throw unreadable(`The header cannot be read: ${first.value.fault}`);
  const columns = first.value.cells.map((cell) => cell.trim());
  checkHeader(columns);
  return { rows: rowsOf(records, columns), columns, textCells: true, document: null };
}

/** The first characters, and all of them again. */
async function headOf(texts: AsyncGenerator<string>): Promise<{ head: string; rest: AsyncIterable<string> }> {
  const taken: string[] = [];
  let size = 0;
  while (size < SNIFFED_CHARACTERS) {
    const next = await texts.next();
    if (next.done === true) break;
    taken.push(next.value);
    size += next.value.length;
  }
  async function* all(): AsyncGenerator<string> {
    yield* taken;
    yield* texts;
  }
  return { head: taken.join(""), rest: all() };
}

/** The delimiter that gives the header the most columns; between equals, the one that gives the most columns that are known. */
export function sniffDelimiter(head: string, knownColumns: ReadonlySet<string>): string {
  let best = { delimiter: ",", score: 0 };
  for (const delimiter of DELIMITERS) {
    const header = headerBy(head, delimiter);
    const score = header.length + header.filter((name) => knownColumns.has(name)).length / 1000;
    if (score > best.score) best = { delimiter, score };
  }
  return best.delimiter;
}

function headerBy(head: string, delimiter: string): string[] {
  try {
    const [header = []] = parseWhole(head, { delimiter, to: 1, relax_quotes: true, record_delimiter: LINE_BREAKS });
    return header.map((cell) => cell.trim().toLowerCase());
  } catch {
    return []; // a quote that does not end under this delimiter: another one fits, or the rows say what is wrong
  }
}

function checkHeader(columns: readonly string[]): void {
  const seen = new Set<string>();
  for (const column of columns) {
    if (column !== "" && seen.has(column)) throw unreadable(`The header names the column "${column}" twice.`);
    seen.add(column);
  }
}

async function* rowsOf(records: AsyncGenerator<RawRecord>, columns: readonly string[]): AsyncGenerator<SourceRow> {
  for await (const { row, line, cells, fault } of records) {
    if (fault !== null) yield { row: row - 1, line, fault };
    else if (cells.length === columns.length) yield { row: row - 1, line, cells: cellsOf(cells, columns) };
    else yield { row: row - 1, line, fault: `The row has ${cells.length} cells and the header ${columns.length}. Put cells with the delimiter or line breaks in quotes.` };
  }
}

function cellsOf(cells: readonly string[], columns: readonly string[]): Cells {
  const named: Record<string, unknown> = {};
  columns.forEach((column, index) => {
    if (column !== "") named[column] = cells[index] ?? "";
  });
  return named;
}

/** All records that are not wholly empty, counted from 1 with the header. */
async function* recordsOf(texts: AsyncIterable<string>, delimiter: string): AsyncGenerator<RawRecord> {
  const place = { row: 0, line: 1 };
  const skipped: RawRecord[] = [];
  const options: Options = {
    delimiter,
    record_delimiter: LINE_BREAKS,
    // Quotes in odd places are let through here and refused by `strictFault`: the parser would lose its place over them.
    relax_quotes: true,
    relax_column_count: true,
    skip_records_with_error: true,
    max_record_size: MAX_ROW_BYTES,
    raw: true,
    // Its type knows nothing of the shape that `raw` gives, nor that anything may be handed on.
    on_record: ((record: { raw: string; record: string[] }) => placed(record, delimiter, place)) as unknown as NonNullable<Options["on_record"]>,
  };
  const parser: Parser = parse(options);
  parser.on("skip", (error: CsvError & Partial<CastingContext>) => {
    place.row += 1;
    skipped.push({ row: place.row, line: place.line, cells: [], fault: faultOf(error) });
    place.line = (error.lines ?? place.line) + 1;
  });
  const input = Readable.from(texts);
  input.on("error", (error) => parser.destroy(error));
  try {
    for await (const record of input.pipe(parser) as AsyncIterable<RawRecord>) {
      while (skipped[0] !== undefined && skipped[0].row < record.row) yield skipped.shift() as RawRecord; // just looked at
      yield record;
    }
    yield* skipped;
  } finally {
    input.destroy();
  }
}

/** A record with its place; null, which the parser drops, for a wholly empty one. */
function placed({ raw, record }: { raw: string; record: string[] }, delimiter: string, place: { row: number; line: number }): RawRecord | null {
  const line = place.line;
  place.line += raw.split(/\r\n|\n|\r/).length - (/[\r\n]$/.test(raw) ? 1 : 0);
  if (record.every((cell) => cell === "")) return null;
  place.row += 1;
  return { row: place.row, line, cells: record, fault: record.some((cell) => cell.includes('"')) ? strictFault(raw, delimiter) : null };
}

/** What is wrong with the quotes of a record, taken strictly. */
function strictFault(raw: string, delimiter: string): string | null {
  try {
    parseWhole(raw, { delimiter, record_delimiter: LINE_BREAKS, relax_column_count: true });
    return null;
  } catch (error) {
    return faultOf(error as CsvError); // the parser throws nothing else
  }
}

function faultOf(error: Pick<CsvError, "code" | "message">): string {
  switch (error.code) {
    case "CSV_QUOTE_NOT_CLOSED":
      return "A quoted cell is not closed: everything after its opening quote belongs to it.";
    case "INVALID_OPENING_QUOTE":
      return 'A cell has a quote in its middle. Put the cell in quotes and double the ones inside: "5"" nail".';
    case "CSV_INVALID_CLOSING_QUOTE":
      return 'A quoted cell goes on after its closing quote. Double the quotes inside a quoted cell: "say ""yes""".';
    case "CSV_MAX_RECORD_SIZE":
      return `The row is over ${MAX_ROW_BYTES} bytes.`;
    default:
      return error.message;
  }
}
