import { type Kysely, sql } from "kysely";

/** Is it good enough: versioned test cases about agents, and their runs, each over one test run. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    create table evaluation_test_cases (
      organization_id uuid not null references organizations (id),
      id uuid not null,
      project_id uuid not null,
      name text not null,
      version integer not null,
      created_by_id uuid,
      created_at timestamptz(3) not null,
      updated_at timestamptz(3) not null,
      archived_at timestamptz(3),
      primary key (organization_id, id),
      foreign key (organization_id, project_id) references projects (organization_id, id)
    );
    create unique index evaluation_test_cases_name_key on evaluation_test_cases (organization_id, project_id, lower(name)) where archived_at is null;

    create table evaluation_test_case_versions (
      organization_id uuid not null,
      id uuid not null,
      test_case_id uuid not null,
      version integer not null,
      name text not null,
      description text,
      test_set_id uuid not null,
      metric_ids uuid[] not null,
      star_metric_id uuid,
      success_threshold double precision,
      success_threshold_pct integer,
      created_by_id uuid,
      created_at timestamptz(3) not null,
      primary key (organization_id, id),
      foreign key (organization_id, test_case_id) references evaluation_test_cases (organization_id, id),
      foreign key (organization_id, test_set_id) references test_sets (organization_id, id)
    );
    create unique index evaluation_test_case_versions_version_key on evaluation_test_case_versions (organization_id, test_case_id, version);

    create table evaluation_runs (
      organization_id uuid not null references organizations (id),
      id uuid not null,
      name text not null,
      test_case_id uuid not null,
      test_case_version_id uuid not null,
      test_case_version integer not null,
      run_id uuid not null,
      agent_id uuid not null,
      endpoint_id uuid not null,
      agent jsonb not null,
      created_by_id uuid,
      queued_at timestamptz(3) not null,
      primary key (organization_id, id),
      foreign key (organization_id, test_case_id) references evaluation_test_cases (organization_id, id),
      foreign key (organization_id, run_id) references test_runs (organization_id, id)
    );
    create unique index evaluation_runs_run_key on evaluation_runs (organization_id, run_id);
    create index evaluation_runs_test_case on evaluation_runs (organization_id, test_case_id, queued_at, id);
    create index evaluation_runs_endpoint on evaluation_runs (organization_id, endpoint_id, queued_at, id);
    comment on column evaluation_runs.agent is 'The endpoint as it stood when the run was queued: name, versionHash, projectId.';
  `.execute(db);
}
