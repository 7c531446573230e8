import { type Kysely, sql } from "kysely";

/**
 * What is asked. The content of a test is immutable: an edit adds a revision and ends the one before, so that a
 * version of a set is a condition (added by then, not yet removed) and costs no copy.
 */
export async function up(db: Kysely<any>): Promise<void> {
  for (const table of ["behaviors", "categories", "topics", "use_cases"]) {
    await sql`
      create table ${sql.table(table)} (
        organization_id uuid not null references organizations (id),
        id uuid not null,
        name text not null,
        description text,
        created_at timestamptz(3) not null,
        primary key (organization_id, id)
      )`.execute(db);
    await sql`create unique index ${sql.id(`${table}_name_key`)} on ${sql.table(table)} (organization_id, lower(name))`.execute(db);
  }

  await sql`
    create table test_sets (
      organization_id uuid not null references organizations (id),
      id uuid not null,
      project_id uuid not null,
      name text not null,
      description text,
      type text not null check (type in ('SINGLE_TURN', 'MULTI_TURN')),
      version integer not null default 1,
      test_count integer not null default 0,
      last_position integer not null default 0,
      run_count integer not null default 0,
      tags text[] not null default '{}',
      attributes jsonb not null default '{}',
      created_by_id uuid,
      created_at timestamptz(3) not null,
      updated_at timestamptz(3) not null,
      deleted_at timestamptz(3),
      primary key (organization_id, id),
      foreign key (organization_id, project_id) references projects (organization_id, id)
    );
    create unique index test_sets_name_key on test_sets (organization_id, project_id, lower(name)) where deleted_at is null;
    create index test_sets_created_at on test_sets (organization_id, created_at, id) where deleted_at is null;
    create index test_sets_updated_at on test_sets (organization_id, updated_at, id) where deleted_at is null;
    comment on column test_sets.version is 'Grows by one with every change of the tests.';
    comment on column test_sets.test_count is 'Tests of the present version.';
    comment on column test_sets.last_position is 'The highest position ever given; equal to test_count when nothing was removed.';
    comment on column test_sets.run_count is 'Runs ever queued, for their default names.';

    create table prompts (
      organization_id uuid not null,
      id uuid not null,
      content text not null,
      expected_response text,
      language_code text,
      context jsonb not null default '[]',
      primary key (organization_id, id)
    );

    create table tests (
      organization_id uuid not null,
      id uuid not null,
      test_set_id uuid not null,
      position integer not null,
      created_at timestamptz(3) not null,
      updated_at timestamptz(3) not null,
      deleted_at timestamptz(3),
      primary key (organization_id, id),
      foreign key (organization_id, test_set_id) references test_sets (organization_id, id)
    );
    create unique index tests_position_key on tests (organization_id, test_set_id, position);
    create index tests_created_at on tests (organization_id, test_set_id, created_at, position) where deleted_at is null;

    create table test_revisions (
      organization_id uuid not null,
      id uuid not null,
      test_id uuid not null,
      test_set_id uuid not null,
      position integer not null,
      added_in_version integer not null,
      removed_in_version integer,
      type text not null check (type in ('SINGLE_TURN', 'MULTI_TURN')),
      key text,
      prompt_id uuid,
      conversation jsonb,
      behavior_id uuid,
      category_id uuid,
      topic_id uuid,
      use_case_id uuid,
      tags text[] not null default '{}',
      metadata jsonb not null default '{}',
      primary key (organization_id, id),
      constraint test_revisions_content check ((prompt_id is null) <> (conversation is null))
    );
    create unique index test_revisions_position_key on test_revisions (organization_id, test_set_id, position, added_in_version);
    create unique index test_revisions_key_key on test_revisions (organization_id, test_set_id, key) where removed_in_version is null and key is not null;
    create index test_revisions_test on test_revisions (organization_id, test_id, added_in_version);
    create index test_revisions_behavior on test_revisions (organization_id, behavior_id) where removed_in_version is null and behavior_id is not null;
    create index test_revisions_prompt on test_revisions (organization_id, prompt_id) where prompt_id is not null;
    comment on column test_revisions.added_in_version is 'The first version of the set with this content; the set at version v has what was added by v and not removed by v.';
    comment on column test_revisions.removed_in_version is 'The first version without it; null while it is part of the set.';
    comment on column test_revisions.conversation is 'The plan of a multi-turn test: goal, instructions, restrictions, scenario, minTurns, maxTurns, scriptedTurns.';
  `.execute(db);
}
