import { type Kysely, sql } from "kysely";

/** Verdicts of people over results, their metrics and turns, kept as history. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    create table reviews (
      organization_id uuid not null references organizations (id),
      id uuid not null,
      run_id uuid not null,
      ordinal integer not null,
      target text not null check (target in ('RESULT', 'METRIC', 'TURN')),
      metric_index smallint,
      metric_version_id uuid,
      turn integer,
      verdict text not null check (verdict in ('PASS', 'FAIL')),
      comment text not null,
      author_id uuid not null,
      created_at timestamptz(3) not null,
      updated_at timestamptz(3) not null,
      primary key (organization_id, id),
      foreign key (organization_id, run_id) references test_runs (organization_id, id) on delete cascade,
      foreign key (organization_id, author_id) references users (organization_id, id),
      constraint reviews_target check ((target = 'METRIC') = (metric_index is not null) and (target = 'METRIC') = (metric_version_id is not null) and (target = 'TURN') = (turn is not null))
    );
    create index reviews_result on reviews (organization_id, run_id, ordinal, created_at);
    create index reviews_run on reviews (organization_id, run_id, created_at, id);
    create index reviews_metric_version on reviews (organization_id, metric_version_id) where metric_version_id is not null;
    comment on column reviews.ordinal is 'The result in the run. No foreign key: it would look for reviews of every result that is deleted.';
    comment on column reviews.metric_version_id is 'For METRIC: the version that judged, so that agreement is read without a look at every run.';
    comment on column reviews.turn is 'For TURN: its number, from 1.';
    comment on column reviews.created_at is 'Later than that of every earlier review of the result: the newest one wins.';
  `.execute(db);
}
