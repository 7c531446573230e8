import type pg from "pg";
import { expect } from "vitest";
import { waitFor } from "../support/wait-for.js";

interface Counted {
  readonly results: number;
  readonly unjudged: number;
  readonly distinct_seqs: number;
  readonly first_seq: number | null;
  readonly last_seq: number | null;
  readonly passed: number;
  readonly failed: number;
  readonly errored: number;
  readonly outputs: number;
  readonly metric_results: number;
  readonly scored: number;
}

interface RunRow {
  readonly status: string;
  readonly total: number;
  readonly passed: number;
  readonly failed: number;
  readonly errored: number;
  readonly cancelled: number;
  readonly executed: number;
  readonly seq: number;
  readonly open_lanes: number;
  readonly running: number;
}

const COUNTS = `
  select count(*)::int as results, count(*) filter (where status = 'RUNNING')::int as unjudged,
         count(distinct seq)::int as distinct_seqs, min(seq)::int as first_seq, max(seq)::int as last_seq,
         count(*) filter (where status = 'PASSED')::int as passed, count(*) filter (where status = 'FAILED')::int as failed, count(*) filter (where status = 'ERROR')::int as errored,
         (select count(*)::int from test_outputs o where o.run_id = $1) as outputs,
         (select count(*)::int from metric_results m where m.run_id = $1) as metric_results,
         (select count(distinct ordinal)::int from metric_results m where m.run_id = $1) as scored
  from test_results where run_id = $1`;

const RUN = `
  select status, total, passed, failed, errored, cancelled, executed, seq::int as seq,
         (select count(*)::int from run_lanes l where l.run_id = r.id and not done) as open_lanes,
         (select coalesce(sum(cardinality(running)), 0)::int from run_lanes l where l.run_id = r.id and not done) as running
  from test_runs r where id = $1`;

/** The run as stored, beside a count of its rows. */
export async function readInvariants(pool: pg.Pool, runId: string): Promise<{ run: RunRow; counted: Counted }> {
  const client = await pool.connect();
  try {
    // Of one moment: the run may go on meanwhile.
    await client.query("begin isolation level repeatable read read only");
    const run = (await client.query<RunRow>(RUN, [runId])).rows[0];
    const counted = (await client.query<Counted>(COUNTS, [runId])).rows[0];
    await client.query("commit");
    if (run === undefined || counted === undefined) throw new Error(`There is no run ${runId}.`);
    return { run, counted };
  } finally {
    client.release();
  }
}

/**
 * What holds of a run at every moment, whatever happened to it: its counters and its sequence are those of its rows. A
 * retried result comes again with a new number and leaves its old one empty.
 */
export async function expectConsistent(pool: pg.Pool, runId: string, isRetried = false): Promise<RunRow> {
  const { run, counted } = await readInvariants(pool, runId);
  expect({ passed: run.passed, failed: run.failed, errored: run.errored }).toEqual({ passed: counted.passed, failed: counted.failed, errored: counted.errored });
  const verdicts = counted.passed + counted.failed + counted.errored;
  expect(counted.results).toBeLessThanOrEqual(run.total);
  expect(verdicts + run.cancelled).toBeLessThanOrEqual(run.total);
  // Gapless: as many sequence numbers as verdicts, from 1 to that. What a cancelled run left unjudged may have rows without one.
  if (!isRetried) expect({ distinct: counted.distinct_seqs, first: counted.first_seq, last: counted.last_seq ?? 0 }).toEqual({ distinct: verdicts, first: verdicts === 0 ? null : 1, last: verdicts });
  expect(counted.distinct_seqs).toBe(verdicts);
  expect(run.seq).toBeGreaterThanOrEqual(counted.last_seq ?? 0);
  return run;
}

/** Waits for the run's end, and for its lanes', which their workers note a moment later; every look finds it consistent. */
export async function untilComplete(pool: pg.Pool, runId: string, withinMs = 60_000): Promise<void> {
  await waitFor(
    async () => {
      const run = await expectConsistent(pool, runId);
      return ["COMPLETED", "PARTIAL", "FAILED"].includes(run.status) && run.open_lanes === 0;
    },
    { withinMs, what: `the end of run ${runId}` },
  );
}

/** What holds besides once a run is COMPLETED or PARTIAL: each planned result has exactly one verdict, each judged one its metrics' results. */
export async function expectComplete(pool: pg.Pool, runId: string, metrics: number, isRetried = false): Promise<void> {
  const run = await expectConsistent(pool, runId, isRetried);
  const { counted } = await readInvariants(pool, runId);
  expect(run).toMatchObject({ cancelled: 0, open_lanes: 0, running: 0 });
  expect(counted).toMatchObject({ results: run.total, unjudged: 0, distinct_seqs: run.total, metric_results: counted.scored * metrics });
  expect(counted.scored).toBe(counted.outputs);
}
