import { sql } from "kysely";
import { type Db, isOneOf, systemScope, type Trx } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { Prompt, PromptContent, TestRevision } from "./test.js";

/** A test to be stored at a place in its set. */
export interface NewTestRow {
  readonly id: string;
  readonly position: number;
}

/** A revision to be stored; it shares the prompt of the one before where only other things changed. */
export interface NewRevisionRow extends Omit<TestRevision, "testSetId" | "prompt"> {
  readonly promptId: string | null;
}

/** A prompt to be stored. */
export interface NewPromptRow extends PromptContent {
  readonly id: string;
}

export function findPromptsByIds(db: Db, scope: Scope, ids: readonly string[]): Promise<Prompt[]> {
  return db.selectFrom("prompts").select(["organizationId", "id", "content", "expectedResponse", "languageCode", "context"]).where("organizationId", "=", scope.organizationId).where(isOneOf("id", ids)).execute();
}

/**
 * Tells PostgreSQL's planner how the tables look after many rows came in. Until then it believes that a tenant has a
 * handful of tests, and reads all of them where an index would find one. Samples: a fraction of a second.
 */
export async function refreshTestStatistics(db: Db): Promise<void> {
  await sql`analyze tests, test_revisions, prompts`.execute(systemScope(db)); // statistics have no tenant
}

/** One statement however many: the rows travel as one JSON parameter. */
export async function insertPrompts(trx: Trx, scope: Scope, rows: readonly NewPromptRow[]): Promise<void> {
  if (rows.length === 0) return;
  await sql`
    insert into prompts (organization_id, id, content, expected_response, language_code, context)
    select ${scope.organizationId}::uuid, id, content, "expectedResponse", "languageCode", context
    from json_to_recordset(${JSON.stringify(rows)}::json) as r(id uuid, content text, "expectedResponse" text, "languageCode" text, context jsonb)`.execute(trx);
}

export async function insertTests(trx: Trx, scope: Scope, testSetId: string, rows: readonly NewTestRow[], now: Date): Promise<void> {
  if (rows.length === 0) return;
  await sql`
    insert into tests (organization_id, id, test_set_id, position, created_at, updated_at)
    select ${scope.organizationId}::uuid, id, ${testSetId}::uuid, position, ${now}::timestamptz, ${now}::timestamptz
    from unnest(${rows.map((row) => row.id)}::uuid[], ${rows.map((row) => row.position)}::int[]) as r(id, position)`.execute(trx);
}

/** Adds revisions that hold from the version on. */
export async function insertRevisions(trx: Trx, scope: Scope, at: { testSetId: string; version: number }, rows: readonly NewRevisionRow[]): Promise<void> {
  if (rows.length === 0) return;
  await sql`
    insert into test_revisions (organization_id, id, test_id, test_set_id, position, added_in_version, type, key, prompt_id, conversation,
      behavior_id, category_id, topic_id, use_case_id, tags, metadata)
    select ${scope.organizationId}::uuid, id, "testId", ${at.testSetId}::uuid, position, ${at.version}, type, key, "promptId",
      case when jsonb_typeof(conversation) = 'object' then conversation end, "behaviorId", "categoryId", "topicId", "useCaseId", tags, metadata
    from json_to_recordset(${JSON.stringify(rows)}::json) as r(id uuid, "testId" uuid, position int, type text, key text, "promptId" uuid, conversation jsonb,
      "behaviorId" uuid, "categoryId" uuid, "topicId" uuid, "useCaseId" uuid, tags text[], metadata jsonb)`.execute(trx);
}

/** Ends the present revisions of the tests: the version is the first without them. */
export async function endRevisions(trx: Trx, scope: Scope, at: { testSetId: string; version: number }, testIds: readonly string[]): Promise<void> {
  await trx
    .updateTable("testRevisions")
    .set({ removedInVersion: at.version })
    .where("organizationId", "=", scope.organizationId)
    .where("testSetId", "=", at.testSetId)
    .where("removedInVersion", "is", null)
    .where(isOneOf("testId", testIds))
    .execute();
}

/** Notes on the tests that they were edited, or removed. */
export async function touchTests(trx: Trx, scope: Scope, testIds: readonly string[], changes: { updatedAt: Date; deletedAt?: Date }): Promise<void> {
  await trx.updateTable("tests").set(changes).where("organizationId", "=", scope.organizationId).where(isOneOf("id", testIds)).execute();
}
