import type { OperationNode } from "kysely";
import { camelCase, columnOf, type ColumnMention, isNode, tableNameOf } from "./query-nodes.js";
import { renderRaw, rawComparisons } from "./raw-sql.js";

const COLUMN = "organizationId";
/** Operators that bind a column to values. */
const BINDING = new Set(["=", "in", "is not distinct from"]);

/** A table that a statement reads or writes. */
export interface TableMention {
  readonly name: string;
  readonly schema: string | null;
  readonly alias: string;
}

/** "This table's organization is that value", or is that of another table. */
export interface Claim {
  /** Null where the column is not qualified. */
  readonly table: string | null;
  /** Null: a value that the caller gave. */
  readonly other: ColumnMention | null;
  /** The tables whose rows the claim limits; null: any (an outer join's ON limits only the joined table's). */
  readonly limits: string | null;
}

/** The tables of a statement itself, not those of statements inside it. */
export function tablesOf(node: OperationNode): TableMention[] {
  const parts = node as unknown as { from?: { froms: OperationNode[] }; joins?: { table: OperationNode }[]; table?: OperationNode; into?: OperationNode; using?: { tables?: OperationNode[] } };
  const nodes = [...(parts.from?.froms ?? []), ...(parts.joins ?? []).map((join) => join.table), ...(parts.using?.tables ?? []), parts.table, parts.into];
  return nodes.filter(isNode).flatMap((each) => tableOf(each) ?? []);
}

function tableOf(node: OperationNode): TableMention | null {
  if (node.kind === "AliasNode") {
    const { node: inner, alias } = node as unknown as { node: OperationNode; alias: { name?: string } };
    const table = tableOf(inner);
    return table === null ? null : { ...table, alias: alias.name === undefined ? table.alias : camelCase(alias.name) };
  }
  if (node.kind === "RawNode") {
    const [, name] = /^\s*(?:"?public"?\.)?"?([a-z_]\w*)"?\s*$/i.exec(renderRaw(node)) ?? [];
    return name === undefined ? null : { name: camelCase(name), schema: null, alias: camelCase(name) };
  }
  const name = tableNameOf(node);
  return name === null ? null : { ...name, alias: name.name };
}

/** What a statement says of its tables' organizations: in conditions that must hold, so not below an OR or a NOT. */
export function organizationClaims(node: OperationNode): Claim[] {
  if (node.kind === "InsertQueryNode") return insertClaims(node);
  const parts = node as unknown as { where?: OperationNode; joins?: { joinType: string; table: OperationNode; on?: OperationNode }[] };
  const claims = parts.where === undefined ? [] : claimsOf(parts.where, null);
  for (const { joinType, table, on } of parts.joins ?? []) {
    if (on === undefined || /full/i.test(joinType)) continue;
    const joined = tableOf(table)?.alias ?? "";
    if (/left/i.test(joinType)) claims.push(...claimsOf(on, joined));
    else if (!/right/i.test(joinType)) claims.push(...claimsOf(on, null));
  }
  return claims;
}

/** An inserted row names its organization; what a SELECT gives it is checked where that is. */
function insertClaims(node: OperationNode): Claim[] {
  const { columns } = node as unknown as { columns?: { column: { name: string } }[] };
  return (columns ?? []).some(({ column }) => camelCase(column.name) === COLUMN) ? [{ table: null, other: null, limits: null }] : [];
}

function claimsOf(condition: OperationNode, limits: string | null): Claim[] {
  const { where, on, left, right, node } = condition as unknown as Partial<Record<"where" | "on" | "left" | "right" | "node", OperationNode>>;
  switch (condition.kind) {
    case "WhereNode":
    case "OnNode":
    case "AndNode":
    case "ParensNode":
      return [where, on, left, right, node].filter((part) => part !== undefined).flatMap((part) => claimsOf(part, limits));
    case "BinaryOperationNode":
      return comparisonClaims(condition, limits);
    case "RawNode":
      return rawComparisons(renderRaw(condition)).map(({ table, other }) => ({ table: table === null ? null : camelCase(table), other: other === null ? null : { table: camelCase(other), column: COLUMN }, limits }));
    default:
      return [];
  }
}

function comparisonClaims(condition: OperationNode, limits: string | null): Claim[] {
  const { leftOperand, operator, rightOperand } = condition as unknown as { leftOperand: OperationNode; operator: { operator?: string }; rightOperand: OperationNode };
  if (!BINDING.has(operator.operator ?? "")) return [];
  const claims: Claim[] = [];
  const claim = (node: OperationNode, other: OperationNode | undefined): void => {
    const column = columnOf(node);
    if (column?.column === COLUMN) claims.push({ table: column.table, other: other === undefined ? null : (columnOf(other) ?? rawColumnOf(other)), limits });
  };
  const [lefts, rights] = [membersOf(leftOperand), membersOf(rightOperand)];
  lefts.forEach((each, index) => claim(each, rights[index]));
  rights.forEach((each, index) => claim(each, lefts[index]));
  return claims;
}

/** An organization that a raw operand names. */
function rawColumnOf(operand: OperationNode): ColumnMention | null {
  if (operand.kind !== "RawNode") return null;
  const [match, table] = /^\s*(?:(\w+)\.)?organization_id\s*$/i.exec(renderRaw(operand)) ?? [];
  return match === undefined ? null : { table: table === undefined ? null : camelCase(table), column: COLUMN };
}

/** The members of a tuple; else the operand itself. */
function membersOf(operand: OperationNode): readonly OperationNode[] {
  return operand.kind === "TupleNode" ? (operand as unknown as { values: readonly OperationNode[] }).values : [operand];
}

/**
 * The tenant tables that no chain of claims binds to a value. `shared`: tables of the statement that have no tenant,
 * to which nothing can be bound. Columns of anything else (an outer query, a subquery, a common table) were checked there.
 */
export function unanchoredTables(tenants: readonly TableMention[], shared: ReadonlySet<string>, claims: readonly Claim[]): TableMention[] {
  const open = new Set(tenants.map((table) => table.alias));
  const only = tenants.length === 1 ? tenants[0]?.alias : undefined;
  const binds = (claim: Claim): boolean => {
    const alias = claim.table ?? only;
    if (alias === undefined || !open.has(alias) || (claim.limits !== null && claim.limits !== alias)) return false;
    if (claim.other === null) return true;
    const other = claim.other.table ?? only;
    return other !== undefined && other !== alias && !open.has(other) && !shared.has(other);
  };
  for (let found = claims.find(binds); found !== undefined; found = claims.find(binds)) open.delete(found.table ?? only ?? "");
  return tenants.filter((table) => open.has(table.alias));
}
