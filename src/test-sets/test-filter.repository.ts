import { sql, type SqlBool } from "kysely";
import { escapeLike, isOneOf, storableText } from "../db/index.js";
import { IdKind, isId } from "../ids.js";
import type { Scope } from "../viewer.js";
import type { TestFilter } from "./test-filter.js";

type Condition = ReturnType<typeof sql<SqlBool>>;

const NOTHING: Condition = sql<SqlBool>`false`;

/** The conditions of a filter over the table `testRevisions`. */
export function testConditions(scope: Scope, filter: TestFilter | null): Condition[] {
  if (filter === null) return [];
  const conditions: Condition[] = [];
  if (filter.ids != null) conditions.push(isOneOf("testRevisions.testId", filter.ids.filter((id) => isId(id, IdKind.TEST))));
  if (filter.type != null) conditions.push(sql<SqlBool>`${sql.ref("testRevisions.type")} = ${filter.type}`);
  const ids = [
    ["testRevisions.behaviorId", filter.behaviorId, IdKind.BEHAVIOR],
    ["testRevisions.categoryId", filter.categoryId, IdKind.CATEGORY],
    ["testRevisions.topicId", filter.topicId, IdKind.TOPIC],
    ["testRevisions.useCaseId", filter.useCaseId, IdKind.USE_CASE],
    ["testRevisions.promptId", filter.promptId, IdKind.PROMPT],
  ] as const;
  for (const [ref, id, kind] of ids) if (id != null) conditions.push(isId(id, kind) ? sql<SqlBool>`${sql.ref(ref)} = ${id}::uuid` : NOTHING);
  if (filter.tags != null) conditions.push(sql<SqlBool>`${sql.ref("testRevisions.tags")} @> ${filter.tags.map(storableText)}::text[]`);
  if (filter.search != null) conditions.push(searchCondition(scope, filter.search));
  return conditions;
}

function searchCondition(scope: Scope, search: string): Condition {
  const pattern = sql`lower(${`%${escapeLike(storableText(search))}%`})`;
  const revision = (column: string) => sql.ref(`testRevisions.${column}`);
  return sql<SqlBool>`(
    lower(${revision("key")}) like ${pattern}
    or lower(${revision("conversation")} ->> 'goal') like ${pattern}
    or exists (select 1 from jsonb_array_elements_text(${revision("conversation")} -> 'scriptedTurns') turn where lower(turn) like ${pattern})
    or exists (
      select 1 from prompts where prompts.organization_id = ${scope.organizationId} and prompts.id = ${revision("promptId")}
        and (lower(prompts.content) like ${pattern} or lower(prompts.expected_response) like ${pattern}))
  )`;
}
