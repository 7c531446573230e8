import { type RawBuilder, sql } from "kysely";
import type { Trx } from "../db/index.js";

/** The JSON of one statement's rows, at the most: some rows of megabytes, or thousands of small ones. */
const MAX_JSON = 8 * 1024 * 1024;

/** A column as rows bring it. */
export interface ManyColumn {
  readonly name: string;
  /** As PostgreSQL calls it; jsonb comes as JSON text. */
  readonly type: "integer" | "smallint" | "bigint" | "double precision" | "text" | "uuid" | "timestamptz" | "jsonb";
  /** For what a row leaves out: SQL text. Null where absent. */
  readonly default?: string;
}

/** What is written where. */
export interface ManyRows {
  readonly table: string;
  /** The run that all rows are of. */
  readonly key: { readonly organizationId: string; readonly runId: string };
  readonly columns: readonly ManyColumn[];
  readonly rows: readonly object[];
  /** An "on conflict" clause; none where absent. */
  readonly onConflict?: RawBuilder<unknown>;
}

/**
 * Inserts any number of a run's rows, each batch as one JSON parameter: a parameter for each value would be more than
 * the protocol's 65,535 for a thousand results with a few metrics, and takes several times as long to build.
 */
export async function insertMany(trx: Trx, { table, key, columns, rows, onConflict }: ManyRows): Promise<void> {
  const names = sql.raw(columns.map(({ name }) => snake(name)).join(", "));
  const declared = sql.raw(columns.map(({ name, type }) => `"${name}" ${type === "jsonb" ? "text" : type}`).join(", "));
  const values = sql.raw(columns.map(valueOf).join(", "));
  for (const batch of batchesOf(rows)) {
    await sql`
      insert into ${sql.raw(table)} (organization_id, run_id, ${names})
      select ${key.organizationId}::uuid, ${key.runId}::uuid, ${values} from json_to_recordset(${batch}::json) as many (${declared})
      ${onConflict ?? sql``}`.execute(trx);
  }
}

function valueOf({ name, type, default: given }: ManyColumn): string {
  const value = type === "jsonb" ? `many."${name}"::jsonb` : `many."${name}"`;
  return given === undefined ? value : `coalesce(${value}, ${given})`;
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function* batchesOf(rows: readonly object[]): Generator<string> {
  let batch: string[] = [];
  let size = 0;
  for (const row of rows) {
    const text = JSON.stringify(row);
    if (batch.length > 0 && size + text.length > MAX_JSON) {
      yield `[${batch.join(",")}]`;
      [batch, size] = [[], 0];
    }
    batch.push(text);
    size += text.length;
  }
  if (batch.length > 0) yield `[${batch.join(",")}]`;
}
