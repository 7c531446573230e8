import type { OperationNode } from "kysely";
import { columnOf, isNode, tableNameOf } from "./query-nodes.js";

/** A table that raw SQL names after FROM, JOIN, UPDATE, INTO or USING, in SQL's names. */
export interface RawTable {
  readonly name: string;
  readonly alias: string;
}

/** Words that may follow those keywords or a table's name, and are neither a table nor an alias. */
const WORDS =
  "as|cross|default|do|except|for|from|full|group|having|inner|intersect|join|key|lateral|left|limit|natural|no|not|nowait|of|offset|on|only|order|outer|returning|right|select|set|share|" +
  "skip|tablesample|union|using|values|where|window|with";
const NAME = String.raw`(?!(?:${WORDS})\b)[a-z_]\w*`;
const TABLE_ITEM = String.raw`(?:"?public"?\.)?"?${NAME}"?(?:\s+(?:as\s+)?${NAME})?`;
/** FROM of `is distinct from` and of functions such as extract names no table. */
const TABLE = new RegExp(
  String.raw`(?<!\bdistinct\s+|\b(?:extract|overlay|position|substring|trim)\s*\([^()]*)\b(from|join|update|into|using)\s+(?:only\s+)?(${TABLE_ITEM}(?:\s*,\s*${TABLE_ITEM})*)(\s*[.(])?`,
  "gi",
);
const ITEM = /^(?:"?public"?\.)?"?([a-z_]\w*)"?(?:\s+(?:as\s+)?([a-z_]\w*))?$/i;
const COMMON_TABLE = /\b([a-z_]\w*)\s*(?:\([^()]*\))?\s+as\s+(?:not\s+)?(?:materialized\s+)?\(/gi;

/** A raw node as text: parameters are ?, and raw pieces inside it are written out. */
export function renderRaw(node: OperationNode): string {
  const { sqlFragments, parameters } = node as unknown as { sqlFragments: readonly string[]; parameters: readonly OperationNode[] }; // RawNode's documented shape
  return sqlFragments.map((fragment, index) => `${fragment}${index < parameters.length ? render(parameters[index]) : ""}`).join("");
}

function render(node: OperationNode | undefined): string {
  if (node === undefined) return "?";
  if (node.kind === "RawNode") return renderRaw(node);
  const table = tableNameOf(node);
  if (table !== null) return snakeCase(table.schema === null ? table.name : `${table.schema}.${table.name}`);
  const column = columnOf(node);
  if (column !== null) return snakeCase(column.table === null ? column.column : `${column.table}.${column.column}`);
  const { name, node: inner, alias, identifier } = node as unknown as { name?: string; node?: unknown; alias?: unknown; identifier?: unknown };
  if (node.kind === "IdentifierNode" && name !== undefined) return snakeCase(name);
  if (node.kind === "SchemableIdentifierNode" && isNode(identifier)) return render(identifier);
  if (node.kind === "AliasNode" && isNode(inner) && isNode(alias)) return `${render(inner)} as ${render(alias)}`;
  return "?";
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Texts that are known at the most: far more than the code has; what is put together anew each time must not pile up. */
const MAX_KNOWN = 2_000;

/** What was read of a text is known from then on: the same few hundred are run over and over, and reading a long one takes about as long as running it. */
function knownByText<T>(read: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    if (known.size >= MAX_KNOWN) known.clear();
    const value = read(text);
    known.set(text, value);
    return value;
  };
}

/** The tables of raw SQL that are neither functions, another schema's nor its own common table expressions. */
export const rawTables = knownByText(readTables);

/** Those of them whose organization the text does not mention. */
export const tablesWithoutOrganization = knownByText((text) => rawTables(text).filter(({ alias }) => !namesOrganization(text, alias)));

/** Whether the text binds some organization to a value, or inserts rows with one. */
export const comparesOrganization = knownByText((text) => rawComparisons(text).some(({ other }) => other === null) || /\binto\s[^()]*\([^()]*\borganization_id\b/i.test(text));

function readTables(text: string): readonly RawTable[] {
  const own = new Set([...text.matchAll(COMMON_TABLE)].map((match) => match[1]?.toLowerCase()));
  return [...text.matchAll(TABLE)].flatMap(([, keyword = "", list = "", after = ""]) => {
    const items = list.split(",").map((item) => ITEM.exec(item.trim()));
    return items.flatMap((match, index): RawTable[] => {
      const [, name = "", alias = ""] = match ?? [];
      // What a bracket or a dot follows is a function or a schema, but for the columns after INTO.
      const isCall = index === items.length - 1 && after !== "" && !(keyword.toLowerCase() === "into" && after.trim() === "(") && alias === "";
      if (name === "" || isCall || own.has(name.toLowerCase())) return [];
      return [{ name: name.toLowerCase(), alias: (alias === "" ? name : alias).toLowerCase() }];
    });
  });
}

/** Whether the text mentions the organization of the table, or of one that it does not qualify. */
function namesOrganization(text: string, alias: string): boolean {
  return new RegExp(String.raw`(?:\b${alias}\.|(?<![.\w]))organization_id\b`, "i").test(text);
}

/** The comparisons of organizations in a raw condition; none where an OR outside brackets makes them optional. */
export function rawComparisons(text: string): { table: string | null; other: string | null }[] {
  if (/\bor\b/i.test(outsideBrackets(text))) return [];
  const comparisons: { table: string | null; other: string | null }[] = [];
  for (const [, table, other] of text.matchAll(/(?:\b(\w+)\.)?\borganization_id\s*=\s*(?:any\s*\(\s*)?(?:(\w+)\.organization_id\b|\?|\$)/gi)) {
    comparisons.push({ table: table ?? null, other: other ?? null });
    if (other !== undefined) comparisons.push({ table: other, other: table ?? null });
  }
  return comparisons;
}

function outsideBrackets(text: string): string {
  let rest = text.trim();
  // A condition in brackets of its own is what is inside.
  while (/^\([^()]*\)$/.test(rest)) rest = rest.slice(1, -1);
  for (let inner = rest.replace(/\([^()]*\)/g, " "); inner !== rest; inner = rest.replace(/\([^()]*\)/g, " ")) rest = inner;
  return rest;
}
