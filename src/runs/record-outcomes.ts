import type { Insertable } from "kysely";
import type { Db, Trx } from "../db/index.js";
import type { EventBus } from "../events/index.js";
import type { Scope } from "../viewer.js";
import { countAutomatedErrors, findStoredStates, insertMetricResults, type StoredState, upsertOutputs, upsertResults } from "./record.repository.js";
import { type Attempt, isOpen, type ResultError } from "./result.js";
import type { MetricResultTable, TestOutputTable, TestResultTable } from "./result.table.js";
import { finishedCount, isTerminal, type RunCounters, type TestRun, TestRunStatus, terminalStatus } from "./run.js";
import { RUN_CHANGED } from "./run.events.js";
import { keepRunSummary } from "./run-summary.repository.js";
import type { RunUsage } from "./run.table.js";
import { lockRunById, updateLockedRun, updateRunningOrdinals } from "./run-write.repository.js";

/** What a result's judging came to. */
export interface Verdict {
  readonly status: "PASSED" | "FAILED" | "ERROR";
  /** For ERROR: why there is no verdict. */
  readonly error: ResultError | null;
  readonly metricResults: readonly Omit<Insertable<MetricResultTable>, "organizationId" | "runId" | "ordinal">[];
  readonly finishedAt: Date;
}

/** What happened to one planned result: it was answered, judged, both, or only tried. */
export interface Outcome {
  readonly ordinal: number;
  readonly testId: string;
  readonly testRevisionId: string;
  /** The answer to store; null where there is none, or where it is stored already. */
  readonly output: Omit<Insertable<TestOutputTable>, "organizationId" | "runId" | "ordinal" | "latencyMs"> | null;
  /** The run whose output this result has; null without an output. */
  readonly outputRunId: string | null;
  /** The calls that were made for it since it was last written. */
  readonly attempts: readonly Attempt[];
  readonly latencyMs: number | null;
  readonly startedAt: Date | null;
  /** Null: answered, to be judged later; without an output to be called again later. */
  readonly verdict: Verdict | null;
  /** What it adds to the run's sums. */
  readonly usage: RunUsage;
}

/**
 * Writes outcomes, the run's counters and the event in one transaction that locks the run's row. Safe to repeat and
 * to race: an outcome whose result already has a verdict (or an answer, for an answer) is dropped, so each planned
 * result gets exactly one. Sequence numbers are gapless, as they are given under the lock and committed with it.
 * Answers the run as it is afterwards, or null when it is gone.
 */
export async function recordOutcomes(
  deps: { db: Db; bus: EventBus; now: () => Date },
  scope: Scope,
  batch: { runId: string; outcomes: readonly Outcome[]; running: ReadonlyMap<number, readonly number[]> },
): Promise<TestRun | null> {
  let over = false;
  const recorded = await deps.db.transaction().execute(async (trx) => {
    const run = await lockRunById(trx, scope, batch.runId);
    if (run === null || isTerminal(run.status)) return run;
    const states = await findStoredStates(trx, scope, batch.runId, batch.outcomes.map((outcome) => outcome.ordinal));
    const changes = await writeOutcomes(trx, scope, run, newsOf(batch.outcomes, states), states);
    await updateRunningOrdinals(trx, scope, run, batch.running);
    const finished = finishedCount({ ...run, ...changes });
    over = finished === run.total && run.status !== TestRunStatus.CANCELLING;
    const after = await updateLockedRun(trx, scope, run.id, {
      ...changes,
      ...(over ? { status: await endStatus(trx, scope, { ...run, ...changes }), finishedAt: deps.now(), summary: null } : {}),
    });
    await deps.bus.publish(trx, RUN_CHANGED, run.id);
    return after;
  });
  // After the transaction: it takes a second for a large run, in which nobody may wait for the run's lock. Where it
  // fails, or this process dies first, whoever asks for the summary first has it kept.
  if (over) await keepRunSummary(deps.db, scope, batch.runId).catch(() => undefined);
  return recorded;
}

/** By the automated verdicts: reviews change counters, but no run's status. */
async function endStatus(trx: Trx, scope: Scope, run: RunCounters & Pick<TestRun, "id" | "corrected">): Promise<TestRunStatus> {
  return terminalStatus(run.corrected === 0 ? run : { ...run, errored: await countAutomatedErrors(trx, scope, run.id) });
}

