import { type RawBuilder, sql, type SqlBool } from "kysely";
import { storableText } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { OutputSource, TestResultFilter } from "./result-filter.js";

/** A condition over the aliases `runs`, `results`, `revisions` or `segments`, as its maker says. */
export type Condition = RawBuilder<SqlBool>;

/** All of the conditions. */
export function allOf(conditions: readonly Condition[]): Condition {
  return conditions.length === 0 ? sql<SqlBool>`true` : sql.join<SqlBool>(conditions, sql` and `);
}

/** Over `revisions`: what the filter says of the properties of tests. */
export function contentConditions(filter: TestResultFilter): Condition[] {
  const conditions: Condition[] = [];
  if (filter.behaviorId != null) conditions.push(sql`revisions.behavior_id = ${filter.behaviorId}::uuid`);
  if (filter.categoryId != null) conditions.push(sql`revisions.category_id = ${filter.categoryId}::uuid`);
  if (filter.topicId != null) conditions.push(sql`revisions.topic_id = ${filter.topicId}::uuid`);
  if (filter.useCaseId != null) conditions.push(sql`revisions.use_case_id = ${filter.useCaseId}::uuid`);
  if (filter.tags != null) conditions.push(sql`revisions.tags @> ${filter.tags}::text[]`);
  return conditions;
}

/**
 * The words of a search as PostgreSQL's tsquery, every one as the beginning of a word; null where the text has none. By
 * PostgreSQL's own parser, so that a search is cut into words as the texts were.
 */
export function searchQuery(text: string) {
  return sql<string | null>`(
    select string_agg('''' || replace(replace(words.lexeme, '\\', '\\\\'), '''', '''''') || ''':*', ' & ')
    from unnest(to_tsvector('simple', ${storableText(text)})) as words)`;
}

/** Over `prompts`: in the first 50,000 characters. */
export function matchesPrompt(query: RawBuilder<unknown>) {
  return sql<boolean>`prompts.search @@ ${query}::tsquery`;
}

/** Over `revisions`, as its index has it: the goal and the scripted turns. */
export function matchesConversation(query: RawBuilder<unknown>) {
  return sql<boolean>`(revisions.conversation is not null and to_tsvector('simple', left(coalesce(revisions.conversation ->> 'goal', '') || ' ' || coalesce(revisions.conversation ->> 'scriptedTurns', ''), 50000)) @@ ${query}::tsquery)`;
}

/** What stands for a run among the words of its outputs in their index: no text has such a word. */
function markOf(runId: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`chr(1) || substr(md5(${runId}::text), 1, 7)`;
}

/** Over `outputs`, as their index has it: their words with the mark of their run. */
function matchesOutput(query: RawBuilder<unknown>): Condition {
  return sql`(outputs.search || array_to_tsvector(array[${markOf(sql.raw("outputs.run_id"))}])) @@ ${query}`;
}

/**
 * The outputs of a run with the words, by their index. The run is told by its mark there; the keys are looked at only
 * afterwards, as the planner would gather all of the run's rows by them as well.
 */
export function outputsOfRunWith(scope: Scope, query: RawBuilder<unknown>, { runId, partition }: OutputSource): RawBuilder<unknown> {
  const marked = sql`(${query} || ' & ''' || ${markOf(sql`${runId}::uuid`)} || '''')::tsquery`;
  return sql`
    select words.run_id, words.ordinal from (
      select outputs.organization_id, outputs.run_id, outputs.ordinal from ${sql.table(partition)} outputs where ${matchesOutput(marked)} offset 0) as words
    where words.organization_id = ${scope.organizationId} and words.run_id = ${runId}::uuid`;
}

/** The outputs of all runs with the words, or of several, likewise. */
export function outputsWith(scope: Scope, query: RawBuilder<unknown>, runIds: readonly string[] | null): RawBuilder<unknown> {
  const ofRuns = runIds === null ? sql`true` : sql`outputs.run_id = any(${runIds}::uuid[])`;
  return sql`
    select words.run_id, words.ordinal from (
      select outputs.organization_id, outputs.run_id, outputs.ordinal from test_outputs outputs where ${matchesOutput(sql`${query}::tsquery`)} and ${ofRuns} offset 0) as words
    where words.organization_id = ${scope.organizationId}`;
}
