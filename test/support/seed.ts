import type { Insertable } from "kysely";
import type { Db } from "../../src/db/index.js";
import { IdKind, newId } from "../../src/ids.js";
import { firstInLane, LANE_BLOCK } from "../../src/runs/lanes.js";
import type { MetricResultTable, TestOutputTable, TestResultTable } from "../../src/runs/result.table.js";
import type { TestRunTable } from "../../src/runs/run.table.js";
import { givenEndpoint, givenTestSet, nextNumber, NOW, type Owner, type SeededEndpoint, type SeededMetric, type SeededTestSet } from "./seed-design.js";

export * from "./seed-design.js";

/** A stored result. Its output is stored, too, unless it has none (null) or is another run's. */
export interface ResultSeed extends Partial<Pick<Insertable<TestResultTable>, "automatedStatus" | "errorType" | "latencyMs" | "finishedAt" | "startedAt" | "attempts" | "outputRunId">> {
  readonly ordinal: number;
  readonly status: "RUNNING" | "PASSED" | "FAILED" | "ERROR" | "CANCELLED";
  readonly output?: string | null;
  readonly outputFields?: Partial<Insertable<TestOutputTable>>;
  /** By the order of the run's metrics. */
  readonly metricResults?: readonly (Partial<Insertable<MetricResultTable>> | null)[];
}

export interface RunSeed extends Partial<Insertable<TestRunTable>> {
  readonly testSet?: SeededTestSet;
  readonly endpoint?: SeededEndpoint;
  readonly metrics?: readonly SeededMetric[];
  /** Positions in the set; absent: the whole set without gaps. */
  readonly positions?: readonly number[];
  readonly results?: readonly ResultSeed[];
  /** Ordinals in work. */
  readonly running?: readonly number[];
  readonly lanes?: number;
}
export interface SeededRun {
  readonly id: string;
  readonly name: string;
  readonly total: number;
  readonly trials: number;
  readonly testSet: SeededTestSet;
  readonly endpoint: SeededEndpoint;
}

/** A run with its plan and the results that are stored; counters follow from those. */
export async function givenRun(db: Db, owner: Owner, seed: RunSeed = {}): Promise<SeededRun> {
  const { testSet = await givenTestSet(db, owner), endpoint = await givenEndpoint(db, owner), metrics = [], positions, results = [], running = [], lanes = 1, ...columns } = seed;
  const { organizationId } = owner;
  const testCount = positions?.length ?? testSet.tests.length;
  const trials = columns.trials ?? 1;
  const total = testCount * trials;
  const configurationId = columns.configurationId ?? (await givenConfiguration(db, owner, { testSetId: testSet.id, endpointId: endpoint.id, trials }));
  const run = runRow(owner, { testSet, endpoint, testCount, trials, total, results, configurationId, lanes }, columns);
  await db.insertInto("testRuns").values(run).execute();
  await db.insertInto("runSegments").values({ organizationId, runId: run.id, firstPosition: 1, testCount, testSetId: testSet.id, testSetVersion: columns.testSetVersion ?? testSet.version, positions: positions ?? null }).execute();
  if (metrics.length > 0) await db.insertInto("runMetrics").values(metrics.map((metric, metricIndex) => ({ organizationId, runId: run.id, metricIndex, metricId: metric.id, metricVersionId: metric.versionId, behaviorIds: null }))).execute();
  await db.insertInto("runLanes").values(laneRows(owner, run.id, { lanes, total, results, running })).execute();
  await givenResults(db, owner, { id: run.id, trials, testSet, positions: positions ?? null }, results);
  return { id: run.id, name: run.name, total, trials, testSet, endpoint };
}

export async function givenConfiguration(db: Db, owner: Owner, args: { testSetId: string | null; endpointId: string; trials?: number; behaviorId?: string | null }): Promise<string> {
  const id = newId(IdKind.TEST_CONFIGURATION);
  const ids = { endpointId: args.endpointId, testSetId: args.testSetId, behaviorId: args.behaviorId ?? null, categoryId: null, topicId: null, promptId: null, useCaseId: null };
  await db.insertInto("testConfigurations").values({ organizationId: owner.organizationId, id, ...ids, mode: "PARALLEL", trials: args.trials ?? 1, attributes: "{}", contentHash: id, createdAt: NOW, deletedAt: null }).execute();
  return id;
}

interface RunShape {
  readonly testSet: SeededTestSet;
  readonly endpoint: SeededEndpoint;
  readonly testCount: number;
  readonly trials: number;
  readonly total: number;
  readonly results: readonly ResultSeed[];
  readonly configurationId: string;
  readonly lanes: number;
}

