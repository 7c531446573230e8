import type { KyselyPlugin, OperationNode, PluginTransformQueryArgs, PluginTransformResultArgs, QueryResult, RootOperationNode, UnknownRow } from "kysely";
import { camelCasePlugin } from "./camel-case.js";
import type { Db } from "./database.js";
import { camelCase, childrenOf, commonTablesOf, isNode, isStatement } from "./query-nodes.js";
import { organizationClaims, tablesOf, type TableMention, unanchoredTables } from "./query-tenants.js";
import { comparesOrganization, rawTables, renderRaw, tablesWithoutOrganization } from "./raw-sql.js";

/**
 * Refuses, before it reaches PostgreSQL, any query over a tenant table that does not name the tenant.
 *
 * Row-level security was tried instead: it stops the queue's own functions and every index on text search, arrays
 * and lower(name). This check is coarser (it sees that a predicate binds every table, not that its value is right) and free.
 *
 * Every table is a tenant table unless it is in `shared`: a forgotten one is refused, not leaked.
 */
export class TenantGuard implements KyselyPlugin {
  readonly #shared: ReadonlySet<string>;

  constructor(shared: readonly string[]) {
    this.#shared = new Set(shared);
  }

  transformQuery(args: PluginTransformQueryArgs): RootOperationNode {
    if (args.node.kind === "RawNode") this.#checkRawStatement(renderRaw(args.node));
    this.#check(args.node, new Set(), false);
    return args.node;
  }

  transformResult(args: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return Promise.resolve(args.result);
  }

  /** `visible`: common table expressions that a table's name may mean here. */
  #check(node: OperationNode, visible: ReadonlySet<string>, insideRaw: boolean): void {
    const { with: clause, ...rest } = node as OperationNode & { with?: OperationNode };
    const names = new Set(visible);
    for (const { name, isRecursive, body } of isNode(clause) ? commonTablesOf(clause) : []) {
      if (isRecursive) names.add(name);
      // Without "recursive" its own name still means the table inside it.
      this.#check(body, new Set(names), false);
      names.add(name);
    }
    if (node.kind === "RawNode" && !insideRaw) this.#checkRaw(renderRaw(node), names);
    if (isStatement(node)) this.#checkStatement(node, names);
    for (const child of childrenOf(rest)) this.#check(child, names, !isStatement(node) && (insideRaw || node.kind === "RawNode"));
  }

  #checkStatement(node: OperationNode, visible: ReadonlySet<string>): void {
    const all = tablesOf(node);
    const tenants = all.filter((table) => this.#isTenant(table, visible));
    const shared = all.filter((table) => this.#shared.has(table.name)).map((table) => table.alias);
    const [missing] = unanchoredTables(tenants, new Set(shared), organizationClaims(node));
    if (missing !== undefined) refuse(missing.name);
  }

  #isTenant(table: TableMention, visible: ReadonlySet<string>): boolean {
    return (table.schema === null || table.schema === "public") && !this.#shared.has(table.name) && !visible.has(table.name);
  }

  #checkRaw(text: string, visible: ReadonlySet<string>): void {
    for (const { name } of tablesWithoutOrganization(text)) {
      if (!this.#shared.has(camelCase(name)) && !visible.has(camelCase(name))) refuse(name);
    }
  }

  /** A statement that is raw as a whole binds its tables to each other at least once to a value. */
  #checkRawStatement(text: string): void {
    const [tenant] = rawTables(text).filter(({ name }) => !this.#shared.has(camelCase(name)));
    if (tenant !== undefined && !comparesOrganization(text)) refuse(tenant.name);
  }
}

function refuse(table: string): never {
  throw new Error(`The query over ${table} is not bound to an organizationId: take a Scope and add the predicate for every table, ANDed with the rest, or use systemScope(db) where all tenants are meant.`);
}

/** Runs over all tenants' rows: for migrations, the worker's own bookkeeping and the bootstrap; say why where you call it. */
export function systemScope<T extends Db>(db: T): T {
  return db.withoutPlugins().withPlugin(camelCasePlugin) as T; // the same database or transaction, with fewer plugins
}
