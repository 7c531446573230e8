import { sql } from "kysely";
import { type Db, storableText } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { FoundText, TestResultFilter } from "./result-filter.js";
import type { ResultParents } from "./result-page.repository.js";

/**
 * Tests and results that are looked up by the indexes at the most. What more of them match is common: a list then
 * meets enough of it by going along, and gathering it all first would take longer.
 */
const MAX_FOUND = 5_000;

/** The filter with what its search finds; null where that is nothing at all. */
export async function withFoundText(db: Db, scope: Scope, filter: TestResultFilter, parents: ResultParents): Promise<TestResultFilter | null> {
  if (filter.search == null) return filter;
  const found = await findText(db, scope, filter.search, parents);
  return found === null ? null : { ...filter, found };
}

/**
 * What a search finds, by the indexes of PostgreSQL's full-text search: every word of the text, each as the beginning
 * of a word, together in the prompt or together in the output. Null where the text has no words. Three statements at
 * the most, whatever the number of lists.
 */
async function findText(db: Db, scope: Scope, text: string, parents: ResultParents): Promise<FoundText | null> {
  const query = await queryOf(db, text);
  if (query === null) return null;
  const revisions = await findRevisions(db, scope, query);
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

/** By PostgreSQL's own parser, so that a search is cut into words as the texts were. */
async function queryOf(db: Db, text: string): Promise<string | null> {
  const { rows } = await sql<{ query: string | null }>`
    select string_agg('''' || replace(replace(words.lexeme, '\\', '\\\\'), '''', '''''') || ''':*', ' & ') as query
    from unnest(to_tsvector('simple', ${storableText(text)})) as words`.execute(db);
  return rows[0]?.query ?? null;
}

/** Tests whose prompts, goals or scripted turns match; null where there are too many to list. */
async function findRevisions(db: Db, scope: Scope, query: string): Promise<{ id: string; testId: string }[] | null> {
  const { rows } = await sql<{ id: string; testId: string }>`
    select revisions.id, revisions.test_id from prompts
    join test_revisions revisions on revisions.organization_id = ${scope.organizationId} and revisions.prompt_id = prompts.id
    where prompts.organization_id = ${scope.organizationId} and ${matchesPrompt(query)}
    union all
    select revisions.id, revisions.test_id from test_revisions revisions
    where revisions.organization_id = ${scope.organizationId} and ${matchesConversation(query)}
    limit ${MAX_FOUND + 1}`.execute(db);
  return rows.length > MAX_FOUND ? null : rows;
}

/** Results, of the runs or of all, whose outputs match. A re-score has the outputs of its source, all of one run. */
async function findAnswered(db: Db, scope: Scope, query: string, runIds: readonly string[] | null): Promise<Place[] | null> {
  const ofRuns = runIds === null ? sql`true` : sql`runs.id = any(${runIds}::uuid[])`;
  const { rows } = await sql<Place & { found: number }>`
    with sources as (
      select runs.id as run_id, case when runs.kind = 'EXECUTION' then runs.id else (
        select results.output_run_id from test_results results
        where results.organization_id = ${scope.organizationId} and results.run_id = runs.id and results.output_run_id is not null order by results.ordinal limit 1
      ) end as output_run_id
      from test_runs runs where runs.organization_id = ${scope.organizationId} and ${ofRuns}
    ), found as materialized (
      select outputs.run_id, outputs.ordinal from test_outputs outputs
      where outputs.organization_id = ${scope.organizationId} and outputs.search @@ ${query}::tsquery
        and ${runIds === null ? sql`true` : sql`outputs.run_id = any(array(select sources.output_run_id from sources))`}
      limit ${MAX_FOUND + 1}
    )
    select sources.run_id, found.ordinal, (select count(*) from found)::integer as found from found
    join sources on sources.output_run_id = found.run_id
    join test_results results on results.organization_id = ${scope.organizationId} and results.run_id = sources.run_id and results.ordinal = found.ordinal and results.output_run_id = found.run_id
    limit ${MAX_FOUND + 1}`.execute(db);
  return rows.length > MAX_FOUND || (rows[0]?.found ?? 0) > MAX_FOUND ? null : rows;
}

/** Results, of the runs or of all, that were asked by the tests. */
async function findAsked(db: Db, scope: Scope, revisions: readonly { id: string; testId: string }[], runIds: readonly string[] | null): Promise<Place[] | null> {
  if (revisions.length === 0) return [];
  const ofRuns = runIds === null ? sql`true` : sql`results.run_id = any(${runIds}::uuid[])`;
  const { rows } = await sql<Place>`
    select results.run_id, results.ordinal
    from unnest(${revisions.map(({ id }) => id)}::uuid[], ${revisions.map(({ testId }) => testId)}::uuid[]) as asked (id, test_id)
    join test_results results on results.organization_id = ${scope.organizationId} and results.test_id = asked.test_id and results.test_revision_id = asked.id and ${ofRuns}
    limit ${MAX_FOUND + 1}`.execute(db);
  return rows.length > MAX_FOUND ? null : rows;
}

/** Over `prompts`, as its index has it: the first 50,000 characters. */
export function matchesPrompt(query: string) {
  return sql<boolean>`to_tsvector('simple', left(prompts.content, 50000)) @@ ${query}::tsquery`;
}

/** Over `revisions`, as its index has it: the goal and the scripted turns. */
export function matchesConversation(query: string) {
  return sql<boolean>`(revisions.conversation is not null and to_tsvector('simple', left(coalesce(revisions.conversation ->> 'goal', '') || ' ' || coalesce(revisions.conversation ->> 'scriptedTurns', ''), 50000)) @@ ${query}::tsquery)`;
}