function runRow(owner: Owner, shape: RunShape, columns: Partial<Insertable<TestRunTable>>): Insertable<TestRunTable> & { id: string; name: string } {
  const { testSet, endpoint, testCount, trials, total, results, configurationId } = shape;
  const count = (status: string): number => results.filter((result) => result.status === status).length;
  const status = columns.status ?? "COMPLETED";
  const createdAt = columns.createdAt ?? new Date(NOW.getTime() + nextNumber());
  const [passed, failed, errored] = [count("PASSED"), count("FAILED"), count("ERROR")];
  return {
    ...owner,
    id: newId(IdKind.TEST_RUN, createdAt.getTime()),
    name: `${testSet.name} - Run`,
    kind: "EXECUTION",
    status,
    mode: "PARALLEL",
    trials,
    testSetId: testSet.id,
    testSetVersion: testSet.version,
    selection: null,
    endpointId: endpoint.id,
    endpointVersionId: endpoint.versionId,
    configurationId,
    experimentId: null,
    experimentVersionId: null,
    metricsSource: "BEHAVIOR",
    sourceRunId: null,
    error: null,
    testCount,
    total,
    executed: results.filter((result) => result.output !== null).length,
    answered: results.length,
    passed,
    failed,
    errored,
    cancelled: status === "CANCELLED" ? total - passed - failed - errored : 0,
    seq: passed + failed + errored,
    laneCount: shape.lanes,
    tags: [],
    ownerId: null,
    assigneeId: null,
    createdById: null,
    createdAt,
    startedAt: null,
    finishedAt: null,
    ...columns,
  };
}

function laneRows(owner: Owner, runId: string, args: { lanes: number; total: number; results: readonly ResultSeed[]; running: readonly number[] }) {
  const judged = new Set(args.results.filter((result) => result.status !== "RUNNING").map((result) => result.ordinal));
  return Array.from({ length: args.lanes }, (_, lane) => {
    let nextOrdinal = firstInLane(1, lane, args.lanes);
    while (nextOrdinal <= args.total && judged.has(nextOrdinal)) nextOrdinal = firstInLane(nextOrdinal + 1, lane, args.lanes);
    const running = args.running.filter((ordinal) => Math.floor((ordinal - 1) / LANE_BLOCK) % args.lanes === lane);
    return { organizationId: owner.organizationId, runId, lane, nextOrdinal, running, jobId: null };
  });
}

async function givenResults(db: Db, owner: Owner, run: { id: string; trials: number; testSet: SeededTestSet; positions: readonly number[] | null }, results: readonly ResultSeed[]): Promise<void> {
  const key = { organizationId: owner.organizationId, runId: run.id };
  const rows: Insertable<TestResultTable>[] = [];
  const outputs: Insertable<TestOutputTable>[] = [];
  const scores: Insertable<MetricResultTable>[] = [];
  let seq = 0;
  for (const result of results) {
    const place = Math.floor((result.ordinal - 1) / run.trials);
    const test = run.testSet.tests[(run.positions?.[place] ?? place + 1) - 1];
    if (test === undefined) throw new Error(`The run has no test for ordinal ${result.ordinal}.`);
    const { ordinal, status, output = "An answer", outputFields, metricResults = [], errorType = null, ...columns } = result;
    const isFinished = status !== "RUNNING" && status !== "CANCELLED";
    rows.push({
      ...key, ordinal, status, automatedStatus: status, testId: test.id, testRevisionId: test.revisionId, outputRunId: output === null ? null : run.id, errorType,
      error: errorType === null ? null : JSON.stringify({ type: errorType, message: "It went wrong.", httpStatus: null, retryable: false }),
      attempts: "[]", latencyMs: null, startedAt: null, finishedAt: null, seq: isFinished ? (seq += 1) : null, ...columns,
    }); // prettier-ignore
    if (output !== null && columns.outputRunId === undefined) outputs.push({ ...key, ordinal, output, inputTokens: null, outputTokens: null, sessionId: null, stopReason: null, ...outputFields });
    scores.push(...metricResults.flatMap((metric, metricIndex) => (metric === null ? [] : [{ ...key, ordinal, metricIndex, ...METRIC_RESULT, automatedStatus: metric.status ?? "PASSED", ...metric }])));
  }
  for (const some of chunks(rows)) await db.insertInto("testResults").values(some).execute();
  for (const some of chunks(outputs)) await db.insertInto("testOutputs").values(some).execute();
  for (const some of chunks(scores)) await db.insertInto("metricResults").values(some).execute();
}

/** As many rows as one statement takes parameters for. */
function chunks<T>(rows: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(rows.length / 1000) }, (_, index) => rows.slice(index * 1000, (index + 1) * 1000));
}

const METRIC_RESULT = { status: "PASSED", score: null, category: null, threshold: null, reason: null, errorCode: null, errorMessage: null, durationMs: 1, inputTokens: null, outputTokens: null, cost: null } as const;
