// Times comparisons of large runs: npm run bench -- comparison.
import { sql } from "kysely";
import { createComparisonLoaders, createTestHistoryLoaders, GateService } from "../../src/comparison/index.js";
import type { Db } from "../../src/db/index.js";
import { findRunsByIds, RunSummaries } from "../../src/runs/index.js";
import { givenEndpoint, givenMetric, givenOwner, givenRun, givenTestSet, type Owner, type RunSeed, type SeededEndpoint } from "../support/seed.js";
import { withBenchDatabase } from "./bench-database.js";
import { leastMs, report } from "./figures.js";

const TESTS = Number(process.env["BENCH_TESTS"] ?? "200000");
const RUNS = Number(process.env["BENCH_RUNS"] ?? "5");
const REPEATS = 3;

/** A set of TESTS tests and RUNS runs over it: verdicts change from run to run for one test in 50. */
async function seed(db: Db): Promise<{ owner: Owner; endpoint: SeededEndpoint; testSetId: string; runIds: string[] }> {
  const owner = await givenOwner(db);
  const { organizationId } = owner;
  const [endpoint, metric, testSet] = [await givenEndpoint(db, owner), await givenMetric(db, owner), await givenTestSet(db, owner, { tests: 0 })];
  const id = (kind: string) => sql.raw(`overlay(md5('${kind}' || n)::text placing '7' from 13)::uuid`);
  await sql`insert into prompts (organization_id, id, content) select ${organizationId}, ${id("p")}, 'What is the answer to question number ' || n from generate_series(1, ${TESTS}::integer) n`.execute(db);
  await sql`insert into tests (organization_id, id, test_set_id, position, created_at, updated_at) select ${organizationId}, ${id("t")}, ${testSet.id}, n, now(), now() from generate_series(1, ${TESTS}::integer) n`.execute(db);
  await sql`insert into test_revisions (organization_id, id, test_id, test_set_id, position, added_in_version, type, prompt_id)
    select ${organizationId}, ${id("r")}, ${id("t")}, ${testSet.id}, n, 1, 'SINGLE_TURN', ${id("p")} from generate_series(1, ${TESTS}::integer) n`.execute(db);
  const runIds: string[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const columns: RunSeed = { testSet, endpoint, metrics: [metric], positions: [] };
    const { id: runId } = await givenRun(db, owner, columns);
    runIds.push(runId);
    const status = sql.raw(`case when (n * 7919 + ${run} * (n % 50 = 0)::integer) % 3 = 0 then 'FAILED' else 'PASSED' end`);
    await sql`insert into test_results (organization_id, run_id, ordinal, status, automated_status, test_id, test_revision_id, output_run_id, attempts, latency_ms, started_at, finished_at, seq)
      select ${organizationId}, ${runId}, n, ${status}, ${status}, ${id("t")}, ${id("r")}, ${runId}, '[{"number":1,"turn":null,"startedAt":"2026-11-20T10:00:00.000Z","latencyMs":12.5,"httpStatus":200,"error":null,"retryAfterMs":null}]', n % 977, now(), now(), n
      from generate_series(1, ${TESTS}::integer) n`.execute(db);
    await sql`insert into metric_results (organization_id, run_id, ordinal, metric_index, status, automated_status, score, duration_ms) select ${organizationId}, ${runId}, n, 0, ${status}, ${status}, (n * 31 + ${run}) % 101 / 100.0, 1 from generate_series(1, ${TESTS}::integer) n`.execute(db);
    await sql`insert into test_outputs (organization_id, run_id, ordinal, output) select ${organizationId}, ${runId}, n, 'The answer to question ' || n || ' is known to nobody' from generate_series(1, ${TESTS}::integer) n`.execute(db);
    await sql`update test_runs set total = ${TESTS}, test_count = ${TESTS}, passed = ${TESTS}, finished_at = now() where organization_id = ${organizationId} and id = ${runId}`.execute(db);
    await sql`update run_segments set test_count = ${TESTS}, positions = null where organization_id = ${organizationId} and run_id = ${runId}`.execute(db);
  }
  await sql`vacuum (analyze)`.execute(db);
  return { owner, endpoint, testSetId: testSet.id, runIds };
}

async function time(name: string, limit: number | null, act: () => Promise<unknown>): Promise<void> {
  report({ name, value: await leastMs(REPEATS, act), unit: "ms", limit });
}

await withBenchDatabase(async ({ db }) => {
  const { owner, endpoint, testSetId, runIds } = await seed(db);
  const [baselineId = "", candidateId = ""] = runIds;
  const key = `${baselineId} ${candidateId}`;
  const loaders = createComparisonLoaders(db, owner, { cache: false });
  const histories = createTestHistoryLoaders(db, owner, { cache: false });
  const [run] = await findRunsByIds(db, owner, [candidateId]);
  const page = (filter: { outcome?: "REGRESSED"[]; search?: string }, args: object) => loaders.tests.load({ parentId: key, args: { filter: { outcome: filter.outcome ?? null, search: filter.search ?? null }, page: args } });
  await time(`summary of two runs of ${TESTS}`, 1_000, () => loaders.summary.load(key));
  await time("first page of its pairs", null, () => page({}, { first: 50 }));
  await time("last page of its pairs", null, () => page({}, { last: 50 }));
  await time("first page of its regressions", null, () => page({ outcome: ["REGRESSED"] }, { first: 50 }));
  await time("first page of a search", null, () => page({ search: "number 19999" }, { first: 50 }));
  await time("metric deltas", null, () => loaders.metricDeltas.load(key));
  if (run !== undefined) await time("gate with every kind of check", null, () => new GateService({ db, summaries: new RunSummaries({ db }) }).judge(owner, run, { minPassRate: 0.5, maxP95LatencyMs: 1_000, baselineId, maxRegressions: 10, failOnSignificantRegression: true }));
  await time("history of 50 tests", null, async () => {
    const { rows } = await sql<{ id: string }>`select id from tests where organization_id = ${owner.organizationId} limit 50`.execute(db);
    await Promise.all(rows.map(({ id }) => histories.ofTest.load({ parentId: id, args: { endpoint: { id: endpoint.id }, last: 20 } })));
  });
  await time(`flaky tests among ${RUNS} runs`, null, () => histories.flakyOfTestSet.load({ parentId: testSetId, args: { endpoint: { id: endpoint.id }, lastRuns: RUNS, first: 50 } }));
});
