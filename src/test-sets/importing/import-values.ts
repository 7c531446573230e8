import { ExactNumber, isObject } from "./import-format.js";

/** A cell that cannot be what its field needs. */
export class CellFault extends Error {}

/** Reads cells of one kind of file. */
export interface CellReader {
  /** Whether all cells are text, so that an empty one says nothing and lists and objects are written as JSON. */
  readonly textCells: boolean;
  /** Called when a number becomes text: the row is then read again with numbers as they are written. */
  readonly onNumber: () => void;
}

/** Text, null where the cell says that there is none. Numbers and truth values are taken as they are written. */
export function toText(value: unknown, reader: CellReader): string | null {
  if (value == null || (value === "" && reader.textCells)) return null;
  if (typeof value === "string") return value;
  if (value instanceof ExactNumber) return value.source;
  if (typeof value === "boolean") return String(value);
  if (typeof value !== "number") throw new CellFault(`It must be text; it is ${Array.isArray(value) ? "a list" : "an object"}.`);
  reader.onNumber();
  return String(value);
}

/** A name, null where the cell is blank. An object with a name, as our own answers have it, counts by that. */
export function toName(value: unknown, reader: CellReader): string | null {
  const text = toText(isObject(value) && typeof value["name"] === "string" ? value["name"] : value, reader);
  return text === null || text.trim() === "" ? null : text;
}

/** Texts: a list, one text, or (in text files) a list written as JSON. */
export function toTexts(value: unknown, reader: CellReader): string[] | null {
  const given = reader.textCells ? fromJsonText(value) : value;
  if (!Array.isArray(given)) {
    const text = toText(value, reader);
    return text === null ? null : [text];
  }
  return given.map((item: unknown) => toText(item, reader) ?? "");
}

/** Tags: a list, or a text with commas between them. */
export function toTags(value: unknown, reader: CellReader): string[] | null {
  const given = reader.textCells ? fromJsonText(value) : value;
  const tags = typeof given === "string" ? given.split(",") : toTexts(given, reader);
  return tags?.map((tag) => tag.trim()).filter((tag) => tag !== "") ?? null;
}

/** A whole number, such as a number of turns. */
export function toInteger(value: unknown, reader: CellReader): number | null {
  const text = toText(value, reader);
  if (text === null) return null;
  if (!/^\s*\d+\s*$/.test(text)) throw new CellFault(`It must be a whole number; it is "${text.slice(0, 40)}".`);
  return Number(text);
}

/** Text that is a JSON list or object, parsed; anything else as it is. */
export function fromJsonText(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value; // text that only looks like JSON, such as "[sic]"
  }
}

/** The value with every exactly kept number as a plain one. */
export function plainValue(value: unknown): unknown {
  if (value instanceof ExactNumber) return value.value;
  if (Array.isArray(value)) return value.map(plainValue);
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plainValue(inner)])) : value;
}

/** How many turns a text such as `3`, `2-5`, `2 to 5` or `min 2, max 5` means; null for anything else. One number is both. */
export function turnRange(text: string): { minTurns: number | null; maxTurns: number | null } | null {
  const span = /^\s*(\d+)\s*(?:(?:-|to|\.\.)\s*(\d+)\s*)?(?:turns?\s*)?$/i.exec(text);
  if (span !== null) return { minTurns: Number(span[1]), maxTurns: Number(span[2] ?? span[1]) };
  const named = /^\s*(?:min\s*(\d+))?\s*,?\s*(?:max\s*(\d+))?\s*$/i.exec(text);
  if (named === null || (named[1] === undefined && named[2] === undefined)) return null;
  return { minTurns: named[1] === undefined ? null : Number(named[1]), maxTurns: named[2] === undefined ? null : Number(named[2]) };
}

/** A message of a chat. */
export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

/** The value as chat messages, when it is a list of them; null for anything else. */
export function toMessages(value: unknown): readonly ChatMessage[] | null {
  if (!Array.isArray(value) || value.length === 0 || !value.every((item) => isObject(item) && typeof item["role"] === "string" && "content" in item)) return null;
  return value.map((item: { role: string; content: unknown }) => ({ role: item.role, content: messageText(item.content) }));
}

function messageText(content: unknown): string {
  if (typeof content === "string") return content;
  const parts = Array.isArray(content) ? content.filter((part) => isObject(part) && part["type"] === "text" && typeof part["text"] === "string") : [];
  const [only] = parts as { text: string }[]; // just filtered
  if (only === undefined || parts.length !== 1 || !Array.isArray(content) || content.length !== 1) throw new CellFault("A message's content must be text.");
  return only.text;
}
