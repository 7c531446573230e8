// Times what a large run's results come to: npm run bench -- summaries.
import { randomBytes } from "node:crypto";
import { graphql } from "graphql";
import { sql } from "kysely";
import { createLoaders } from "../../src/app/loaders.js";
import { composeResolvers } from "../../src/app/resolvers.js";
import { createSchema } from "../../src/app/schema.js";
import { composeServices } from "../../src/app/services.js";
import type { Db } from "../../src/db/index.js";
import { PgEventBus } from "../../src/events/index.js";
import type { Context } from "../../src/graphql/index.js";
import { metricResultId, resultId } from "../../src/ids.js";
import { createLogger } from "../../src/log.js";
import type { Viewer } from "../../src/viewer.js";
import { givenBehavior, givenMetric, givenRun, givenTestSet, type Owner, ownerOf } from "../support/seed.js";
import { withBenchDatabase } from "./bench-database.js";
import { leastMs, report } from "./figures.js";

const RESULTS = Number(process.env["BENCH_TESTS"] ?? "200000");
/** Reviews of the first metric, of one result each. */
const REVIEWS = Math.min(10_000, RESULTS);
const REPEATS = Number(process.env["BENCH_REPEATS"] ?? "7");

/** A run that has ended, of three metrics, over tests of two behaviors and ten tags. */
async function seed(db: Db, owner: Owner): Promise<string> {
  const { organizationId } = owner;
  const metrics = [await givenMetric(db, owner), await givenMetric(db, owner, { scoreType: "BINARY" }), await givenMetric(db, owner, { scoreType: "CATEGORICAL" })];
  const [testSet, behaviors] = [await givenTestSet(db, owner, { tests: 0 }), [await givenBehavior(db, owner), await givenBehavior(db, owner)]];
  const { id: runId } = await givenRun(db, owner, { testSet, metrics, status: "PARTIAL" });
  const id = (kind: string) => sql.raw(`overlay(md5('${kind}' || n)::text placing '7' from 13)::uuid`);
  const each = sql`from generate_series(1, ${RESULTS}::integer) n`;
  await sql`insert into test_revisions (organization_id, id, test_id, test_set_id, position, added_in_version, type, prompt_id, behavior_id, tags)
    select ${organizationId}, ${id("r")}, ${id("t")}, ${testSet.id}, n, 1, 'SINGLE_TURN', ${id("p")}, (${behaviors}::uuid[])[n % 2 + 1], array['tag ' || n % 10] ${each}`.execute(db);
  const status = sql.raw("case when n % 100 = 0 then 'ERROR' when n * 7919 % 3 = 0 then 'FAILED' else 'PASSED' end");
  await sql`insert into test_results (organization_id, run_id, ordinal, status, automated_status, error_type, test_id, test_revision_id, output_run_id, attempts, latency_ms, started_at, finished_at, seq)
    select ${organizationId}, ${runId}, n, ${status}, ${status}, case when n % 100 = 0 then 'METRIC' end, ${id("t")}, ${id("r")}, ${runId},
      '[{"number":1,"turn":null,"startedAt":"2026-11-20T10:00:00.000Z","latencyMs":12.5,"httpStatus":200,"error":null,"retryAfterMs":null}]', n * 31 % 977, now(), now(), n ${each}`.execute(db);
  const verdict = sql.raw("case when n % 100 = 0 then 'INCONCLUSIVE' when n * 7919 % 3 = 0 then 'FAILED' else 'PASSED' end");
  for (const [index, [score, category]] of [["n * 31 % 101 / 100.0", "null"], ["n % 2", "case n % 2 when 0 then 'fail' else 'pass' end"], ["null", "'kind ' || n % 5"]].entries()) {
    await sql`insert into metric_results (organization_id, run_id, ordinal, metric_index, status, automated_status, score, category, reason, duration_ms)
      select ${organizationId}, ${runId}, n, ${index}, ${verdict}, ${verdict}, ${sql.raw(score ?? "")}, ${sql.raw(category ?? "")}, 'It says what was asked for.', 1 ${each}`.execute(db);
  }
  await sql`update test_runs set total = ${RESULTS}, test_count = ${RESULTS},
    (passed, failed, errored) = (select count(*) filter (where status = 'PASSED'), count(*) filter (where status = 'FAILED'), count(*) filter (where status = 'ERROR') from test_results where organization_id = ${organizationId} and run_id = ${runId})
    where organization_id = ${organizationId} and id = ${runId}`.execute(db);
  await sql`vacuum (analyze)`.execute(db);
  return runId;
}

