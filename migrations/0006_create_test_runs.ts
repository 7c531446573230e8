import { type Kysely, sql } from "kysely";

/**
 * What is run. The plan of a run is data, not rows: its segments name the immutable set versions (and, for a
 * selection, the positions in them), so that a run of a million tests is queued in a handful of rows.
 */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    create table test_configurations (
      organization_id uuid not null references organizations (id),
      id uuid not null,
      endpoint_id uuid not null,
      test_set_id uuid,
      behavior_id uuid,
      category_id uuid,
      topic_id uuid,
      prompt_id uuid,
      use_case_id uuid,
      mode text not null check (mode in ('PARALLEL', 'SEQUENTIAL')),
      trials integer not null,
      attributes jsonb not null default '{}',
      content_hash text not null,
      created_at timestamptz(3) not null,
      deleted_at timestamptz(3),
      primary key (organization_id, id),
      foreign key (organization_id, endpoint_id) references endpoints (organization_id, id),
      foreign key (organization_id, test_set_id) references test_sets (organization_id, id)
    );
    create index test_configurations_content on test_configurations (organization_id, content_hash) where deleted_at is null;
    create index test_configurations_endpoint on test_configurations (organization_id, endpoint_id, id);
    create index test_configurations_test_set on test_configurations (organization_id, test_set_id, id);
    comment on column test_configurations.content_hash is 'SHA-256 over what it says: executeTestSet reuses an equal one.';

    create table test_runs (
      organization_id uuid not null references organizations (id),
      id uuid not null,
      project_id uuid not null,
      name text not null,
      kind text not null check (kind in ('EXECUTION', 'RESCORE')),
      status text not null check (status in ('QUEUED', 'RUNNING', 'PAUSED', 'CANCELLING', 'CANCELLED', 'COMPLETED', 'PARTIAL', 'FAILED')),
      mode text not null check (mode in ('PARALLEL', 'SEQUENTIAL')),
      trials integer not null,
      test_set_id uuid,
      test_set_version integer,
      selection jsonb,
      endpoint_id uuid not null,
      endpoint_version_id uuid not null,
      configuration_id uuid not null,
      experiment_id uuid,
      experiment_version_id uuid,
      parameters jsonb not null default '{}',
      metrics_source text not null check (metrics_source in ('EXECUTION', 'TEST_SET', 'BEHAVIOR')),
      source_run_id uuid,
      output_run_id uuid,
      request jsonb not null default '{}',
      overrides jsonb not null default '{}',
      user_model_id uuid,
      error jsonb,
      test_count integer not null,
      total integer not null,
      executed integer not null default 0,
      answered integer not null default 0,
      passed integer not null default 0,
      failed integer not null default 0,
      errored integer not null default 0,
      cancelled integer not null default 0,
      reviewed integer not null default 0,
      corrected integer not null default 0,
      usage jsonb not null default '{}',
      summary jsonb,
      seq bigint not null default 0,
      version bigint not null default 1,
      lane_count integer not null default 1,
      tags text[] not null default '{}',
      attributes jsonb not null default '{}',
      owner_id uuid,
      assignee_id uuid,
      created_by_id uuid,
      created_at timestamptz(3) not null,
      started_at timestamptz(3),
      finished_at timestamptz(3),
      primary key (organization_id, id),
      foreign key (organization_id, project_id) references projects (organization_id, id),
      foreign key (organization_id, endpoint_id) references endpoints (organization_id, id),
      foreign key (organization_id, configuration_id) references test_configurations (organization_id, id),
      foreign key (organization_id, user_model_id) references models (organization_id, id)
    ) with (fillfactor = 50);
    create index test_runs_created_at on test_runs (organization_id, created_at, id);
    create index test_runs_finished_at on test_runs (organization_id, finished_at, id);
    create index test_runs_name on test_runs (organization_id, lower(name), id);
    create index test_runs_test_set on test_runs (organization_id, test_set_id, endpoint_id, created_at);
    create index test_runs_endpoint on test_runs (organization_id, endpoint_id, created_at);
    create index test_runs_configuration on test_runs (organization_id, configuration_id, created_at);
    create index test_runs_experiment on test_runs (organization_id, experiment_id, created_at) where experiment_id is not null;
    create index test_runs_output on test_runs (organization_id, output_run_id) where output_run_id is not null;
    create index test_runs_source on test_runs (organization_id, source_run_id) where source_run_id is not null;
    create index test_runs_reviewed on test_runs (organization_id, created_at, id) where reviewed > 0;
    create index test_runs_active on test_runs (organization_id, id) where status in ('QUEUED', 'RUNNING', 'PAUSED', 'CANCELLING');
    comment on column test_runs.source_run_id is 'Of a re-score: the run that was named; no foreign key, as it may be deleted.';
    comment on column test_runs.output_run_id is 'Of a re-score: the run that stored the outputs. They are kept for as long as a run names them, also when that run was deleted.';
    comment on column test_runs.total is 'Planned results: tests times trials.';
    comment on column test_runs.executed is 'Results with an output.';
    comment on column test_runs.answered is 'Results with an output or a final error of the call: all of them end the phase EXECUTING.';
    comment on column test_runs.seq is 'The sequence number given to the newest finished result; gapless from 1, but for those that a retry took back.';
    comment on column test_runs.version is 'Grows with every change that a subscriber may see.';
    comment on column test_runs.request is 'What was asked for, for a re-run of the same: execution-time metrics, experiment and version as given.';
    comment on column test_runs.overrides is 'Of the endpoint''s limits: timeoutMs, maxAttempts.';
    comment on column test_runs.user_model_id is 'The model that plays the user in conversations that pursue a goal; null where none does.';
    comment on column test_runs.summary is 'Computed once when the run ends, null before: metric summaries and latency. Reviews move its counts; a retry clears it.';
    comment on column test_runs.reviewed is 'Results with a review of any target.';
    comment on column test_runs.corrected is 'Results whose verdict a reviewer changed: status is not automated_status.';

    create table run_segments (
      organization_id uuid not null,
      run_id uuid not null,
      first_position integer not null,
      test_count integer not null,
      test_set_id uuid not null,
      test_set_version integer not null,
      positions integer[],
      primary key (organization_id, run_id, first_position),
      foreign key (organization_id, run_id) references test_runs (organization_id, id) on delete cascade
    );
    comment on table run_segments is 'The plan: places first_position .. first_position + test_count - 1 of the run are these tests of the set''s version.';
    comment on column run_segments.positions is 'The tests'' positions in the set, in order; null where they are 1 .. test_count.';

    create table run_metrics (
      organization_id uuid not null,
      run_id uuid not null,
      metric_index smallint not null,
      metric_id uuid not null,
      metric_version_id uuid not null,
      behavior_ids uuid[],
      primary key (organization_id, run_id, metric_index),
      foreign key (organization_id, run_id) references test_runs (organization_id, id) on delete cascade,
      foreign key (organization_id, metric_version_id) references metric_versions (organization_id, id)
    );
    comment on column run_metrics.behavior_ids is 'Tests of these behaviors only; null for every test.';

    create table run_lanes (
      organization_id uuid not null,
      run_id uuid not null,
      lane smallint not null,
      next_ordinal integer not null,
      running integer[] not null default '{}',
      job_id text,
      done boolean not null default false,
      failures smallint not null default 0,
      primary key (organization_id, run_id, lane),
      foreign key (organization_id, run_id) references test_runs (organization_id, id) on delete cascade
    ) with (fillfactor = 50);
    comment on column run_lanes.next_ordinal is 'Every ordinal of the lane below it has a verdict.';
    comment on column run_lanes.running is 'Ordinals in work at the last write.';
    comment on column run_lanes.failures is 'How often in a row the work on the lane failed for a cause of ours: after some times the lane is given up.';
    comment on column run_lanes.job_id is 'The queue''s job that works on the lane; a job that is run again after a crash finds its own name here.';

    create table endpoint_paces (
      organization_id uuid not null,
      endpoint_id uuid not null,
      last_turn_at timestamptz,
      held_until timestamptz,
      primary key (organization_id, endpoint_id)
    ) with (fillfactor = 50);
    comment on column endpoint_paces.last_turn_at is 'When the last call started, or is about to, where requests_per_minute is set: the next one follows a minute / limit later.';
    comment on column endpoint_paces.held_until is 'Until when an endpoint asked to be left alone, by a long Retry-After.';
    comment on table endpoint_paces is 'What paces the calls of an endpoint, a model or a remote metric, over all workers.';
    comment on column endpoint_paces.endpoint_id is 'Whatever is called: the id of an endpoint, a model or a metric.';
  `.execute(db);
}
