import { type RawBuilder, sql } from "kysely";
import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { allOf, type Condition, contentConditions, matchesConversation, matchesPrompt, outputsOfRunWith, outputsWith, searchQuery } from "./result-content.repository.js";
import type { Candidates, Content, FoundText, OutputSource, TestResultFilter } from "./result-filter.js";
import type { ResultParents } from "./result-page.repository.js";

/**
 * Tests and results that are looked up by the indexes at the most. What more of them match is common: a list then
 * meets enough of it by going along, and gathering it all first would take longer.
 */
const MAX_FOUND = 5_000;

/** The filter with what its search and its tests' properties stand for, as far as that is little; null where nothing can match. */
export async function withLookups(db: Db, scope: Scope, filter: TestResultFilter, parents: ResultParents): Promise<TestResultFilter | null> {
  const content = parents.kind === "test" ? [] : contentConditions(filter);
  const contents = content.length === 0 ? null : await findContents(db, scope, content);
  if (filter.search == null) return { ...filter, contents };
  const found = await findText(db, scope, filter.search, parents);
  return found === null ? null : { ...filter, contents, found };
}

/** Contents of tests with the properties; null where there are too many to list. */
async function findContents(db: Db, scope: Scope, content: readonly Condition[]): Promise<Content[] | null> {
  const { rows } = await sql<Counted<Content>>`
    with found as materialized (
      select revisions.id, revisions.test_id from test_revisions revisions where revisions.organization_id = ${scope.organizationId} and ${allOf(content)} limit ${MAX_FOUND + 1}
    )
    select counted.found, found.* from (select count(*) as found from found) as counted left join found on counted.found <= ${MAX_FOUND}`.execute(db);
  return unlessTooMany(rows);
}

/**
 * What a search finds, by the indexes of PostgreSQL's full-text search: every word of the text, each as the beginning
 * of a word, together in the prompt or together in the output. Null where the text has no words. Three statements at
 * the most, whatever the number of lists.
 */
async function findText(db: Db, scope: Scope, text: string, parents: ResultParents): Promise<FoundText | null> {
  const query = await queryOf(db, text);
  if (query === null) return null;
  const revisions = await findRevisions(db, scope, sql`${query}`);
  const revisionIds = revisions?.map(({ id }) => id) ?? null;
  // The results of one test are few: they are gone along.
  if (revisions === null || parents.kind === "test") return { query, revisionIds, places: null, runId: null };
  const runIds = parents.kind === "run" ? parents.ids : null;
  const answered = await findAnswered(db, scope, query, runIds);
  const asked = answered === null ? null : await findAsked(db, scope, revisions, runIds);
  const places = answered === null || asked === null ? null : distinct([...answered, ...asked]);
  return { query, revisionIds, places, runId: runIds?.length === 1 ? (runIds[0] ?? null) : null };
}

interface Place {
  readonly runId: string;
  readonly ordinal: number;
}

function distinct(places: readonly Place[]): Place[] {
  return [...new Map(places.map((place) => [`${place.runId} ${place.ordinal}`, place])).values()];
}

async function queryOf(db: Db, text: string): Promise<string | null> {
  const { rows } = await sql<{ query: string | null }>`select ${searchQuery(text)} as query`.execute(db);
  return rows[0]?.query ?? null;
}

/** By what the indexes find results of a run among which few match; null where too many tests match in all. Two statements at the most. */
export async function findCandidates(db: Db, scope: Scope, filter: TestResultFilter, runId: string): Promise<Candidates | null> {
  const content = contentConditions(filter);
  const contents = content.length === 0 ? null : await findContents(db, scope, content);
  if (content.length > 0 && contents === null) return null;
  const asked = filter.search == null ? null : await findRevisions(db, scope, searchQuery(filter.search));
  if (filter.search != null && asked === null) return null;
  return { runId, testIds: contents && distinctTests(contents), askedTestIds: asked && distinctTests(asked) };
}

function distinctTests(contents: readonly Content[]): string[] {
  return [...new Set(contents.map(({ testId }) => testId))];
}

/** Where the outputs of a run are; null where it has none. */
export async function findOutputSource(db: Db, scope: Scope, runId: string): Promise<OutputSource | null> {
  const { rows } = await sql<OutputSource>`
    select stored.run_id, stored.partition from test_runs runs
    cross join lateral (
      select outputs.run_id, outputs.tableoid::regclass::text as partition from test_outputs outputs
      where outputs.organization_id = ${scope.organizationId} and outputs.run_id = coalesce(runs.output_run_id, runs.id) order by outputs.ordinal limit 1) as stored
    where runs.organization_id = ${scope.organizationId} and runs.id = ${runId}::uuid`.execute(db);
  return rows[0] ?? null;
}

