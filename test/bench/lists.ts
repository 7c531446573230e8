// Times pages of lists of results: npm run bench -- lists.
import { normalizeResultFilter, type TestResultFilter } from "../../src/runs/result-filter.js";
import type { TestResultOrder } from "../../src/runs/result-order.js";
import type { ResultParents } from "../../src/runs/result-page.repository.js";
import { pageOfResults } from "../../src/runs/result-pages.js";
import { RunReadService } from "../../src/runs/index.js";
import type { Db } from "../../src/db/index.js";
import { withBenchDatabase } from "./bench-database.js";
import { leastAndMedianMs, leastMs, report } from "./figures.js";
import { type RunWorld, seedRuns } from "./run-world.js";

const TESTS = Number(process.env["BENCH_TESTS"] ?? "200000");
const RUNS = Number(process.env["BENCH_RUNS"] ?? "10");
/** So many that the first ones, which find code that is not compiled and connections that know no table yet, do not count. */
const REPEATS = 61;
const PAGE = 50;
const BY_POSITION: TestResultOrder = { field: "POSITION", direction: "ASC" };

/** The page of 50 past a result in the middle of a list, or from its end backwards where the list is ordered by values. */
async function middlePage(db: Db, world: RunWorld, parents: ResultParents, filter: TestResultFilter, orderBy: TestResultOrder): Promise<() => Promise<unknown>> {
  const list = (page: object) => pageOfResults(db, world.owner, parents, { filter, orderBy, page });
  const end = (await list({ last: 1 })).get(parents.ids[0] ?? "")?.cursors[0];
  if (end === undefined) throw new Error(`Nothing matches ${JSON.stringify(filter)}.`);
  if (orderBy.field !== "POSITION") return () => list({ last: PAGE, before: end });
  const place = JSON.parse(Buffer.from(end, "base64url").toString()) as unknown[]; // fingerprint, rank, value, run where there are several, ordinal
  const middle = parents.kind === "run" ? place.with(-1, Math.floor(TESTS / 2)) : place.with(-2, world.runIds[Math.floor(RUNS / 2)]).with(-1, Math.floor(TESTS / 2));
  const cursor = Buffer.from(JSON.stringify(middle)).toString("base64url");
  // A cursor that the list gave, as far as anything follows: that of its own result.
  const [after = cursor] = (await list({ first: 1, after: cursor })).get(parents.ids[0] ?? "")?.cursors ?? [];
  return () => list({ first: PAGE, after });
}

await withBenchDatabase(async ({ db }) => {
  const world = await seedRuns(db, { tests: TESTS, runs: RUNS });
  const run: ResultParents = { kind: "run", ids: [world.runIds[Math.floor(RUNS / 2)] ?? ""] };
  const all: ResultParents = { kind: "all", ids: ["all"] };
  const end = await endOf(db, world, run.ids[0] ?? "");
  const time = async (name: string, parents: ResultParents, filter: TestResultFilter = {}, order: TestResultOrder = BY_POSITION): Promise<void> => {
    const read = await middlePage(db, world, parents, normalizeResultFilter(filter), order);
    report({ name: `${parents.kind === "run" ? "a run" : "all"}: ${name}`, ...(await leastAndMedianMs(REPEATS, read)), unit: "ms", limit: 5 });
  };
  for (const parents of [run, all]) {
    await time("by position", parents);
    for (const field of ["FINISHED_AT", "LATENCY", "STATUS"] as const) await time(`by ${field}`, parents, {}, { field, direction: "DESC" });
    await time("failed ones", parents, { status: ["FAILED"] });
    await time("ones in error by their automated verdict", parents, { automatedStatus: ["ERROR"] });
    await time("timeouts, one in 20,000", parents, { errorType: ["TIMEOUT"] });
    await time("a behavior, one in 1,000", parents, { behaviorId: world.rareBehaviorId });
    await time("a tag, one in 10", parents, { tags: ["tag3"] });
    await time("slow ones, one in 977", parents, { minLatencyMs: 976 });
    await time("finished in a minute", parents, { finishedAt: { gte: new Date(end - TESTS * 5), lt: new Date(end - TESTS * 5 + 60_000) } });
    await time("finished in the last minute", parents, { finishedAt: { gte: new Date(end - 60_000) } });
    await time("slow ones, one in 20", parents, { minLatencyMs: 930 });
    await time("a metric's failed ones, one in 3", parents, { metric: { name: await metricName(db, world), status: ["FAILED"] } });
    await time("a metric's lowest scores, one in 101", parents, { metric: { name: await metricName(db, world), maxScore: 0 } });
    await time("trial 1", parents, { trial: 1 });
    await time("a word of one answer in 91", parents, { search: "word77" });
    await time("a word of every answer", parents, { search: "halved" });
    await time("a word of one prompt", parents, { search: `carries ${Math.floor(TESTS / 2) + 1}` });
  }
  const reads = new RunReadService({ db });
  report({ name: "totalCount of all failed ones", value: await leastMs(REPEATS, () => reads.countResults(world.owner, { status: ["FAILED"] })), unit: "ms", limit: null });
});

/** When the last result of the run was finished. */
async function endOf(db: Db, { owner }: RunWorld, runId: string): Promise<number> {
  const { last } = await db.selectFrom("testResults").select((eb) => eb.fn.max("finishedAt").as("last")).where("organizationId", "=", owner.organizationId).where("runId", "=", runId).executeTakeFirstOrThrow();
  return last?.getTime() ?? 0;
}

async function metricName(db: Db, { owner }: RunWorld): Promise<string> {
  return (await db.selectFrom("metrics").select("name").where("organizationId", "=", owner.organizationId).orderBy("id").executeTakeFirstOrThrow()).name;
}
