import { sql } from "kysely";
import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { Attempt } from "./result.js";

/** An answer as the judging needs it: without the raw body, which may be megabytes. */
export interface StoredAnswer {
  readonly ordinal: number;
  readonly outputRunId: string;
  readonly output: string;
  readonly sessionId: string | null;
  readonly context: readonly string[];
  readonly metadata: unknown;
  readonly toolCalls: unknown;
  readonly attempts: readonly Attempt[];
  readonly latencyMs: number | null;
  readonly startedAt: Date | null;
}

/** The answers of those of the ordinals that were answered but have no verdict yet. */
export async function findUnjudgedAnswers(db: Db, scope: Scope, runId: string, ordinals: readonly number[]): Promise<StoredAnswer[]> {
  return db
    .selectFrom("testResults as results")
    .innerJoin("testOutputs as outputs", (join) =>
      join.onRef("outputs.runId", "=", "results.outputRunId").onRef("outputs.ordinal", "=", "results.ordinal").on("outputs.organizationId", "=", scope.organizationId),
    )
    .select(["results.ordinal", "outputs.runId as outputRunId", "outputs.output", "outputs.sessionId", "outputs.context", "outputs.metadata", "outputs.toolCalls", "results.attempts", "results.latencyMs", "results.startedAt"])
    .where("results.organizationId", "=", scope.organizationId)
    .where("results.runId", "=", runId)
    .where("results.status", "=", "RUNNING")
    .where(sql<boolean>`results.ordinal = any(${ordinals}::integer[])`)
    .execute();
}
