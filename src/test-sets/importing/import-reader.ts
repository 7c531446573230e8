import { type LabelKind, LABEL_KINDS } from "../label.js";
import { applyPatch, type TestPatch } from "../test-patch.js";
import type { TestType } from "../test-set.js";
import { openCsv } from "./csv-rows.js";
import { type ColumnChoices, type ColumnPlan, KNOWN_COLUMNS, planColumns, resolvePath, withNestedColumns } from "./import-fields.js";
import { type Cells, ImportFormat, MAX_REJECTED_LISTED, type RejectedRow, type SourceFile, type SourceRow } from "./import-format.js";
import { unreadable } from "./import-lines.js";
import type { ImportSpool } from "./import-spool.js";
import { openJson, openJsonLines } from "./json-rows.js";
import { mapPlainRow, type MappedRow, RowFault } from "./plain-rows.js";
import { configOf, isPromptfooHeader, isPromptfooRow, NO_CONFIG, type PromptfooConfig } from "./promptfoo-config.js";
import { mapPromptfooRow } from "./promptfoo-rows.js";
import { openYaml } from "./yaml-rows.js";

/** Tests of one file: as many as one run may have. */
const MAX_ROWS = 1_000_000;

/** Opens a file by its format. Throws BAD_USER_INPUT for one that cannot be read at all. */
export async function openSource(format: ImportFormat, source: AsyncIterable<Uint8Array>, choices: ColumnChoices): Promise<SourceFile> {
  switch (format) {
    case ImportFormat.CSV:
      return openCsv(source, new Set([...KNOWN_COLUMNS, ...[...choices.values()].map((choice) => choice.toLowerCase())]));
    case ImportFormat.JSONL:
      return openJsonLines(source);
    case ImportFormat.JSON:
      return openJson(source);
    case ImportFormat.YAML:
      return openYaml(source);
  }
}

/** The bad rows of an import: all are counted, the first 1,000 are kept. */
export class Rejections {
  readonly rows: RejectedRow[] = [];
  count = 0;

  add(row: RejectedRow): void {
    this.count += 1;
    if (this.rows.length < MAX_REJECTED_LISTED) this.rows.push(row);
  }
}

/** Reads all rows of a file, checks them, and puts the good ones into the spool. */
export class ImportReader {
  readonly rejections = new Rejections();
  /** The names of labels, to be made before the tests. */
  readonly labels: Record<LabelKind, Set<string>> = { behavior: new Set(), category: new Set(), topic: new Set(), useCase: new Set() };
  readonly #choices: ColumnChoices;
  readonly #spool: ImportSpool;
  readonly #plans = new Map<string, ColumnPlan>();
  readonly #rowByKey = new Map<string, number>();
  #config: PromptfooConfig | null = null;
  #isPromptfoo = false;
  #hasAssertions = false;
  #type: TestType | null;

  /** `type` is null for a set that is still to be made: the first good row decides. */
  constructor(args: { type: TestType | null; choices: ColumnChoices; spool: ImportSpool }) {
    this.#type = args.type;
    this.#choices = args.choices;
    this.#spool = args.spool;
  }

  /** The type of the tests, once a row was good. */
  get type(): TestType | null {
    return this.#type;
  }

  /** Whether a test brings assertions of its own, in promptfoo's way. */
  get hasAssertions(): boolean {
    return this.#hasAssertions;
  }

  async read(file: SourceFile): Promise<void> {
    this.#checkChoices(file);
    this.#config = configOf(file.document);
    this.#isPromptfoo = this.#config !== null || isPromptfooHeader(file.columns ?? []);
    for await (const row of file.rows) {
      if (row.row > MAX_ROWS) throw unreadable(`The file has over ${MAX_ROWS} rows. Cut it into several sets.`);
      if ("fault" in row) this.#reject(row, null, row.fault);
      else await this.#take(row, file);
    }
  }

