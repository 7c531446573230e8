import { sql } from "kysely";
import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { Attempt, ConversationStopReason, StoredTurn } from "./result.js";

/** An answer as the judging needs it: without the raw body, which may be megabytes. */
export interface StoredAnswer {
  readonly ordinal: number;
  readonly outputRunId: string;
  readonly output: string;
  readonly sessionId: string | null;
  readonly context: readonly string[];
  readonly metadata: unknown;
  readonly toolCalls: unknown;
  /** Of a conversation; empty for a single turn. */
  readonly turns: readonly StoredTurn[];
  readonly stopReason: ConversationStopReason | null;
  readonly attempts: readonly Attempt[];
  readonly latencyMs: number | null;
  readonly startedAt: Date | null;
}

/** How often a result was tried before. */
export interface EarlierTries {
  readonly ordinal: number;
  /** All attempts that are kept. */
  readonly made: number;
  /** Those that count towards the limit: since the run was last retried. */
  readonly counted: number;
}

/** The answers of those of the ordinals that were answered but have no verdict yet. */
export async function findUnjudgedAnswers(db: Db, scope: Scope, runId: string, ordinals: readonly number[]): Promise<StoredAnswer[]> {
  return db
    .selectFrom("testResults as results")
    .innerJoin("testOutputs as outputs", (join) =>
      join.onRef("outputs.runId", "=", "results.outputRunId").onRef("outputs.ordinal", "=", "results.ordinal").on("outputs.organizationId", "=", scope.organizationId),
    )
    .select(["results.ordinal", "outputs.runId as outputRunId", "outputs.output", "outputs.sessionId", "outputs.context", "outputs.metadata", "outputs.toolCalls", "outputs.turns", "outputs.stopReason", "results.attempts", "results.latencyMs", "results.startedAt"])
    .where("results.organizationId", "=", scope.organizationId)
    .where("results.runId", "=", runId)
    .where("results.status", "in", ["PENDING", "RUNNING"])
    .where(sql<boolean>`results.ordinal = any(${ordinals}::integer[])`)
    .execute();
}

/** The answers that a re-score judges, of those of the ordinals that have one. They bring no attempts: nothing was called for it. */
export async function findSourceAnswers(db: Db, scope: Scope, outputRunId: string, ordinals: readonly number[]): Promise<StoredAnswer[]> {
  const rows = await db
    .selectFrom("testOutputs")
    .select(["ordinal", "runId as outputRunId", "output", "sessionId", "context", "metadata", "toolCalls", "turns", "stopReason", "latencyMs"])
    .where("organizationId", "=", scope.organizationId)
    .where("runId", "=", outputRunId)
    .where(sql<boolean>`ordinal = any(${ordinals}::integer[])`)
    .execute();
  return rows.map((row) => ({ ...row, attempts: [], startedAt: null }));
}

/** Attempts since the last retry that call for a further one: a conversation that was left begins anew with its first turn. */
const failedSinceRetry = sql<number>`(
  select count(*) from jsonb_array_elements(attempts) with ordinality as tried (attempt, place)
  where place > earlier_attempts and attempt -> 'error' <> 'null' and coalesce((attempt ->> 'turn')::integer, 1) = 1)`;

/** The attempts that were made for those of the ordinals that are to be called again. */
export async function findEarlierTries(db: Db, scope: Scope, runId: string, ordinals: readonly number[]): Promise<EarlierTries[]> {
  return db
    .selectFrom("testResults")
    .select(["ordinal", sql<number>`jsonb_array_length(attempts)`.as("made"), failedSinceRetry.as("counted")])
    .where("organizationId", "=", scope.organizationId)
    .where("runId", "=", runId)
    .where("status", "in", ["PENDING", "RUNNING"])
    .where("outputRunId", "is", null)
    .where(sql<boolean>`ordinal = any(${ordinals}::integer[])`)
    .execute();
}
