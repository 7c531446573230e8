import { type RawBuilder, sql } from "kysely";
import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { BreakdownField, type BreakdownRow } from "./breakdown.js";

/** Where each property stands in a test's content, and in which table its name does. */
const LABELS = {
  BEHAVIOR: { column: "behavior_id", table: "behaviors" },
  CATEGORY: { column: "category_id", table: "categories" },
  TOPIC: { column: "topic_id", table: "topics" },
  USE_CASE: { column: "use_case_id", table: "use_cases" },
} as const satisfies Record<Exclude<BreakdownField, "TAG">, { column: string; table: string }>;

/**
 * The verdicts of each run's results, by the property of their tests as they were then; labels are called as they are
 * now. A test with several tags counts under each. By key, with what has none last. One statement.
 */
export async function findBreakdowns(db: Db, scope: Scope, runIds: readonly string[], by: BreakdownField): Promise<ReadonlyMap<string, readonly BreakdownRow[]>> {
  const { rows } = await (by === BreakdownField.TAG ? byTag(scope, runIds) : byLabel(scope, runIds, LABELS[by])).execute(db);
  const groups = Map.groupBy(rows, ({ runId }) => runId);
  return new Map([...groups].map(([runId, found]) => [runId, found.map(({ key, passed, failed, errored }) => ({ key, passed, failed, errored }))]));
}

type Row = BreakdownRow & { readonly runId: string };

function byLabel(scope: Scope, runIds: readonly string[], { column, table }: (typeof LABELS)[keyof typeof LABELS]): RawBuilder<Row> {
  return sql<Row>`
    select counted.run_id, labels.name as key, counted.passed, counted.failed, counted.errored
    from (${counts(scope, runIds, sql.ref(`revisions.${column}`), sql``)}) as counted
    left join ${sql.table(table)} labels on labels.organization_id = ${scope.organizationId} and labels.id = counted.value
    order by counted.run_id, lower(labels.name) nulls last`;
}

function byTag(scope: Scope, runIds: readonly string[]): RawBuilder<Row> {
  return sql<Row>`
    select counted.run_id, counted.value as key, counted.passed, counted.failed, counted.errored
    from (${counts(scope, runIds, sql`tags.tag`, sql`left join lateral unnest(revisions.tags) as tags (tag) on true`)}) as counted
    order by counted.run_id, lower(counted.value) nulls last, counted.value`;
}

/** Counted by id first: names are looked up once a group and not once a result. */
function counts(scope: Scope, runIds: readonly string[], value: RawBuilder<unknown>, join: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    select results.run_id, ${value} as value,
      count(*) filter (where results.status = 'PASSED') as passed,
      count(*) filter (where results.status = 'FAILED') as failed,
      count(*) filter (where results.status = 'ERROR') as errored
    from test_results results
    join test_revisions revisions on revisions.organization_id = ${scope.organizationId} and revisions.id = results.test_revision_id
    ${join}
    where results.organization_id = ${scope.organizationId} and results.run_id = any(${runIds}::uuid[]) and results.status in ('PASSED', 'FAILED', 'ERROR')
    group by results.run_id, ${value}`;
}
