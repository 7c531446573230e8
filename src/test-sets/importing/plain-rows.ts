import { DEFAULT_MAX_TURNS, type TestPatch } from "../test-patch.js";
import { type JsonObject, TestType } from "../test-set.js";
import { type CellPath, type ColumnPlan, type ImportField, valueAt } from "./import-fields.js";
import { type Cells, isObject } from "./import-format.js";
import { CellFault, type CellReader, type ChatMessage, fromJsonText, plainValue, toInteger, toMessages, toName, toTags, toText, toTexts, turnRange } from "./import-values.js";

/** What is wrong with a row, and in which field. */
export class RowFault extends Error {
  constructor(
    readonly field: string | null,
    message: string,
  ) {
    super(message);
  }
}

/** The tests that a row makes, and the type that they are of. */
export interface MappedRow {
  readonly type: TestType;
  readonly patches: readonly TestPatch[];
}

const LABELS = [["behavior", "behavior"], ["category", "category"], ["topic", "topic"], ["use_case", "useCase"]] as const;
/** Fields that say something only of the other type: there they are kept as metadata. */
const SINGLE_TURN_FIELDS: readonly ImportField[] = ["prompt", "expected_response", "language_code", "context"];
const MULTI_TURN_FIELDS: readonly ImportField[] = ["goal", "instructions", "restrictions", "scenario", "turns", "min_turns", "max_turns"];

/** Reads one row by its plan. */
class RowReader {
  constructor(
    readonly cells: Cells,
    readonly plan: ColumnPlan,
    readonly reader: CellReader,
  ) {}

  has(field: ImportField): boolean {
    return this.plan.fields.has(field);
  }

  raw(field: ImportField): unknown {
    const path = this.plan.fields.get(field);
    return path === undefined ? undefined : valueAt(this.cells, path);
  }

  /** The field's value as `convert` makes it; undefined where the row has no such column. */
  get<T>(field: ImportField, convert: (value: unknown, reader: CellReader) => T): T | undefined {
    if (!this.has(field)) return undefined;
    try {
      return convert(this.raw(field), this.reader);
    } catch (error) {
      if (error instanceof CellFault) throw new RowFault(field, error.message);
      throw error;
    }
  }
}

/** Makes a test of a row. `setType` is null for a set that is still to be made: the row tells then. Throws RowFault. */
export function mapPlainRow(cells: Cells, plan: ColumnPlan, reader: CellReader, setType: TestType | null): MappedRow {
  const row = new RowReader(cells, plan, reader);
  const messages = reader.textCells ? null : (row.get("prompt", toMessages) ?? null);
  const turns = readTurns(row);
  const type = typeOf(row, { messages, turns: turns.scripted, setType });
  const content = type === TestType.SINGLE_TURN ? { prompt: readPrompt(row, messages, turns.scripted) } : { conversation: readConversation(row, messages, turns) };
  const labels = Object.fromEntries(LABELS.map(([field, label]) => [label, row.get(field, toName)]));
  return { type, patches: [{ ...content, ...labels, key: row.get("key", toText), tags: row.get("tags", toTags), metadata: readMetadata(row, type, messages) }] };
}

function typeOf(row: RowReader, found: { messages: readonly ChatMessage[] | null; turns: readonly string[] | null; setType: TestType | null }): TestType {
  const said = row.get("test_type", toName) ?? null;
  const hint = said === null ? null : Object.values(TestType).find((type) => type === said.trim().toUpperCase().replaceAll(/[\s-]+/g, "_"));
  if (hint === undefined) throw new RowFault("test_type", `It must be SINGLE_TURN or MULTI_TURN; it is "${said}".`);
  if (hint !== null && found.setType !== null && hint !== found.setType) throw new RowFault("test_type", `The set is ${found.setType} and the row ${hint}. All tests of a set are of one type.`);
  if (hint !== null || found.setType !== null) return hint ?? found.setType ?? TestType.SINGLE_TURN;
  if (found.messages !== null) return found.messages.filter(isUsers).length > 1 ? TestType.MULTI_TURN : TestType.SINGLE_TURN;
  if ((row.get("prompt", toText) ?? null) !== null) return TestType.SINGLE_TURN;
  return (row.get("goal", toText) ?? null) !== null || found.turns !== null ? TestType.MULTI_TURN : TestType.SINGLE_TURN;
}

const isUsers = (message: ChatMessage): boolean => message.role === "user";

function readPrompt(row: RowReader, messages: readonly ChatMessage[] | null, turns: readonly string[] | null): NonNullable<TestPatch["prompt"]> {
  const expected = row.get("expected_response", firstText);
  const shared = { languageCode: row.get("language_code", toName), context: row.get("context", toTexts) };
  if (messages !== null) {
    const users = messages.filter(isUsers);
    const [user] = users;
    if (user === undefined || users.length > 1) throw new RowFault("prompt", `The messages hold ${users.length} of the user. A single-turn test has one: import conversations into a MULTI_TURN set.`);
    const last = messages.at(-1);
    return { ...shared, content: user.content, expectedResponse: expected ?? (last?.role === "assistant" ? last.content : expected) };
  }
  const content = row.get("prompt", toText) ?? null;
  if (content === null) throw new RowFault("prompt", missingPrompt(row, turns));
  return { ...shared, content, expectedResponse: expected };
}

