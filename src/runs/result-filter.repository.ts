import { type RawBuilder, sql, type SqlBool } from "kysely";
import { timeConditions } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { MetricResultStatus } from "./metric-result.js";
import { allOf, type Condition, contentConditions, matchesConversation, matchesPrompt, outputsOfRunWith, searchQuery } from "./result-content.repository.js";
import { asksElsewhere, type FoundText, type MetricResultFilter, namesRange, type OutputSource, type TestResultFilter } from "./result-filter.js";

/** Over `runs`: what the filter says of runs. */
export function runConditions(filter: TestResultFilter): Condition[] {
  const conditions: Condition[] = [];
  if (filter.runId != null) conditions.push(sql`runs.id = ${filter.runId}::uuid`);
  if (filter.projectId != null) conditions.push(sql`runs.project_id = ${filter.projectId}::uuid`);
  if (filter.endpointId != null) conditions.push(sql`runs.endpoint_id = ${filter.endpointId}::uuid`);
  // A run without a set has tests of several: those are looked at one by one.
  if (filter.testSetId != null) conditions.push(sql`(runs.test_set_id = ${filter.testSetId}::uuid or runs.test_set_id is null)`);
  // Lists over all runs look into those alone that have some.
  if (filter.trial != null) conditions.push(sql`runs.trials >= ${filter.trial}::integer`);
  if (filter.reviewed === true) conditions.push(sql`runs.reviewed > 0`);
  if (filter.corrected === true) conditions.push(sql`runs.corrected > 0`);
  return conditions;
}

/** Over `results` and `runs`: what the filter says of stored results, status aside, and of the content that they ran. */
export function storedConditions(scope: Scope, filter: TestResultFilter): Condition[] {
  return [...ownConditions(scope, filter), ...rangeConditions(filter), ...foreignConditions(scope, filter)];
}

/** Over `results` and `runs`: what the results' own columns tell, status and ranges aside. */
export function ownConditions(scope: Scope, filter: TestResultFilter): Condition[] {
  const conditions: Condition[] = [];
  if (filter.testId != null) conditions.push(sql`results.test_id = ${filter.testId}::uuid`);
  if (filter.automatedStatus != null) conditions.push(sql`results.automated_status = any(${filter.automatedStatus}::text[])`);
  if (filter.errorType != null) conditions.push(sql`results.error_type = any(${filter.errorType}::text[])`);
  if (filter.trial != null) conditions.push(sql`(results.ordinal - 1) % runs.trials + 1 = ${filter.trial}::integer`);
  // As the partial indexes say it: there are few such results among many.
  if (filter.reviewed != null) conditions.push(filter.reviewed ? sql`results.review_count > 0` : sql`results.review_count = 0`);
  if (filter.corrected != null) conditions.push(filter.corrected ? sql`results.status <> results.automated_status` : sql`results.status = results.automated_status`);
  if (filter.testSetId != null) conditions.push(sql`(runs.test_set_id is not null or (${ofRevision(scope, [sql`revisions.test_set_id = ${filter.testSetId}::uuid`])}))`);
  return conditions;
}

/** Over `results`: the ranges that the filter names. */
export function rangeConditions({ minLatencyMs, finishedAt }: TestResultFilter): Condition[] {
  const latency = minLatencyMs == null ? [] : [sql<SqlBool>`results.latency_ms >= ${minLatencyMs}::double precision`];
  return [...latency, ...timeConditions("results.finishedAt", finishedAt)];
}

/** Over `results` and `runs`: what other tables tell of each of them. `runId` is their run where it is one. */
export function foreignConditions(scope: Scope, filter: TestResultFilter, runId: RawBuilder<unknown> | null = null): Condition[] {
  const conditions = contentOfResults(scope, filter);
  if (filter.metric != null) conditions.push(metricCondition(scope, filter.metric, runId));
  if (filter.search != null) conditions.push(filter.found === undefined ? textCondition(scope, filter.search, filter.outputs) : searchCondition(scope, filter.found));
  return conditions;
}

/** Over `results` and `runs`: what the indexes find by the filter's candidates; each is also held against `foreignConditions`. */
export function candidateConditions(scope: Scope, filter: TestResultFilter): Condition[] {
  const { candidates, metric, outputs, search } = filter;
  if (candidates === undefined) return [];
  const runId = candidates.runId === null ? sql`runs.id` : sql`${candidates.runId}::uuid`;
  const conditions: Condition[] = [];
  if (namesRange(filter) && !asksElsewhere(filter)) {
    conditions.push(sql`results.ordinal = any(array(
      select results.ordinal from test_results results
      where results.organization_id = ${scope.organizationId} and results.run_id = ${runId} and ${allOf(rangeConditions(filter))}))`);
  }
  if (candidates.testIds !== null) conditions.push(sql`results.test_id = any(${candidates.testIds}::uuid[])`);
  if (metric != null) {
    // All statuses rather than none: the index has the scores of each.
    const scores = scoreConditions(scope, { ...metric, status: metric.status ?? Object.values(MetricResultStatus) }, runId);
    conditions.push(sql`results.ordinal = any(array(
      select scores.ordinal from metric_results scores
      where scores.organization_id = ${scope.organizationId} and scores.run_id = ${runId} and ${allOf(scores)}))`);
  }
  if (search != null && candidates.askedTestIds !== null) {
    const asked = sql`
      select asked.ordinal from test_results asked
      where asked.organization_id = ${scope.organizationId} and asked.run_id = ${runId} and asked.test_id = any(${candidates.askedTestIds}::uuid[])`;
    const words = outputs == null ? asked : sql`select hits.ordinal from (${outputsOfRunWith(scope, searchQuery(search), outputs)}) as hits union all ${asked}`;
    conditions.push(sql`results.ordinal = any(array(${words}))`);
  }
  return conditions;
}