  async #take(row: Extract<SourceRow, { cells: Cells }>, file: SourceFile): Promise<void> {
    try {
      const mapped = this.#map(row, file);
      // Every patch is checked before the first is kept: a row is good or bad as a whole.
      for (const patch of mapped.patches) this.#check(row, mapped.type, patch);
      this.#type = mapped.type;
      for (const patch of mapped.patches) await this.#spool.add({ row: row.row, patch });
    } catch (error) {
      if (!(error instanceof RowFault)) throw error;
      this.#reject(row, error.field, error.message);
    }
  }

  #map(row: Extract<SourceRow, { cells: Cells }>, file: SourceFile): MappedRow {
    let sawNumber = false;
    const reader = { textCells: file.textCells, onNumber: () => void (sawNumber = true) };
    const mapped = this.#mapCells(row.cells, reader);
    // A number became text: 1.50 is to stay so, and JSON.parse made it 1.5.
    return sawNumber && row.exact !== undefined ? this.#mapCells(row.exact(), reader) : mapped;
  }

  #mapCells(given: Cells, reader: { textCells: boolean; onNumber: () => void }): MappedRow {
    if (this.#isPromptfoo || (!reader.textCells && isPromptfooRow(given))) {
      const mapped = mapPromptfooRow(given, { config: this.#config ?? NO_CONFIG, choices: this.#choices, reader, setType: this.#type });
      this.#hasAssertions ||= mapped.patches.some((patch) => patch.metadata?.["assertions"] !== undefined);
      return mapped;
    }
    const cells = withNestedColumns(given);
    const columns = Object.keys(cells);
    const shape = JSON.stringify(columns);
    let plan = this.#plans.get(shape);
    if (plan === undefined) {
      plan = planColumns(columns, this.#choices);
      if (this.#plans.size < 1000) this.#plans.set(shape, plan); // rows of ever new shapes must not pile up
    }
    return mapPlainRow(cells, plan, reader, this.#type);
  }

  #check(row: SourceRow, type: TestType, patch: TestPatch): void {
    const { draft, problems } = applyPatch(type, null, patch, "");
    const [first] = problems;
    if (first !== undefined) throw new RowFault(importFieldOf(first.field), problems.map((problem) => problem.message).join(" "));
    if (draft.key !== null) {
      const other = this.#rowByKey.get(draft.key);
      if (other !== undefined) throw new RowFault("key", `The key "${draft.key}" is that of row ${other}, too. Keys are unique in a set.`);
      this.#rowByKey.set(draft.key, row.row);
    }
    for (const kind of LABEL_KINDS) {
      const label = draft.labels[kind];
      if (label !== null && "name" in label) this.labels[kind].add(label.name);
    }
  }

  #reject(row: SourceRow, field: string | null, message: string): void {
    this.rejections.add({ row: row.row, field, message: row.line === null ? message : `Line ${row.line}: ${message}` });
  }

  #checkChoices(file: SourceFile): void {
    if (file.columns === null) return;
    for (const choice of this.#choices.values()) {
      if (choice.includes("{{")) continue;
      const { column } = resolvePath(choice, file.columns);
      if (!file.columns.includes(column)) throw unreadable(`The file has no column "${column}". Its columns are ${file.columns.map((name) => `"${name}"`).join(", ")}.`);
    }
  }
}

const FIELD_OF: Readonly<Record<string, string>> = {
  "prompt.expectedResponse": "expected_response",
  "prompt.languageCode": "language_code",
  "prompt.context": "context",
  "conversation.goal": "goal",
  "conversation.instructions": "instructions",
  "conversation.restrictions": "restrictions",
  "conversation.scenario": "scenario",
  "conversation.minTurns": "min_turns",
  "conversation.maxTurns": "max_turns",
  "conversation.scriptedTurns": "turns",
  conversation: "goal",
  useCase: "use_case",
};

/** The field of a test's problem as importers name it. */
export function importFieldOf(path: string): string {
  const [, first = "", second = ""] = path.split(".");
  return FIELD_OF[`${first}.${second}`] ?? FIELD_OF[first] ?? first;
}
