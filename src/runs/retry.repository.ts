import { type RawBuilder, sql } from "kysely";
import type { Trx } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { LANE_BLOCK } from "./lanes.js";
import { ConversationStopReason, ResultErrorType } from "./result.js";
import type { TestRun } from "./run.js";

/** Results that one statement takes back, at the most: some tenths of a second. */
const BATCH = 20_000;

/** What a retry took back. */
export interface TakenBack {
  readonly results: number;
  /** Those that had ended in ERROR. */
  readonly errored: number;
  /** Those of them that were counted as answered and are to be asked again. */
  readonly unanswered: number;
  /** Those of them that had an output, of a conversation that broke off. */
  readonly unexecuted: number;
  readonly firstOrdinal: number | null;
}

/**
 * Takes back what ended in ERROR or was cancelled: its row stays PENDING with the answer, which is only to be judged
 * again, or with the attempts, which are to be followed by others. What a whole answer is missing to is called again.
 * A result whose metrics people have reviewed stays as they left it. The caller holds the run's lock.
 */
export async function takeBackResults(trx: Trx, scope: Scope, run: TestRun): Promise<TakenBack> {
  let all: TakenBack = { results: 0, errored: 0, unanswered: 0, unexecuted: 0, firstOrdinal: null };
  for (let from = 1; from <= run.total; from += BATCH) {
    const { rows } = await sql<TakenBack>`${batchStatement(scope, run, { from, to: from + BATCH - 1 })}`.execute(trx);
    const [taken] = rows;
    if (taken === undefined) continue;
    all = {
      results: all.results + taken.results,
      errored: all.errored + taken.errored,
      unanswered: all.unanswered + taken.unanswered,
      unexecuted: all.unexecuted + taken.unexecuted,
      firstOrdinal: all.firstOrdinal ?? taken.firstOrdinal,
    };
  }
  return all;
}

function batchStatement(scope: Scope, run: TestRun, ordinals: { from: number; to: number }): RawBuilder<unknown> {
  const ofRun = (table: string) => sql`${sql.ref(`${table}.organizationId`)} = ${scope.organizationId} and ${sql.ref(`${table}.runId`)} = ${run.id}::uuid`;
  const outputRunId = run.outputRunId ?? run.id;
  // A re-score calls nobody: what still has no output would only end in the same error.
  const canBeDone = run.outputRunId === null ? sql`true` : sql`(results.error_type is distinct from ${ResultErrorType.NO_OUTPUT} or outputs.ordinal is not null)`;
  const isWhole = run.outputRunId === null ? sql`(results.output_run_id is not null and outputs.stop_reason is distinct from ${ConversationStopReason.ERROR})` : sql`true`;
  return sql`
    with found as (
      select results.ordinal, results.status, results.output_run_id, ${isWhole} as is_whole
      from test_results results
      left join test_outputs outputs on outputs.organization_id = ${scope.organizationId} and outputs.run_id = ${outputRunId}::uuid and outputs.ordinal = results.ordinal
      where ${ofRun("results")} and results.status in ('ERROR', 'CANCELLED') and results.ordinal between ${ordinals.from} and ${ordinals.to} and ${canBeDone}
        and not (results.review_count > 0 and exists (select 1 from reviews where ${ofRun("reviews")} and reviews.ordinal = results.ordinal and reviews.target = 'METRIC'))
    ), judged as (
      delete from metric_results using found where ${ofRun("metricResults")} and metric_results.ordinal = found.ordinal
    ), taken as (
      update test_results results
      set status = 'PENDING', automated_status = 'PENDING', error_type = null, error = null, finished_at = null, seq = null,
        earlier_attempts = jsonb_array_length(results.attempts),
        output_run_id = case when found.is_whole then results.output_run_id end,
        latency_ms = case when found.is_whole then results.latency_ms end,
        started_at = case when found.is_whole then results.started_at end
      from found where ${ofRun("results")} and results.ordinal = found.ordinal
    )
    select count(*) as results, count(*) filter (where status = 'ERROR') as errored,
      count(*) filter (where status = 'ERROR' and not is_whole) as unanswered,
      count(*) filter (where status = 'ERROR' and not is_whole and output_run_id is not null) as unexecuted,
      min(ordinal) as first_ordinal
    from found`;
}

/** Opens all lanes of a run again: from the ordinal on, or from where they stood if that is before. */
export async function reopenLanes(trx: Trx, scope: Scope, run: Pick<TestRun, "id" | "laneCount">, firstOrdinal: number | null): Promise<number[]> {
  const first = firstOrdinal === null ? sql`next_ordinal` : sql`least(next_ordinal, ${firstInLaneSql(firstOrdinal, run.laneCount)})`;
  const { rows } = await sql<{ lane: number }>`
    update run_lanes set done = false, running = '{}', job_id = null, failures = 0, next_ordinal = ${first}
    where organization_id = ${scope.organizationId} and run_id = ${run.id}::uuid returning lane`.execute(trx);
  return rows.map(({ lane }) => lane).sort((a, b) => a - b);
}

/** The start of the ordinal's block: no ordinal of any lane at or after the given one lies before it. */
function firstInLaneSql(ordinal: number, laneCount: number): RawBuilder<unknown> {
  const round = LANE_BLOCK * laneCount;
  return sql`${Math.floor((ordinal - 1) / round) * round}::integer + lane * ${LANE_BLOCK}::integer + 1`;
}
