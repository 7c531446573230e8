import { type Kysely, sql } from "kysely";

/** With which parameters: named experiments with immutable, gap-free versions. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    create table experiments (
      organization_id uuid not null references organizations (id),
      id uuid not null,
      project_id uuid not null,
      name text not null,
      description text,
      latest_version integer not null default 0,
      created_at timestamptz(3) not null,
      primary key (organization_id, id),
      foreign key (organization_id, project_id) references projects (organization_id, id)
    );
    create unique index experiments_name_key on experiments (organization_id, project_id, lower(name));

    create table experiment_versions (
      organization_id uuid not null,
      id uuid not null,
      experiment_id uuid not null,
      number integer not null,
      values jsonb not null,
      content_hash text not null,
      message text,
      created_by_id uuid,
      created_at timestamptz(3) not null,
      primary key (organization_id, id),
      foreign key (organization_id, experiment_id) references experiments (organization_id, id)
    );
    create unique index experiment_versions_number_key on experiment_versions (organization_id, experiment_id, number);
  `.execute(db);
}