/** What is not known yet, one outcome for each result: a verdict goes with the answer that came before it in the batch. */
function newsOf(outcomes: readonly Outcome[], states: ReadonlyMap<number, StoredState>): readonly Outcome[] {
  const news = new Map<number, Outcome>();
  for (const outcome of outcomes) {
    const earlier = news.get(outcome.ordinal);
    if (earlier === undefined && isNews(outcome, states.get(outcome.ordinal))) news.set(outcome.ordinal, outcome);
    if (earlier?.verdict === null && (earlier.outputRunId === null || outcome.verdict !== null)) news.set(outcome.ordinal, together(earlier, outcome));
  }
  return [...news.values()];
}

function isNews(outcome: Outcome, state: StoredState | undefined): boolean {
  if (state === undefined) return true;
  if (!isOpen(state.status)) return false;
  if (outcome.verdict !== null) return true;
  if (state.outputRunId !== null) return false;
  // Only tried: what was written before it was known to be written comes again, with the same numbers.
  return outcome.outputRunId !== null || (outcome.attempts[0]?.number ?? 0) > state.attemptCount;
}

/** Two steps of one result in a batch: an answer and its verdict, or tries and what came of them. */
function together(earlier: Outcome, later: Outcome): Outcome {
  const usage = addUsage(earlier.usage, later.usage);
  if (earlier.outputRunId !== null) return { ...earlier, verdict: later.verdict, usage };
  return { ...later, attempts: [...earlier.attempts, ...later.attempts], startedAt: earlier.startedAt, usage };
}

type CounterChanges = Pick<TestRun, "executed" | "answered" | "passed" | "failed" | "errored" | "seq"> & { usage: string };

async function writeOutcomes(trx: Trx, scope: Scope, run: TestRun, outcomes: readonly Outcome[], states: ReadonlyMap<number, StoredState>): Promise<CounterChanges> {
  const { executed, answered, passed, failed, errored } = run;
  const counts = { executed, answered, passed, failed, errored, seq: run.seq };
  const key = { organizationId: scope.organizationId, runId: run.id };
  const results: ResultRow[] = [];
  for (const outcome of outcomes) {
    // A re-score has all its answers from the start.
    const isAnswered = run.outputRunId !== null || (states.get(outcome.ordinal)?.outputRunId ?? null) !== null;
    if (!isAnswered && outcome.outputRunId !== null) counts.executed += 1;
    if (!isAnswered && (outcome.outputRunId !== null || outcome.verdict !== null)) counts.answered += 1;
    if (outcome.verdict !== null) {
      counts.seq += 1;
      if (outcome.verdict.status === "PASSED") counts.passed += 1;
      else if (outcome.verdict.status === "FAILED") counts.failed += 1;
      else counts.errored += 1;
    }
    results.push(toRow(outcome, counts.seq));
  }
  await upsertResults(trx, key, results);
  await upsertOutputs(trx, key, outcomes.flatMap(({ ordinal, output, latencyMs }) => (output === null || (states.get(ordinal)?.outputRunId ?? null) !== null ? [] : [{ ordinal, ...output, latencyMs }])));
  await insertMetricResults(trx, key, outcomes.flatMap((outcome) => (outcome.verdict?.metricResults ?? []).map((row) => ({ ordinal: outcome.ordinal, ...row }))));
  return { ...counts, usage: JSON.stringify(outcomes.reduce((sum, outcome) => addUsage(sum, outcome.usage), run.usage)) };
}

type ResultRow = Omit<Insertable<TestResultTable>, "organizationId" | "runId">;

function toRow(outcome: Outcome, seq: number): ResultRow {
  const { verdict } = outcome;
  return {
    ordinal: outcome.ordinal,
    status: verdict?.status ?? "RUNNING",
    automatedStatus: verdict?.status ?? "RUNNING",
    testId: outcome.testId,
    testRevisionId: outcome.testRevisionId,
    outputRunId: outcome.outputRunId,
    errorType: verdict?.error?.type ?? null,
    error: verdict?.error == null ? null : JSON.stringify(verdict.error),
    attempts: JSON.stringify(outcome.attempts),
    latencyMs: outcome.latencyMs,
    startedAt: outcome.startedAt,
    finishedAt: verdict?.finishedAt ?? null,
    seq: verdict === null ? null : seq,
  };
}

function addUsage(sum: RunUsage, more: RunUsage): RunUsage {
  const names = new Set([...Object.keys(sum), ...Object.keys(more)]) as Set<keyof RunUsage>;
  return Object.fromEntries([...names].map((name) => [name, (sum[name] ?? 0) + (more[name] ?? 0)]));
}
