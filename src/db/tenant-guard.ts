import type { KyselyPlugin, OperationNode, PluginTransformQueryArgs, PluginTransformResultArgs, QueryResult, RootOperationNode, UnknownRow } from "kysely";
import { camelCasePlugin } from "./camel-case.js";
import type { Db } from "./database.js";

const COLUMN = "organizationId";

/**
 * Refuses, before it reaches PostgreSQL, any query over a tenant table that does not name the tenant.
 *
 * Row-level security was tried instead: it stops the queue's own functions and every index on text search, arrays
 * and lower(name). This check is coarser (it sees that a predicate is there, not that its value is right) and free.
 *
 * Every table is a tenant table unless it is in `shared`: a forgotten one is refused, not leaked.
 */
export class TenantGuard implements KyselyPlugin {
  readonly #shared: ReadonlySet<string>;

  constructor(shared: readonly string[]) {
    this.#shared = new Set(shared);
  }

  transformQuery(args: PluginTransformQueryArgs): RootOperationNode {
    this.#checkNode(args.node, new Set());
    return args.node;
  }

  transformResult(args: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return Promise.resolve(args.result);
  }

  #checkNode(node: OperationNode, outerCtes: ReadonlySet<string>): void {
    const ctes = new Set([...outerCtes, ...cteNames(node)]);
    if (node.kind === "RawNode") this.#checkRaw(node);
    if (isStatement(node)) this.#checkStatement(node, ctes);
    for (const child of childrenOf(node)) this.#checkNode(child, ctes);
  }

  #checkStatement(node: OperationNode, ctes: ReadonlySet<string>): void {
    const tables = tablesOf(node).filter((table) => table.schema === null && !this.#shared.has(table.name) && !ctes.has(table.name));
    if (tables.length === 0) return;
    const mentions = node.kind === "InsertQueryNode" ? insertedColumns(node) : predicatesOf(node);
    for (const table of tables) {
      const named = mentions.some((mention) => mention.column === COLUMN && (mention.table === table.alias || (mention.table === null && tables.length === 1)));
      if (!named) throw new Error(`The query over ${table.name} names no ${COLUMN}: take a Scope and add the predicate, or use systemScope(db) where all tenants are meant.`);
    }
  }

  #checkRaw(node: OperationNode): void {
    const text = (node as unknown as { sqlFragments: readonly string[] }).sqlFragments.join(" ? "); // RawNode's documented shape
    for (const match of text.matchAll(/\b(?:from|join|update|into)\s+"?([a-z_]+)"?(\s*[.(])?/gi)) {
      const name = camelCase(match[1] ?? "");
      if (match[2] !== undefined || this.#shared.has(name) || SQL_WORDS.has(name)) continue;
      if (!text.includes("organization_id")) throw new Error(`The raw query over ${name} names no organization_id.`);
    }
  }
}

/** Runs over all tenants' rows: for migrations, the worker's own bookkeeping and the bootstrap; say why where you call it. */
export function systemScope<T extends Db>(db: T): T {
  return db.withoutPlugins().withPlugin(camelCasePlugin) as T; // the same database or transaction, with fewer plugins
}

interface TableMention {
  readonly name: string;
  readonly schema: string | null;
  readonly alias: string;
}
interface ColumnMention {
  readonly table: string | null;
  readonly column: string;
}

const SQL_WORDS = new Set(["select", "unnest", "lateral", "set", "only", "values", "now"]);
const STATEMENTS = new Set(["SelectQueryNode", "UpdateQueryNode", "DeleteQueryNode", "InsertQueryNode"]);

function isStatement(node: OperationNode): boolean {
  return STATEMENTS.has(node.kind);
}

function camelCase(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function isNode(value: unknown): value is OperationNode {
  return typeof value === "object" && value !== null && typeof (value as { kind?: unknown }).kind === "string";
}

function childrenOf(node: OperationNode): OperationNode[] {
  return Object.values(node).flatMap((value: unknown) => (Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : []));
}

/** Walks a statement without entering the statements inside it, which are checked by themselves. */
function* withinStatement(node: OperationNode): Generator<OperationNode> {
  for (const child of childrenOf(node)) {
    if (isStatement(child)) continue;
    yield child;
    yield* withinStatement(child);
  }
}

function cteNames(node: OperationNode): string[] {
  const names: string[] = [];
  const clause = (node as { with?: OperationNode }).with;
  if (clause === undefined) return names;
  for (const inner of withinStatement(clause)) if (inner.kind === "CommonTableExpressionNameNode") names.push(identifierOf(inner) ?? "");
  return names;
}

function identifierOf(node: OperationNode): string | null {
  for (const child of withinStatement(node)) if (child.kind === "IdentifierNode") return (child as unknown as { name: string }).name;
  return null;
}

function tableOf(node: OperationNode): TableMention | null {
  if (node.kind === "AliasNode") {
    const { node: inner, alias } = node as unknown as { node: OperationNode; alias: OperationNode };
    const table = tableOf(inner);
    return table === null ? null : { ...table, alias: (alias as unknown as { name?: string }).name ?? table.alias };
  }
  if (node.kind !== "TableNode") return null;
  const { table } = node as unknown as { table: { schema?: { name: string }; identifier: { name: string } } };
  return { name: table.identifier.name, schema: table.schema?.name ?? null, alias: table.identifier.name };
}

function tablesOf(node: OperationNode): TableMention[] {
  const parts = node as unknown as { from?: { froms: OperationNode[] }; joins?: { table: OperationNode }[]; table?: OperationNode; into?: OperationNode; using?: { tables: OperationNode[] } };
  const nodes = [...(parts.from?.froms ?? []), ...(parts.joins ?? []).map((join) => join.table), ...(parts.using?.tables ?? [])];
  if (parts.table !== undefined) nodes.push(parts.table);
  if (parts.into !== undefined) nodes.push(parts.into);
  return nodes.map(tableOf).filter((table) => table !== null);
}

function insertedColumns(node: OperationNode): ColumnMention[] {
  const { columns } = node as unknown as { columns?: { column: { name: string } }[] };
  const into = tablesOf(node)[0]?.alias ?? null;
  return (columns ?? []).map((column) => ({ table: into, column: column.column.name }));
}

/** Every column that a WHERE or an ON of the statement mentions. */
function predicatesOf(node: OperationNode): ColumnMention[] {
  const parts = node as unknown as { where?: OperationNode; joins?: { on?: OperationNode }[] };
  const roots = [parts.where, ...(parts.joins ?? []).map((join) => join.on)].filter((root) => root !== undefined);
  const mentions: ColumnMention[] = [];
  for (const root of roots) {
    for (const inner of withinStatement(root)) {
      if (inner.kind !== "ReferenceNode") continue;
      const { column, table } = inner as unknown as { column: OperationNode; table?: OperationNode };
      mentions.push({ table: table === undefined ? null : (tableOf(table)?.alias ?? null), column: identifierOf(column) ?? "" });
    }
  }
  return mentions;
}
