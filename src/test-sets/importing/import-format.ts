import type { TestSet } from "../test-set.js";

/** The formats that files of tests come in. */
export const ImportFormat = { CSV: "CSV", JSONL: "JSONL", JSON: "JSON", YAML: "YAML" } as const;
export type ImportFormat = (typeof ImportFormat)[keyof typeof ImportFormat];

/** Rejected rows that a report lists; the rest are only counted. */
export const MAX_REJECTED_LISTED = 1000;

/** A row that cannot become a test. Rows are counted from 1, without a header. */
export interface RejectedRow {
  readonly row: number;
  /** The first field that is wrong, as importers name it, or null when it is the whole row. */
  readonly field: string | null;
  readonly message: string;
}

/** What an import did, or would do. One rejected row rejects all. */
export interface ImportReport {
  /** Null where the set is new and was not made. */
  readonly testSet: TestSet | null;
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly rejectedCount: number;
  /** The first 1,000. */
  readonly rejected: readonly RejectedRow[];
}

/** Cells by column or key. */
export type Cells = Readonly<Record<string, unknown>>;

/** A row as the format gives it: its cells, or why it cannot be read. */
export type SourceRow =
  | { readonly row: number; readonly line: number | null; readonly cells: Cells; /** The cells with every number as it is written, where that can be had. */ readonly exact?: () => Cells }
  | { readonly row: number; readonly line: number | null; readonly fault: string };

/** A file, opened. */
export interface SourceFile {
  readonly rows: AsyncIterable<SourceRow>;
  /** The columns, where a header names them before the rows. */
  readonly columns: readonly string[] | null;
  /** Whether every cell is text, so that an empty one says nothing and lists are written as JSON. */
  readonly textCells: boolean;
  /** The object around the rows, where there is one: a configuration may say more than its tests. */
  readonly document: Cells | null;
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Cells {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}

/** A number with the text that it was written as: `1.50` is to stay so where it becomes text. */
export class ExactNumber {
  constructor(
    readonly value: unknown,
    readonly source: string,
  ) {}
}