function missingPrompt(row: RowReader, turns: readonly string[] | null): string {
  const path = row.plan.fields.get("prompt");
  if (path !== undefined) return `A single-turn test needs a prompt, and the row has none at "${pathText(path)}".`;
  const multi = turns !== null ? row.plan.fields.get("turns") : (row.get("goal", toText) ?? null) === null ? undefined : row.plan.fields.get("goal");
  if (multi === undefined) return "A single-turn test needs a prompt, and no column says what it is. Name it, such as columns {\"prompt\": \"Frage\"}.";
  const choice = turns === null ? multi.column : `${multi.column}.0`;
  return `The set is SINGLE_TURN, and the row has no prompt but "${multi.column}", which is for MULTI_TURN sets. To send it as the prompt, say columns {"prompt": "${choice}"}.`;
}

function pathText({ column, steps }: CellPath): string {
  return [column, ...steps].join(".");
}

/** One expected response; of a list of good ones the first, the whole list staying in the metadata. */
function firstText(value: unknown, reader: CellReader): string | null {
  return toText(Array.isArray(value) ? value[0] : value, reader);
}

/** What the column of turns says: the turns themselves, or how many there may be. */
interface Turns {
  readonly scripted: readonly string[] | null;
  readonly range: { minTurns: number | null; maxTurns: number | null } | null;
  /** Why it says neither; it matters only to a conversation. */
  readonly fault: string | null;
}

const NO_TURNS: Turns = { scripted: null, range: null, fault: null };

function readTurns(row: RowReader): Turns {
  const value = row.reader.textCells ? fromJsonText(row.raw("turns")) : row.raw("turns");
  try {
    const messages = toMessages(value);
    if (messages !== null) return { ...NO_TURNS, scripted: messages.filter(isUsers).map((message) => message.content) };
    if (Array.isArray(value)) return { ...NO_TURNS, scripted: toTexts(value, row.reader) };
    const text = toText(value, row.reader);
    if (text === null) return NO_TURNS;
    const range = turnRange(text);
    return { ...NO_TURNS, range, fault: range === null ? 'It must be a list of what the user says, or a number of turns such as 3 or "2-5".' : null };
  } catch (error) {
    if (!(error instanceof CellFault)) throw error;
    return { ...NO_TURNS, fault: error.message };
  }
}

function readConversation(row: RowReader, messages: readonly ChatMessage[] | null, turns: Turns): NonNullable<TestPatch["conversation"]> {
  if (turns.fault !== null) throw new RowFault("turns", turns.fault);
  const scriptedTurns = turns.scripted ?? messages?.filter(isUsers).map((message) => message.content);
  const goal = row.get("goal", toText);
  if ((goal ?? null) === null && scriptedTurns === undefined) throw new RowFault("goal", "A multi-turn test needs a goal or turns, and the row has neither. A prompt alone is for SINGLE_TURN sets.");
  const maxTurns = row.get("max_turns", toInteger) ?? turns.range?.maxTurns ?? Math.max(DEFAULT_MAX_TURNS, scriptedTurns?.length ?? 0);
  return {
    goal,
    instructions: row.get("instructions", toText),
    restrictions: row.get("restrictions", toText),
    scenario: row.get("scenario", toText),
    minTurns: row.get("min_turns", toInteger) ?? turns.range?.minTurns,
    maxTurns,
    scriptedTurns,
  };
}

/** What no field holds: other columns, fields of the other type, lists of which a field took one item. Undefined where there is no such column. */
function readMetadata(row: RowReader, type: TestType, messages: readonly ChatMessage[] | null): JsonObject | undefined {
  const { fields, others } = row.plan;
  const metadata: Record<string, unknown> = {};
  let says = false;
  const keep = (name: string, value: unknown): void => {
    says = true;
    if (value != null && !(value === "" && row.reader.textCells)) metadata[name.startsWith("metadata.") ? name.slice("metadata.".length) : name] = plainValue(value);
  };
  const own = row.reader.textCells ? fromJsonText(row.raw("metadata")) : row.raw("metadata");
  if (isObject(own)) Object.entries(own).forEach(([name, value]) => keep(name, value));
  else if (row.has("metadata")) keep(fields.get("metadata")?.column ?? "metadata", own);
  for (const column of others) keep(column, row.cells[column]);
  for (const field of type === TestType.SINGLE_TURN ? MULTI_TURN_FIELDS : SINGLE_TURN_FIELDS) {
    const path = fields.get(field);
    if (path !== undefined && path.steps.length === 0) keep(path.column, row.raw(field));
  }
  if (messages !== null && messages.length > 1) keep("messages", row.raw("prompt"));
  const expected = row.raw("expected_response");
  if (Array.isArray(expected) && expected.length > 1) keep(fields.get("expected_response")?.column ?? "expected_response", expected);
  return says ? metadata : undefined;
}
