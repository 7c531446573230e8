import { type RawBuilder, sql } from "kysely";
import type { Db } from "../db/index.js";
import { TERMINAL_STATUSES, TestRunKind } from "../runs/index.js";
import type { Scope } from "../viewer.js";
import type { FlakyTest, TestHistoryPoint } from "./test-history.js";
import type { SideCounts } from "./comparison.js";

/** Over `runs`: what history is made of. A re-score judges the same answers again and is no new sign of how the endpoint behaves. */
const FINISHED_EXECUTION = sql`runs.kind = ${sql.lit(TestRunKind.EXECUTION)} and runs.status = any(${TERMINAL_STATUSES}::text[])`;

function ofEndpoint(endpointId: string | null): RawBuilder<unknown> {
  return endpointId === null ? sql`true` : sql`runs.endpoint_id = ${endpointId}::uuid`;
}

function count(status: string): RawBuilder<unknown> {
  return sql`count(*) filter (where results.status = ${sql.lit(status)})`;
}

/** What became of each test in its newest finished runs, newest first; runs that were cancelled before they reached the test are left out. One statement, whatever the number of tests. */
export async function findHistories(db: Db, scope: Scope, testIds: readonly string[], args: { endpointId: string | null; last: number }): Promise<TestHistoryPoint[]> {
  const { rows } = await sql<SideCounts & { testId: string; runId: string }>`
    select tests.id as test_id, points.run_id, points.passed, points.failed, points.errored, points.cancelled, points.running
    from unnest(${testIds}::uuid[]) as tests (id)
    cross join lateral (
      select results.run_id, runs.created_at, ${count("PASSED")} as passed, ${count("FAILED")} as failed, ${count("ERROR")} as errored, ${count("CANCELLED")} as cancelled, ${count("RUNNING")} as running
      from test_results results
      join test_runs runs on runs.organization_id = ${scope.organizationId} and runs.id = results.run_id and ${FINISHED_EXECUTION} and ${ofEndpoint(args.endpointId)}
      where results.organization_id = ${scope.organizationId} and results.test_id = tests.id
      group by results.run_id, runs.created_at
      order by runs.created_at desc, results.run_id desc limit ${args.last}
    ) as points
    order by tests.id, points.created_at desc, points.run_id desc`.execute(db);
  return rows.map(({ testId, runId, ...counts }) => ({ testId, runId, counts }));
}

/** A set's finished run, `nth` from the newest. */
interface NewestRun {
  readonly testSetId: string;
  readonly runId: string;
  readonly nth: number;
}

/**
 * Each set's present tests that both passed and failed in its newest finished runs against the endpoint: those flipped,
 * between runs or among trials. Most flips first, then by position. Two statements, whatever the number of sets.
 */
export async function findFlakyTests(db: Db, scope: Scope, testSetIds: readonly string[], args: { endpointId: string; lastRuns: number; first: number }): Promise<(FlakyTest & { readonly testSetId: string })[]> {
  const newest = await findNewestRuns(db, scope, testSetIds, args);
  return newest.length === 0 ? [] : findUnsteady(db, scope, newest, args.first);
}

async function findNewestRuns(db: Db, scope: Scope, testSetIds: readonly string[], { endpointId, lastRuns }: { endpointId: string; lastRuns: number }): Promise<NewestRun[]> {
  const { rows } = await sql<NewestRun>`
    select sets.id as test_set_id, chosen.id as run_id, chosen.nth
    from unnest(${testSetIds}::uuid[]) as sets (id)
    cross join lateral (
      select runs.id, row_number() over (order by runs.created_at desc, runs.id desc) as nth from test_runs runs
      where runs.organization_id = ${scope.organizationId} and runs.test_set_id = sets.id and ${FINISHED_EXECUTION} and ${ofEndpoint(endpointId)}
      order by runs.created_at desc, runs.id desc limit ${lastRuns}
    ) as chosen`.execute(db);
  return rows;
}

/**
 * All results are read once to find the tests that both passed and failed, and only theirs are put in the order of the
 * runs. A run's verdict is that of its point in the history, so a tie is FAILED. The runs are said again of each table:
 * from the joins alone the planner does not see which partitions it needs.
 */
async function findUnsteady(db: Db, scope: Scope, runs: readonly NewestRun[], first: number): Promise<(FlakyTest & { readonly testSetId: string })[]> {
  const runIds = runs.map((run) => run.runId);
  const { rows } = await sql<FlakyTest & { testSetId: string }>`
    with newest as materialized (
      select * from unnest(${runs.map((run) => run.testSetId)}::uuid[], ${runIds}::uuid[], ${runs.map((run) => run.nth)}::integer[]) as newest (test_set_id, run_id, nth)
    ),
    unsteady as materialized (
      select newest.test_set_id, results.test_id from newest
      join test_results results on results.organization_id = ${scope.organizationId} and results.run_id = newest.run_id and results.run_id = any(${runIds}::uuid[])
      group by newest.test_set_id, results.test_id
      having ${count("PASSED")} > 0 and ${count("FAILED")} > 0
    ),
    verdicts as (
      select newest.test_set_id, newest.nth, results.test_id, ${count("PASSED")} as passed, ${count("FAILED")} as failed, ${count("PASSED")} > ${count("FAILED")} as is_pass
      from unsteady
      join newest on newest.test_set_id = unsteady.test_set_id
      join test_results results on results.organization_id = ${scope.organizationId} and results.run_id = newest.run_id and results.run_id = any(${runIds}::uuid[])
        and results.test_id = unsteady.test_id and results.status in ('PASSED', 'FAILED')
      group by newest.test_set_id, newest.nth, results.test_id
    ),
    neighbours as (
      select verdicts.*, lag(is_pass) over (partition by test_set_id, test_id order by nth) as was_pass from verdicts
    ),
    flaky as (
      select test_set_id, test_id, count(*) as runs, (sum(passed) / sum(passed + failed))::double precision as pass_rate, count(*) filter (where is_pass <> was_pass) as flips
      from neighbours group by test_set_id, test_id
    ),
    ranked as (
      select flaky.*, row_number() over (partition by flaky.test_set_id order by flaky.flips desc, tests.position, flaky.test_id) as rank
      from flaky join tests on tests.organization_id = ${scope.organizationId} and tests.id = flaky.test_id and tests.deleted_at is null
    )
    select test_set_id, test_id, runs, pass_rate, flips from ranked where rank <= ${first} order by test_set_id, rank`.execute(db);
  return rows;
}