/** Over `revisions` and `segments`: what the filter says of the content of tests that are planned. */
export function plannedConditions(scope: Scope, filter: TestResultFilter): Condition[] {
  const conditions = contentConditions(filter);
  if (filter.testSetId != null) conditions.push(sql`segments.test_set_id = ${filter.testSetId}::uuid`);
  if (filter.search != null) conditions.push(filter.found === undefined ? sql`false` : plannedSearch(scope, filter.found));
  return conditions;
}

/** Over `revisions`: what has no output yet. */
function plannedSearch(scope: Scope, { query, revisionIds }: FoundText): Condition {
  return revisionIds === null ? promptCondition(scope, sql`${query}`) : sql`revisions.id = any(${revisionIds}::uuid[])`;
}

/** Over `results`: by their tests where few match, else by looking at the test of each. */
function contentOfResults(scope: Scope, filter: TestResultFilter): Condition[] {
  const content = contentConditions(filter);
  if (content.length === 0) return [];
  if (filter.contents == null) return [ofRevision(scope, content)];
  const [ids, testIds] = [filter.contents.map(({ id }) => id), filter.contents.map(({ testId }) => testId)];
  return [sql`results.test_id = any(${testIds}::uuid[])`, sql`results.test_revision_id = any(${ids}::uuid[])`];
}

/** As a value and not as "exists", which the planner may take for a reason to look at all tests first: where few match, they were looked up before. */
function ofRevision(scope: Scope, conditions: readonly Condition[]): Condition {
  return sql`(
    select ${allOf(conditions)} from test_revisions revisions
    where revisions.organization_id = ${scope.organizationId} and revisions.id = results.test_revision_id) is true`;
}

/** Over `results`: by their places where the search found few, else by looking at the texts of each. */
function searchCondition(scope: Scope, { query, revisionIds, places, runId }: FoundText): Condition {
  if (places !== null && runId !== null) return sql`results.ordinal = any(${places.map(({ ordinal }) => ordinal)}::integer[])`;
  if (places !== null) {
    return sql`(results.run_id, results.ordinal) in (
      select found.run_id, found.ordinal from unnest(${places.map((place) => place.runId)}::uuid[], ${places.map(({ ordinal }) => ordinal)}::integer[]) as found (run_id, ordinal))`;
  }
  const asked = revisionIds === null ? sql<SqlBool>`(${ofRevision(scope, [promptCondition(scope, sql`${query}`)])})` : sql<SqlBool>`results.test_revision_id = any(${revisionIds}::uuid[])`;
  return sql`(${outputCondition(scope, sql`${query}`)} or ${asked})`;
}

/** Over `results`: in their outputs first, which are nearer, where it is known where those of a run are. */
function textCondition(scope: Scope, search: string, outputs: OutputSource | null | undefined): Condition {
  const query = searchQuery(search);
  const asked = sql<SqlBool>`(${ofRevision(scope, [promptCondition(scope, query)])})`;
  return outputs === null ? asked : sql`(${outputCondition(scope, query, outputs)} or ${asked})`;
}

function outputCondition(scope: Scope, query: RawBuilder<unknown>, source?: OutputSource): Condition {
  const [table, runId] = source === undefined ? [sql.table("test_outputs"), sql`results.output_run_id`] : [sql.table(source.partition), sql`${source.runId}::uuid`];
  return sql`(results.output_run_id = ${runId} and (
    select outputs.search @@ ${query}::tsquery from ${table} outputs
    where outputs.organization_id = ${scope.organizationId} and outputs.run_id = ${runId} and outputs.ordinal = results.ordinal) is true)`;
}

/** Over `revisions`. */
function promptCondition(scope: Scope, query: RawBuilder<unknown>): Condition {
  return sql`(${matchesConversation(query)} or (
    select ${matchesPrompt(query)} from prompts where prompts.organization_id = ${scope.organizationId} and prompts.id = revisions.prompt_id) is true)`;
}

function metricCondition(scope: Scope, filter: MetricResultFilter, runId: RawBuilder<unknown> | null): Condition {
  const run = runId ?? sql`runs.id`;
  const found = sql`
    select true from metric_results scores
    where scores.organization_id = ${scope.organizationId} and scores.run_id = ${run} and scores.ordinal = results.ordinal and ${allOf(scoreConditions(scope, filter, run))}`;
  // Of one run it is known whether many match, so that the planner is not asked; elsewhere it may begin with the scores.
  return runId === null ? sql`exists (${found})` : sql`(${found} limit 1) is true`;
}

/** Over `scores`, of the run. */
function scoreConditions(scope: Scope, filter: MetricResultFilter, runId: RawBuilder<unknown>): Condition[] {
  const conditions: Condition[] = [];
  if (filter.status != null) conditions.push(sql`scores.status = any(${filter.status}::text[])`);
  if (filter.minScore != null) conditions.push(sql`scores.score >= ${filter.minScore}::double precision`);
  if (filter.maxScore != null) conditions.push(sql`scores.score <= ${filter.maxScore}::double precision`);
  // The array depends on the run alone, so it is made once a run and not for every result.
  conditions.push(sql`scores.metric_index = any(array(
    select pinned.metric_index from run_metrics pinned
    join metric_versions versions on versions.organization_id = ${scope.organizationId} and versions.id = pinned.metric_version_id
    where pinned.organization_id = ${scope.organizationId} and pinned.run_id = ${runId} and lower(versions.definition ->> 'name') = lower(${filter.name})))`);
  return conditions;
}