/** Tests whose prompts, goals or scripted turns match; null where there are too many to list. */
async function findRevisions(db: Db, scope: Scope, query: RawBuilder<unknown>): Promise<Content[] | null> {
  const { rows } = await sql<Counted<Content>>`
    with asked as materialized (
      select prompts.id from prompts where prompts.organization_id = ${scope.organizationId} and ${matchesPrompt(query)} limit ${MAX_FOUND + 1}
    ), found as materialized (
      select revisions.id, revisions.test_id from asked cross join lateral (
        select * from test_revisions of_prompt where of_prompt.organization_id = ${scope.organizationId} and of_prompt.prompt_id = asked.id offset 0) as revisions
      union all
      select revisions.id, revisions.test_id from test_revisions revisions
      where revisions.organization_id = ${scope.organizationId} and ${matchesConversation(query)}
      limit ${MAX_FOUND + 1}
    )
    select counted.found, found.* from (select count(*) as found from found) as counted left join found on counted.found <= ${MAX_FOUND}`.execute(db);
  return unlessTooMany(rows);
}

interface Source {
  readonly runId: string;
  readonly outputRunId: string;
}

/** Which run's outputs the runs have: a re-score names the one that stored them. */
async function findSources(db: Db, scope: Scope, runIds: readonly string[]): Promise<Source[]> {
  const { rows } = await sourcesOfRuns(scope, sql`runs.id = any(${runIds}::uuid[])`).execute(db);
  return rows;
}

function sourcesOfRuns(scope: Scope, condition: Condition) {
  return sql<Source>`select runs.id as run_id, coalesce(runs.output_run_id, runs.id) as output_run_id from test_runs runs where runs.organization_id = ${scope.organizationId} and ${condition}`;
}

/** Results, of the runs or of all, whose outputs match. */
async function findAnswered(db: Db, scope: Scope, query: string, runIds: readonly string[] | null): Promise<Place[] | null> {
  const known = runIds === null ? null : await findSources(db, scope, runIds);
  const [first, ...others] = known ?? [];
  if (known !== null && first === undefined) return [];
  const source = first !== undefined && others.length === 0 ? await findOutputSource(db, scope, first.runId) : null;
  const outputs = source === null ? outputsWith(scope, sql`${query}`, known?.map(({ outputRunId }) => outputRunId) ?? null) : outputsOfRunWith(scope, sql`${query}::text`, source);
  const sources = known === null ? sourcesOfRuns(scope, sql`true`) : sql`select * from unnest(${known.map(({ runId }) => runId)}::uuid[], ${known.map(({ outputRunId }) => outputRunId)}::uuid[]) as known (run_id, output_run_id)`;
  const { rows } = await sql<Counted<Place>>`
    with sources as (${sources}), found as materialized (
      ${outputs} limit ${MAX_FOUND + 1}
    )
    select counted.found, places.* from (select count(*) as found from found) as counted
    left join lateral (
      select sources.run_id, found.ordinal from found
      join sources on sources.output_run_id = found.run_id
      join test_results results on results.organization_id = ${scope.organizationId} and results.run_id = sources.run_id and results.ordinal = found.ordinal and results.output_run_id = found.run_id
      where counted.found <= ${MAX_FOUND} limit ${MAX_FOUND + 1}
    ) as places on true`.execute(db);
  return unlessTooMany(rows);
}

/** A row with how many were found: more than the allowed number come as one row that holds nothing else. */
type Counted<R> = { readonly found: number } & { readonly [K in keyof R]: R[K] | null };

function unlessTooMany<R extends object>(rows: readonly Counted<R>[]): R[] | null {
  if ((rows[0]?.found ?? 0) > MAX_FOUND || rows.length > MAX_FOUND) return null;
  return rows.filter((row) => Object.values(row).every((value) => value !== null)) as unknown as R[]; // every column is there
}

/** Results, of the runs or of all, that were asked by the tests. */
async function findAsked(db: Db, scope: Scope, revisions: readonly Content[], runIds: readonly string[] | null): Promise<Place[] | null> {
  if (revisions.length === 0) return [];
  const ofRuns = runIds === null ? sql`true` : sql`results.run_id = any(${runIds}::uuid[])`;
  const { rows } = await sql<Place>`
    select results.run_id, results.ordinal
    from unnest(${revisions.map(({ id }) => id)}::uuid[], ${revisions.map(({ testId }) => testId)}::uuid[]) as asked (id, test_id)
    join test_results results on results.organization_id = ${scope.organizationId} and results.test_id = asked.test_id and results.test_revision_id = asked.id and ${ofRuns}
    limit ${MAX_FOUND + 1}`.execute(db);
  return rows.length > MAX_FOUND ? null : rows;
}
