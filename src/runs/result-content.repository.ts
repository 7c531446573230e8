import { type RawBuilder, sql, type SqlBool } from "kysely";
import type { TestResultFilter } from "./result-filter.js";

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

/** Over `prompts`, as its index has it: the first 50,000 characters. */
export function matchesPrompt(query: string) {
  return sql<boolean>`to_tsvector('simple', left(prompts.content, 50000)) @@ ${query}::tsquery`;
}

/** Over `revisions`, as its index has it: the goal and the scripted turns. */
export function matchesConversation(query: string) {
  return sql<boolean>`(revisions.conversation is not null and to_tsvector('simple', left(coalesce(revisions.conversation ->> 'goal', '') || ' ' || coalesce(revisions.conversation ->> 'scriptedTurns', ''), 50000)) @@ ${query}::tsquery)`;
}
