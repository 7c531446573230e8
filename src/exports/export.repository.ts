import { type RawBuilder, sql } from "kysely";
import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { ExportedMetricResult, ExportedOutput, ExportedResult, ExportedReview, ExportedTest } from "./export-row.js";
import { METRIC_RESULTS, OUTPUTS, RESULTS, TESTS, toMetricResult, toOutput, toResult, toTest } from "./export-tuples.js";

/** A stretch of a run's ordinals, both ends included. */
export interface Window {
  readonly runId: string;
  readonly from: number;
  readonly to: number;
}

/** The first ordinal of the window at which the outputs up to it hold more bytes than allowed; null where none does. Sizes are known without reading the values. */
export async function findOutputOverflow(db: Db, scope: Scope, outputRunIds: readonly string[], { from, to }: Window, maxBytes: number): Promise<number | null> {
  const { rows } = await sql<{ ordinal: number | null }>`
    select min(ordinal) as ordinal from (
      select outputs.ordinal, sum(octet_length(outputs.output) + pg_column_size(outputs.turns) + coalesce(pg_column_size(outputs.raw), 0)) over (order by outputs.ordinal) as bytes
      from test_outputs outputs
      where outputs.organization_id = ${scope.organizationId} and ${isOneOfRuns(outputRunIds)} and outputs.ordinal between ${from} and ${to}
    ) as sums where bytes > ${maxBytes}`.execute(db);
  return rows[0]?.ordinal ?? null;
}

/** The stored results of the window, by ordinal; `everything` with what only JSONL shows, here and below. */
export async function findStoredResultsOfWindow(db: Db, scope: Scope, { runId, from, to }: Window, everything: boolean): Promise<ExportedResult[]> {
  return readTuples(db, toResult, sql`
    select ${RESULTS.columns(everything)} from test_results results
    where results.organization_id = ${scope.organizationId} and results.run_id = ${runId}::uuid and results.ordinal between ${from} and ${to}
    order by results.ordinal`);
}

/** Tests as they were run, by the ids of their revisions. Each prompt is looked up by itself (`limit`): as a plain join, large sets were read whole for every window. */
export async function findTestsByRevisionIds(db: Db, scope: Scope, ids: readonly string[]): Promise<ExportedTest[]> {
  return readTuples(db, toTest, sql`
    select ${TESTS.columns(true)} from test_revisions revisions
    left join lateral (select * from prompts asked where asked.organization_id = ${scope.organizationId} and asked.id = revisions.prompt_id limit 1) as prompts on true
    where revisions.organization_id = ${scope.organizationId} and revisions.id = any(${ids}::uuid[])`);
}

/** The outputs of the window. */
export async function findOutputsOfWindow(db: Db, scope: Scope, outputRunIds: readonly string[], { from, to }: Window, everything: boolean): Promise<ExportedOutput[]> {
  return readTuples(db, toOutput, sql`
    select ${OUTPUTS.columns(everything)} from test_outputs outputs
    where outputs.organization_id = ${scope.organizationId} and ${isOneOfRuns(outputRunIds)} and outputs.ordinal between ${from} and ${to}`);
}

/** The metric results of the window, by ordinal and metric. */
export async function findMetricResultsOfWindow(db: Db, scope: Scope, { runId, from, to }: Window, everything: boolean): Promise<ExportedMetricResult[]> {
  return readTuples(db, toMetricResult, sql`
    select ${METRIC_RESULTS.columns(everything)} from metric_results scores
    where scores.organization_id = ${scope.organizationId} and scores.run_id = ${runId}::uuid and scores.ordinal between ${from} and ${to}
    order by scores.ordinal, scores.metric_index`);
}

/** The reviews of the window's results, oldest first. */
export async function findReviewsOfWindow(db: Db, scope: Scope, { runId, from, to }: Window): Promise<ExportedReview[]> {
  const { rows } = await sql<ExportedReview>`
    select reviews.id, reviews.ordinal, reviews.target, reviews.metric_index, reviews.turn, reviews.verdict, reviews.comment, users.name as author, reviews.created_at, reviews.updated_at
    from reviews
    left join users on users.organization_id = ${scope.organizationId} and users.id = reviews.author_id
    where reviews.organization_id = ${scope.organizationId} and reviews.run_id = ${runId}::uuid and reviews.ordinal between ${from} and ${to}
    order by reviews.ordinal, reviews.created_at, reviews.id`.execute(db);
  return rows;
}

/** The names of behaviors, categories, topics and use cases, by id. One statement. */
export async function findLabelNames(db: Db, scope: Scope, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<{ id: string; name: string }>`
    select behaviors.id, behaviors.name from behaviors where behaviors.organization_id = ${scope.organizationId} and behaviors.id = any(${ids}::uuid[])
    union all select categories.id, categories.name from categories where categories.organization_id = ${scope.organizationId} and categories.id = any(${ids}::uuid[])
    union all select topics.id, topics.name from topics where topics.organization_id = ${scope.organizationId} and topics.id = any(${ids}::uuid[])
    union all select use_cases.id, use_cases.name from use_cases where use_cases.organization_id = ${scope.organizationId} and use_cases.id = any(${ids}::uuid[])`.execute(db);
  return new Map(rows.map((row) => [row.id, row.name]));
}

/** A window's outputs are of one run, nearly always: as a constant it shows the planner the one partition that it needs. */
function isOneOfRuns(ids: readonly string[]) {
  return ids.length === 1 ? sql<boolean>`outputs.run_id = ${ids[0]}::uuid` : sql<boolean>`outputs.run_id = any(${ids}::uuid[])`;
}

/** Rows by their `tuple`, as one JSON value: most of a large download's time went into rows of many columns, one by one. */
async function readTuples<Tuple, Row>(db: Db, toRow: (tuple: Tuple) => Row, query: RawBuilder<unknown>): Promise<Row[]> {
  const { rows } = await sql<{ tuples: Tuple[] | null }>`select json_agg(tuple) as tuples from (${query}) as found`.execute(db);
  return (rows[0]?.tuples ?? []).map((tuple) => toRow(tuple));
}
