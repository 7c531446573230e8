import { type Kysely, sql } from "kysely";

/** How answers are judged. A definition is immutable; every edit of a metric is a new version. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    create table metrics (
      organization_id uuid not null references organizations (id),
      id uuid not null,
      name text not null,
      kind text not null check (kind in ('LLM_JUDGE', 'BUILT_IN', 'REMOTE')),
      scope text[] not null,
      latest_version integer not null,
      secret text,
      created_at timestamptz(3) not null,
      updated_at timestamptz(3) not null,
      deleted_at timestamptz(3),
      primary key (organization_id, id)
    );
    create unique index metrics_name_key on metrics (organization_id, lower(name)) where deleted_at is null;
    comment on column metrics.secret is 'The signing key of a REMOTE metric, encrypted with AES-256-GCM; read live.';

    create table metric_versions (
      organization_id uuid not null,
      id uuid not null,
      metric_id uuid not null,
      number integer not null,
      definition jsonb not null,
      created_by_id uuid,
      created_at timestamptz(3) not null,
      primary key (organization_id, id),
      foreign key (organization_id, metric_id) references metrics (organization_id, id)
    );
    create unique index metric_versions_number_key on metric_versions (organization_id, metric_id, number);

    create table test_set_metrics (
      organization_id uuid not null,
      test_set_id uuid not null,
      metric_id uuid not null,
      position integer not null,
      primary key (organization_id, test_set_id, metric_id),
      foreign key (organization_id, test_set_id) references test_sets (organization_id, id),
      foreign key (organization_id, metric_id) references metrics (organization_id, id)
    );

    create table behavior_metrics (
      organization_id uuid not null,
      behavior_id uuid not null,
      metric_id uuid not null,
      position integer not null,
      primary key (organization_id, behavior_id, metric_id),
      foreign key (organization_id, behavior_id) references behaviors (organization_id, id),
      foreign key (organization_id, metric_id) references metrics (organization_id, id)
    );
  `.execute(db);
}
