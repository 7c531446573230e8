import { type Kysely, sql } from "kysely";

/** So few, as lists over all runs have each of them planned: with sixteen that took longer than reading the page. */
const PARTITIONS = 8;

/**
 * What came of it. Partitioned by hash of the run: every hot query names one. A result has no id column: its id
 * follows from run and ordinal. A planned result without a row is answered from the run's plan.
 */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    create table test_results (
      organization_id uuid not null,
      run_id uuid not null,
      ordinal integer not null,
      status text not null check (status in ('PENDING', 'RUNNING', 'PASSED', 'FAILED', 'ERROR', 'CANCELLED')),
      automated_status text not null check (automated_status in ('PENDING', 'RUNNING', 'PASSED', 'FAILED', 'ERROR', 'CANCELLED')),
      test_id uuid not null,
      test_revision_id uuid not null,
      output_run_id uuid,
      error_type text,
      error jsonb,
      attempts jsonb not null default '[]',
      earlier_attempts smallint not null default 0,
      latency_ms double precision,
      started_at timestamptz(3),
      finished_at timestamptz(3),
      seq bigint,
      review_count integer not null default 0,
      primary key (organization_id, run_id, ordinal)
    ) partition by hash (run_id);
    create unique index test_results_seq_key on test_results (run_id, seq);
    create index test_results_finished_at on test_results (organization_id, run_id, finished_at, ordinal);
    create index test_results_latency on test_results (organization_id, run_id, latency_ms, ordinal);
    create index test_results_status on test_results (organization_id, run_id, status, ordinal);
    create index test_results_automated_status on test_results (organization_id, run_id, automated_status, ordinal);
    create index test_results_error_type on test_results (organization_id, run_id, error_type, ordinal) where error_type is not null;
    create index test_results_reviewed on test_results (organization_id, run_id, ordinal) where review_count > 0;
    create index test_results_corrected on test_results (organization_id, run_id, ordinal) where status <> automated_status;
    create index test_results_test on test_results (organization_id, test_id, run_id, ordinal) include (status, automated_status);
    comment on column test_results.ordinal is 'The place among the planned results, from 1: (position - 1) * trials + trial.';
    comment on column test_results.output_run_id is 'The run whose output this result has, under the same ordinal; null without an output.';
    comment on column test_results.earlier_attempts is 'How many of the attempts were before the last retry of the run: they do not count towards the limit.';
    comment on column test_results.seq is 'The order of finishing in the run; null until there is a verdict.';
    comment on column test_results.review_count is 'Reviews of the result, its metrics and its turns that stand.';
    comment on column test_results.status is 'The verdict that counts; automated_status is the one before any review. PENDING and RUNNING: without a verdict, but with an answer or attempts to keep.';

    create table test_outputs (
      organization_id uuid not null,
      run_id uuid not null,
      ordinal integer not null,
      output text not null,
      input_tokens integer,
      output_tokens integer,
      session_id text,
      context jsonb not null default '[]',
      metadata jsonb,
      tool_calls jsonb,
      raw jsonb,
      turns jsonb not null default '[]',
      stop_reason text,
      latency_ms double precision,
      search tsvector generated always as (to_tsvector('simple', left(output, 50000))) stored,
      primary key (organization_id, run_id, ordinal)
    ) partition by hash (run_id);
    create index test_outputs_search on test_outputs using gin ((search || array_to_tsvector(array[chr(1) || substr(md5(run_id::text), 1, 7)])));
    comment on index test_outputs_search is 'The words with a mark of the run among them: what is found in a run is not first found in all others of the partition.';
    comment on column test_outputs.search is 'The words of the first 50,000 characters: far below the megabyte that such a value may have.';
    comment on table test_outputs is 'Stored once; re-scores refer to them.';
    comment on column test_outputs.latency_ms is 'Of the call that answered: re-scores judge by it.';

    create table metric_results (
      organization_id uuid not null,
      run_id uuid not null,
      ordinal integer not null,
      metric_index smallint not null,
      status text not null check (status in ('PASSED', 'FAILED', 'ERROR', 'SKIPPED', 'INCONCLUSIVE')),
      automated_status text not null check (automated_status in ('PASSED', 'FAILED', 'ERROR', 'SKIPPED', 'INCONCLUSIVE')),
      score double precision,
      category text,
      threshold double precision,
      reason text,
      error_code text,
      error_message text,
      metadata jsonb not null default '{}',
      duration_ms double precision not null,
      input_tokens integer,
      output_tokens integer,
      cost double precision,
      primary key (organization_id, run_id, ordinal, metric_index)
    ) partition by hash (run_id);
    create index metric_results_metric on metric_results (organization_id, run_id, metric_index, status, score, ordinal) include (category, automated_status);
  `.execute(db);

  // Lists of results are filtered by the content that they ran, of whatever version of a set.
  await sql`
    alter table prompts add column search tsvector generated always as (to_tsvector('simple', left(content, 50000))) stored;
    create index prompts_search on prompts using gin (search);
    comment on column prompts.search is 'The words of the first 50,000 characters, as those of outputs: a search that goes along a list does not parse each prompt again.';
    create index test_revisions_search on test_revisions using gin (to_tsvector('simple', left(coalesce(conversation ->> 'goal', '') || ' ' || coalesce(conversation ->> 'scriptedTurns', ''), 50000)))
      where conversation is not null;
    create index test_revisions_any_behavior on test_revisions (organization_id, behavior_id) where behavior_id is not null;
    create index test_revisions_category on test_revisions (organization_id, category_id) where category_id is not null;
    create index test_revisions_topic on test_revisions (organization_id, topic_id) where topic_id is not null;
    create index test_revisions_use_case on test_revisions (organization_id, use_case_id) where use_case_id is not null;
    create index test_revisions_tags on test_revisions using gin (tags);
  `.execute(db);

  for (const table of ["test_results", "test_outputs", "metric_results"]) {
    for (let remainder = 0; remainder < PARTITIONS; remainder += 1) {
      // Index-only scans need a vacuum after the run's inserts; the default waits for 20 % of the table.
      await sql`
        create table ${sql.table(`${table}_${remainder}`)} partition of ${sql.table(table)}
          for values with (modulus ${sql.lit(PARTITIONS)}, remainder ${sql.lit(remainder)})
          with (autovacuum_vacuum_insert_scale_factor = 0.02)`.execute(db);
    }
  }
}
