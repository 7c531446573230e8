import type { OperationNode } from "kysely";

const STATEMENTS = new Set(["SelectQueryNode", "UpdateQueryNode", "DeleteQueryNode", "InsertQueryNode", "MergeQueryNode"]);

/** Whether the node is a query of its own, also inside another one. */
export function isStatement(node: OperationNode): boolean {
  return STATEMENTS.has(node.kind);
}

export function isNode(value: unknown): value is OperationNode {
  return typeof value === "object" && value !== null && typeof (value as { kind?: unknown }).kind === "string";
}

/** The nodes right below a node, whatever it is. */
export function childrenOf(node: object): OperationNode[] {
  return Object.values(node).flatMap((value: unknown) => (Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : []));
}

/** A name as the code writes it; a query inside another one comes with SQL's names. */
export function camelCase(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** One `name as (body)` of a WITH. */
export interface CommonTable {
  readonly name: string;
  readonly isRecursive: boolean;
  readonly body: OperationNode;
}

/** The common table expressions of a WITH, in their order. */
export function commonTablesOf(clause: OperationNode): CommonTable[] {
  // WithNode's documented shape
  const { expressions, recursive } = clause as unknown as { expressions: readonly { name: { table: OperationNode }; expression: OperationNode }[]; recursive?: boolean };
  return expressions.map(({ name, expression }) => ({ name: tableNameOf(name.table)?.name ?? "", isRecursive: recursive === true, body: expression }));
}

/** The name and schema of a TableNode; null for any other node. */
export function tableNameOf(node: OperationNode): { name: string; schema: string | null } | null {
  if (node.kind !== "TableNode") return null;
  const { table } = node as unknown as { table: { schema?: { name: string }; identifier: { name: string } } }; // TableNode's documented shape
  return { name: camelCase(table.identifier.name), schema: table.schema?.name ?? null };
}

/** A column as a statement mentions it. */
export interface ColumnMention {
  /** The table or alias that it is qualified with, or null. */
  readonly table: string | null;
  readonly column: string;
}

/** The column of a reference, also of `sql.ref(…)`; null for any other node. */
export function columnOf(node: OperationNode): ColumnMention | null {
  if (node.kind === "RawNode") {
    const { sqlFragments, parameters } = node as unknown as { sqlFragments: readonly string[]; parameters: readonly OperationNode[] }; // RawNode's documented shape
    const [only] = parameters;
    return only !== undefined && parameters.length === 1 && sqlFragments.every((fragment) => fragment === "") ? columnOf(only) : null;
  }
  if (node.kind !== "ReferenceNode") return null;
  const { column, table } = node as unknown as { column: { column?: { name: string } }; table?: OperationNode }; // ReferenceNode's documented shape
  return { table: table === undefined ? null : (tableNameOf(table)?.name ?? null), column: camelCase(column.column?.name ?? "") };
}
