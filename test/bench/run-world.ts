import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { type Db, systemScope } from "../../src/db/index.js";
import { givenBehavior, givenEndpoint, givenMetric, givenOwner, givenRun, givenTestSet, type Owner } from "../support/seed.js";

export interface RunWorld {
  readonly owner: Owner;
  readonly testSetId: string;
  readonly endpointId: string;
  /** Few tests have it: one in a thousand. */
  readonly rareBehaviorId: string;
  readonly runIds: readonly string[];
}

/** Made by the database: the same ids for the same number. */
const id = (kind: string) => sql.raw(`overlay(md5('${kind}' || n)::text placing '7' from 13)::uuid`);
/** Sixty words, two of which few results share. */
const ANSWER = sql.raw(`'The answer to question number ' || n || ' is word' || n % 1000 || ', because ' || repeat('the sum of both sides was halved and then taken away from the rest ', 4) || md5(n::text)`);

/** A set of so many tests, and runs over it in which every result has its verdict: two metrics, answers of sixty words. */
export async function seedRuns(db: Db, args: { tests: number; runs: number }): Promise<RunWorld> {
  const owner = await givenOwner(db);
  const { organizationId } = owner;
  const [endpoint, rareBehaviorId, testSet] = [await givenEndpoint(db, owner), await givenBehavior(db, owner), await givenTestSet(db, owner, { tests: 0 })];
  const metrics = [await givenMetric(db, owner), await givenMetric(db, owner)];
  const numbers = sql`generate_series(1, ${args.tests}::integer) n`;
  await sql`insert into prompts (organization_id, id, content, expected_response) select ${organizationId}, ${id("p")}, 'A train leaves at ' || n % 24 || ' and carries ' || n || ' people. How many of them arrive?', n::text from ${numbers}`.execute(db);
  await sql`insert into tests (organization_id, id, test_set_id, position, created_at, updated_at) select ${organizationId}, ${id("t")}, ${testSet.id}, n, now(), now() from ${numbers}`.execute(db);
  await sql`insert into test_revisions (organization_id, id, test_id, test_set_id, position, added_in_version, type, key, prompt_id, behavior_id, tags)
    select ${organizationId}, ${id("r")}, ${id("t")}, ${testSet.id}, n, 1, 'SINGLE_TURN', 'key-' || n, ${id("p")}, case when n % 1000 = 0 then ${rareBehaviorId}::uuid end, array['tag' || n % 10] from ${numbers}`.execute(db);
  const runIds: string[] = [];
  for (let run = 0; run < args.runs; run += 1) {
    const { id: runId } = await givenRun(db, owner, { testSet, endpoint, metrics, positions: [] });
    await seedResults(db, owner, runId, { tests: args.tests, offset: run });
    runIds.push(runId);
  }
  await sql`vacuum (analyze)`.execute(db);
  await settle(db);
  return { owner, testSetId: testSet.id, endpointId: endpoint.id, rareBehaviorId, runIds };
}

async function seedResults(db: Db, { organizationId }: Owner, runId: string, { tests, offset }: { tests: number; offset: number }): Promise<void> {
  const numbers = sql`generate_series(1, ${tests}::integer) n`;
  const status = sql.raw(`case when (n + ${offset}) % 200 = 0 then 'ERROR' when (n * 7919 + ${offset}) % 3 = 0 then 'FAILED' else 'PASSED' end`);
  const verdict = sql.raw(`case when (n * 7919 + ${offset}) % 3 = 0 then 'FAILED' else 'PASSED' end`);
  const error = sql.raw(`case when (n + ${offset}) % 200 = 0 then case when (n + ${offset}) % 20000 = 0 then 'TIMEOUT' else 'HTTP' end end`);
  await sql`insert into test_outputs (organization_id, run_id, ordinal, output, raw) select ${organizationId}, ${runId}, n, ${ANSWER}, jsonb_build_object('output', ${ANSWER}, 'model', 'bench') from ${numbers}`.execute(db);
  await sql`insert into test_results (organization_id, run_id, ordinal, status, automated_status, test_id, test_revision_id, output_run_id, error_type, error, attempts, latency_ms, started_at, finished_at, seq)
    select ${organizationId}, ${runId}, n, ${status}, ${status}, ${id("t")}, ${id("r")}, ${runId}, ${error}, case when ${error} is not null then jsonb_build_object('type', ${error}, 'message', 'It went wrong.', 'httpStatus', null, 'retryable', true) end,
      '[{"number":1,"turn":null,"startedAt":"2026-11-20T10:00:00.000Z","latencyMs":12.5,"httpStatus":200,"error":null,"retryAfterMs":null}]', n % 977, now(), now() - interval '1 day' + n * interval '10 milliseconds', n
    from ${numbers}`.execute(db);
  for (const index of [0, 1]) {
    await sql`insert into metric_results (organization_id, run_id, ordinal, metric_index, status, automated_status, score, reason, duration_ms)
      select ${organizationId}, ${runId}, n, ${index}::integer, ${verdict}, ${verdict}, (n * 31 + ${offset}::integer) % 101 / 100.0, 'The answer is near enough to what was expected.', 1 from ${numbers}`.execute(db);
  }
  const count = (name: string) => sql`(select count(*) from ${numbers} where ${status} = ${name})`;
  await sql`update test_runs set total = ${tests}, test_count = ${tests}, executed = ${tests}, answered = ${tests}, seq = ${tests}, passed = ${count("PASSED")}, failed = ${count("FAILED")}, errored = ${count("ERROR")}, status = 'PARTIAL', started_at = now(), finished_at = now()
    where organization_id = ${organizationId} and id = ${runId}`.execute(db);
  await sql`update run_segments set test_count = ${tests}, positions = null where organization_id = ${organizationId} and run_id = ${runId}`.execute(db);
  await sql`update run_lanes set next_ordinal = ${tests + 1}, done = true where organization_id = ${organizationId} and run_id = ${runId}`.execute(db);
}

/** Until the server has put away what was inserted: its housekeeping after millions of rows would be timed with the pages. */
async function settle(db: Db): Promise<void> {
  await sql`checkpoint`.execute(db);
  for (;;) {
    const { rows } = await sql<{ busy: boolean }>`select exists (select from pg_stat_activity where backend_type = 'autovacuum worker' and datname = current_database()) as busy`.execute(systemScope(db));
    if (rows[0]?.busy !== true) return;
    await sleep(1_000);
  }
}
