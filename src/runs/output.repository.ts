import { sql } from "kysely";
import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { StoredTurn, TestOutput } from "./result.js";

/** Characters (code points) of a preview. */
export const PREVIEW_LENGTH = 300;

/** Names an output: the run that stored it, and the result's ordinal there. */
export interface OutputPlace {
  readonly runId: string;
  readonly ordinal: number;
}

/** An output without its large columns, which are read only where they are asked for. */
export interface OutputSummary extends Omit<TestOutput, "organizationId" | "output" | "raw" | "turns"> {
  readonly preview: string;
}

/** The outputs without their large columns. */
export function findOutputs(db: Db, scope: Scope, places: readonly OutputPlace[]): Promise<OutputSummary[]> {
  const columns = "outputs.input_tokens, outputs.output_tokens, outputs.session_id, outputs.context, outputs.metadata, outputs.tool_calls, outputs.stop_reason";
  return selectOutputs<OutputSummary>(db, scope, places, `left(outputs.output, ${PREVIEW_LENGTH}) as preview, ${columns}`);
}

export function findOutputTexts(db: Db, scope: Scope, places: readonly OutputPlace[]): Promise<(OutputPlace & { output: string })[]> {
  return selectOutputs(db, scope, places, "outputs.output");
}

export function findOutputRaws(db: Db, scope: Scope, places: readonly OutputPlace[]): Promise<(OutputPlace & { raw: unknown })[]> {
  return selectOutputs(db, scope, places, "outputs.raw");
}

export function findOutputTurns(db: Db, scope: Scope, places: readonly OutputPlace[]): Promise<(OutputPlace & { turns: readonly StoredTurn[] })[]> {
  return selectOutputs(db, scope, places, "outputs.turns");
}

async function selectOutputs<R extends OutputPlace>(db: Db, scope: Scope, places: readonly OutputPlace[], columns: string): Promise<R[]> {
  const { rows } = await sql<R>`
    select outputs.run_id, outputs.ordinal, ${sql.raw(columns)}
    from unnest(${places.map((place) => place.runId)}::uuid[], ${places.map((place) => place.ordinal)}::integer[]) as places (run_id, ordinal)
    join test_outputs outputs on outputs.organization_id = ${scope.organizationId} and outputs.run_id = places.run_id and outputs.ordinal = places.ordinal`.execute(db);
  return rows;
}
