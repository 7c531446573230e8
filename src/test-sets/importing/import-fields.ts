import type { Problem } from "../../errors.js";
import { isObject, type Cells } from "./import-format.js";

/** What a file may say of a test. */
export const IMPORT_FIELDS = [
  "prompt", "expected_response", "language_code", "context", "behavior", "category", "topic", "use_case",
  "goal", "instructions", "restrictions", "scenario", "turns", "min_turns", "max_turns", "tags", "metadata", "key", "test_type",
] as const; // prettier-ignore
export type ImportField = (typeof IMPORT_FIELDS)[number];

/**
 * The columns or keys that the field already uses, the first that is there winning. Beside the contract's own: those of
 * Rhesis, DigitalOcean, OpenAI evals, Inspect, MT-Bench, Phoenix, Vertex and Azure, and of our own answers as JSON.
 */
const ALIASES: Readonly<Record<ImportField, readonly string[]>> = {
  prompt: ["prompt", "prompt.content", "prompt_content", "input", "query", "question", "content", "text", "message", "user_message", "test_prompt", "messages"],
  expected_response: ["expected_response", "prompt.expected_response", "expected", "expected_output", "ground_truth", "answer", "reference", "target", "ideal", "response"],
  language_code: ["language_code", "prompt.language_code", "language", "lang", "locale"],
  context: ["context", "prompt.context", "contexts", "retrieval_context"],
  behavior: ["behavior", "behaviour", "requirement"],
  category: ["category"],
  topic: ["topic"],
  use_case: ["use_case"],
  goal: ["goal", "objective", "aim"],
  instructions: ["instructions"],
  restrictions: ["restrictions", "constraints", "limits", "forbidden"],
  scenario: ["scenario", "situation"],
  turns: ["turns", "scripted_turns", "turn_config", "num_turns"],
  min_turns: ["min_turns"],
  max_turns: ["max_turns"],
  tags: ["tags"],
  metadata: ["metadata", "meta", "extra", "attributes", "notes"],
  key: ["key", "id"],
  test_type: ["test_type"],
};

const FIELD_BY_ALIAS: ReadonlyMap<string, { field: ImportField; rank: number }> = new Map(IMPORT_FIELDS.flatMap((field) => ALIASES[field].map((alias, rank) => [alias, { field, rank }] as const)));

/** Every column name that says what it is. */
export const KNOWN_COLUMNS: ReadonlySet<string> = new Set(FIELD_BY_ALIAS.keys());

/** Objects whose keys count as columns of the row: a plan of its own, as Rhesis and our own answers nest it. */
const NESTED = ["conversation", "test_configuration"];

/** A column name in one spelling: lower case, words joined by one underscore. */
export function normalizeName(name: string): string {
  const words = name.trim().replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase().replaceAll(/[\s-]+/g, "_");
  const dot = words.indexOf(".");
  return dot !== -1 && NESTED.includes(words.slice(0, dot)) ? words.slice(dot + 1) : words;
}

/** Where a value is in a row: a column, and keys or indices inside it. */
export interface CellPath {
  readonly column: string;
  readonly steps: readonly string[];
}

/** How the columns of a row are read. */
export interface ColumnPlan {
  /** Where each field is, if anywhere. */
  readonly fields: ReadonlyMap<ImportField, CellPath>;
  /** The columns that no field uses as a whole: they become metadata under their own names. */
  readonly others: readonly string[];
}

/** The caller's `columns`: fields to columns, keys, or paths into them such as `turns.0` and `turns[0]`. */
export type ColumnChoices = ReadonlyMap<ImportField, string>;

/** Checks `columns`. `field` is its path in the input. */
export function parseColumnChoices(columns: Cells | null, field: string): { choices: ColumnChoices; problems: Problem[] } {
  const choices = new Map<ImportField, string>();
  const problems: Problem[] = [];
  for (const [name, value] of Object.entries(columns ?? {})) {
    const known = IMPORT_FIELDS.find((candidate) => candidate === normalizeName(name));
    if (known === undefined) problems.push({ field: `${field}.${name}`, message: `There is no field "${name}". The fields are ${IMPORT_FIELDS.join(", ")}.` });
    else if (typeof value !== "string" || value === "") problems.push({ field: `${field}.${name}`, message: "It must be the name of a column or key, or a path into one such as turns.0." });
    else choices.set(known, value);
  }
  return { choices, problems };
}

/** How rows with these columns are read. */
export function planColumns(columns: readonly string[], choices: ColumnChoices): ColumnPlan {
  const fields = new Map<ImportField, CellPath>();
  const whole = new Set<string>();
  const taken = new Set<string>();
  for (const [field, choice] of choices) {
    const path = resolvePath(choice, columns);
    fields.set(field, path);
    taken.add(path.column);
    if (path.steps.length === 0) whole.add(path.column);
  }
  const ranks = new Map<ImportField, number>();
  for (const column of columns) {
    const alias = FIELD_BY_ALIAS.get(normalizeName(column));
    // A column that the caller gave a meaning has no other one.
    if (alias === undefined || taken.has(column) || choices.has(alias.field)) continue;
    if (alias.rank >= (ranks.get(alias.field) ?? Infinity)) continue;
    ranks.set(alias.field, alias.rank);
    fields.set(alias.field, { column, steps: [] });
  }
  for (const field of ranks.keys()) whole.add(fields.get(field)?.column ?? "");
  return { fields, others: columns.filter((column) => !whole.has(column)) };
}

/** A choice as a path: a column of just that name first, then the longest column that it begins with. */
export function resolvePath(choice: string, columns: readonly string[]): CellPath {
  if (columns.includes(choice)) return { column: choice, steps: [] };
  const owner = columns.filter((column) => choice.startsWith(`${column}.`) || choice.startsWith(`${column}[`)).sort((a, b) => b.length - a.length)[0];
  const column = owner ?? /^[^.[]*/.exec(choice)?.[0] ?? choice;
  return { column, steps: choice.slice(column.length).split(/[.[\]]+/).filter((step) => step !== "") };
}

/** The value at the path; undefined where there is none. */
export function valueAt(cells: Cells, { column, steps }: CellPath): unknown {
  let value: unknown = Object.hasOwn(cells, column) ? cells[column] : undefined;
  for (const step of steps) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[step]; // an object or a list, just checked
  }
  return value;
}

/** The row with the keys of a nested prompt or plan as columns of their own, such as `prompt.content`. */
export function withNestedColumns(cells: Cells): Cells {
  const prompt = cells["prompt"];
  const nested = NESTED.filter((name) => isObject(cells[name]));
  if (!isObject(prompt) && nested.length === 0) return cells;
  const flat: Record<string, unknown> = { ...cells };
  for (const name of isObject(prompt) ? ["prompt", ...nested] : nested) {
    const inner = cells[name] as Cells; // just checked
    Reflect.deleteProperty(flat, name);
    for (const [key, value] of Object.entries(inner)) flat[`${name}.${key}`] = value;
  }
  return flat;
}