/** Many reviews at once, with what follows from them. */
async function seedReviews(db: Db, { organizationId, userId }: Viewer, runId: string): Promise<void> {
  await sql`insert into reviews (organization_id, id, run_id, ordinal, target, metric_index, metric_version_id, verdict, comment, author_id, created_at, updated_at)
    select ${organizationId}, overlay(md5('v' || n)::text placing '7' from 13)::uuid, ${runId}, n, 'METRIC', 0, pinned.metric_version_id, case when n % 7 = 0 then 'FAIL' else 'PASS' end, 'So it is.', ${userId}, now() + n * interval '1 ms', now()
    from generate_series(1, ${REVIEWS}::integer) n join run_metrics pinned on pinned.organization_id = ${organizationId} and pinned.run_id = ${runId} and pinned.metric_index = 0`.execute(db);
  await sql`update test_results set review_count = 1, status = case when ordinal % 7 = 0 then 'FAILED' else status end where organization_id = ${organizationId} and run_id = ${runId} and ordinal <= ${REVIEWS}`.execute(db);
  await sql`update test_runs set reviewed = ${REVIEWS}, corrected = ${REVIEWS} where organization_id = ${organizationId} and id = ${runId}`.execute(db);
  await sql`analyze`.execute(db);
}

async function time(name: string, limit: number | null, act: (repeat: number) => Promise<unknown>): Promise<void> {
  report({ name, value: await leastMs(REPEATS, act), unit: "ms", limit });
}

/** The gateway's schema in process, as the viewer. */
async function openGateway(db: Db, url: string): Promise<{ viewer: Viewer; run: (source: string, variables?: Record<string, unknown>) => Promise<void> }> {
  const bus = new PgEventBus({ url, applicationName: "assay-bench-events" });
  const services = composeServices({ db, bus, now: () => new Date(), log: createLogger({ level: "silent", service: "bench" }), secretKey: randomBytes(32), allowPrivateAddresses: false });
  await services.accounts.bootstrap("bootstrap-token-of-the-bench");
  const viewer = await services.accounts.authenticate("bootstrap-token-of-the-bench");
  const schema = createSchema(composeResolvers(services), services.audit);
  const run = async (source: string, variableValues: Record<string, unknown> = {}): Promise<void> => {
    const contextValue: Context = { viewer, loaders: createLoaders(db, viewer, { cache: true }, services), watch: {} as Context["watch"], requestId: "bench", signal: new AbortController().signal, remoteAddress: null }; // nothing is watched
    const { errors } = await graphql({ schema, source, variableValues, contextValue });
    if (errors !== undefined) throw errors[0] ?? new Error("The operation failed.");
  };
  return { viewer, run };
}

await withBenchDatabase(async ({ db, url }) => {
  const { viewer, run } = await openGateway(db, url);
  const id = await seed(db, await ownerOf(db, viewer));
  const query = (fields: string) => () => run(`query ($id: ID!) { testRun(ref: { id: $id }) { ${fields} } }`, { id });
  const summaries = query("metricSummaries { name passed failed mean standardDeviation p50 passRateInterval { low high } categories { category count } } latency { p50 p95 p99 }");
  const forget = (): Promise<unknown> => db.updateTable("testRuns").set({ summary: null }).where("organizationId", "=", viewer.organizationId).where("id", "=", id).execute();
  const of = `of a run of ${RESULTS} results`;
  await time(`metricSummaries and latency ${of}, computed`, null, async () => {
    await forget();
    await summaries();
  });
  await time("the smallest query", null, () => run("{ viewer { role } }"));
  await time(`metricSummaries and latency ${of}, kept`, 20, summaries);
  await time(`breakdown by behavior ${of}`, null, query("breakdown(by: BEHAVIOR) { key passed failed passRate }"));
  await time(`breakdown by tag ${of}`, null, query("breakdown(by: TAG) { key passed failed passRate }"));
  await time(`addReview of a metric ${of}, summary included`, null, (repeat) => {
    const ordinal = Math.floor(RESULTS / 4) * (repeat % 3) + 3 + repeat;
    return run("mutation ($input: AddReviewInput!) { addReview(input: $input) { result { status run { metricSummaries { passed } reviewCounts { reviewed corrected } } } } }", {
      input: { resultId: resultId(id, ordinal), target: "METRIC", metricResultId: metricResultId(id, ordinal, 0), verdict: "FAIL", comment: "No." },
    });
  });
  await seedReviews(db, viewer, id);
  await time(`agreement of a metric over ${REVIEWS} reviews`, null, () => run("{ metrics { nodes { agreement { reviewed kappa } } } }"));
  await time(`last page of ${REVIEWS} reviews ${of}`, null, query("reviews(last: 50) { nodes { verdict author { name } } }"));
  await time(`reviewed results ${of}, with their count`, null, query("results(filter: { reviewed: true }) { totalCount nodes { status reviews { verdict } } }"));
  await time(`corrected results ${of}, with their count`, null, query("results(filter: { corrected: true }) { totalCount nodes { status } }"));
});
