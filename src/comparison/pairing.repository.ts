import { type RawBuilder, sql } from "kysely";
import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { type ComparisonOutcome, type ComparisonSummary, EMPTY_SUMMARY } from "./comparison.js";
import type { PinnedSet } from "./run-change.js";
import { pairKey, type RunPair } from "./run-pair.js";

/** What pairing needs to know of a run. */
export interface PairedRun {
  readonly id: string;
  readonly trials: number;
  /** Whether planned results may be without a row. */
  readonly isOpen: boolean;
}

/** Pairs of runs that are there, with what pairing needs to know of them. */
export interface Pairing {
  readonly pairs: readonly { readonly key: string; readonly pair: RunPair; readonly baseline: PairedRun; readonly candidate: PairedRun }[];
  readonly runIds: readonly string[];
}

/** Looks up the runs of the pairs. One statement. */
export async function findPairing(db: Db, scope: Scope, pairs: readonly RunPair[]): Promise<Pairing> {
  const runIds = [...new Set(pairs.flatMap(({ baselineId, candidateId }) => [baselineId, candidateId]))];
  const { rows } = await sql<PairedRun>`
    select runs.id, runs.trials, runs.passed + runs.failed + runs.errored < runs.total as is_open
    from test_runs runs where runs.organization_id = ${scope.organizationId} and runs.id = any(${runIds}::uuid[])`.execute(db);
  const byId = new Map(rows.map((run) => [run.id, run]));
  const found = pairs.flatMap((pair) => {
    const [baseline, candidate] = [byId.get(pair.baselineId), byId.get(pair.candidateId)];
    return baseline === undefined || candidate === undefined ? [] : [{ key: pairKey(pair), pair, baseline, candidate }];
  });
  return { pairs: found, runIds };
}

/**
 * The common table `paired`: a row for each test of each pair, with the sum of its verdicts on each side, 1 for a pass
 * and -1 for a fail (its sign is the majority, 0 a tie or no verdict, null a run without the test), and the ordinal of
 * its first trial. The pairs stand one beside the other with their runs as constants: so the planner sees the two
 * partitions that it needs and reads them in the order of an index that has all columns, where a join with a table of
 * pairs hashed all results of both runs.
 */
export function pairedTable(scope: Scope, { pairs }: Pairing): RawBuilder<unknown> {
  const selects = pairs.map(({ baseline, candidate }, index) => {
    const side = (value: RawBuilder<unknown>, run: PairedRun) => sql`${value} filter (where voted.run_id = ${run.id}::uuid)`;
    const [votes, first] = [sql`sum(voted.vote)`, sql`min(voted.ordinal)`];
    return sql`
      select ${sql.lit(index)} as pair, voted.test_id, ${side(votes, baseline)} as baseline, ${side(votes, candidate)} as candidate,
        ${side(first, baseline)} as baseline_ordinal, ${side(first, candidate)} as candidate_ordinal
      from (${votesOf(scope, baseline, candidate)}) as voted group by voted.test_id`;
  });
  return sql`paired as (${sql.join(selects, sql` union all `)})`;
}

function votesOf(scope: Scope, baseline: PairedRun, candidate: PairedRun): RawBuilder<unknown> {
  const stored = sql`
    select results.run_id, results.test_id, results.ordinal, case results.status when 'PASSED' then 1 when 'FAILED' then -1 else 0 end as vote
    from test_results results where results.organization_id = ${scope.organizationId} and results.run_id = any(${[baseline.id, candidate.id]}::uuid[])`;
  const planned = [baseline, candidate].filter((run) => run.isOpen).map((run) => sql`select planned.run_id, planned.test_id, planned.ordinal, 0 from (${plannedTests(scope, run)}) as planned`);
  return sql.join([stored, ...planned], sql` union all `);
}

/** Every test of a run's plan with the ordinal of its first trial. */
export function plannedTests(scope: Scope, run: PairedRun): RawBuilder<unknown> {
  return sql`
    select segments.run_id, (segments.first_position + slots.nth::integer - 2) * ${run.trials}::integer + 1 as ordinal, revisions.test_id, revisions.id as test_revision_id
    from run_segments segments
    cross join lateral unnest(coalesce(segments.positions, array(select generate_series(1, segments.test_count)))) with ordinality as slots (position, nth)
    join test_revisions revisions on revisions.organization_id = ${scope.organizationId} and revisions.test_set_id = segments.test_set_id and revisions.position = slots.position
      and revisions.added_in_version <= segments.test_set_version and (revisions.removed_in_version is null or revisions.removed_in_version > segments.test_set_version)
    where segments.organization_id = ${scope.organizationId} and segments.run_id = ${run.id}::uuid`;
}

/** The sets whose tests runs have, with the versions that they pin. */
export async function findPinnedSets(db: Db, scope: Scope, runIds: readonly string[]): Promise<PinnedSet[]> {
  const { rows } = await sql<PinnedSet>`
    select distinct segments.run_id, segments.test_set_id, segments.test_set_version as version
    from run_segments segments where segments.organization_id = ${scope.organizationId} and segments.run_id = any(${runIds}::uuid[])
    order by segments.run_id, segments.test_set_id`.execute(db);
  return rows;
}

/** What became of a test, over `paired`. */
export const OUTCOME = sql<ComparisonOutcome>`
  (case when paired.baseline is null then 'ADDED' when paired.candidate is null then 'REMOVED' when paired.baseline = 0 or paired.candidate = 0 then 'NOT_COMPARABLE'
    when (paired.baseline > 0) = (paired.candidate > 0) then 'UNCHANGED' when paired.candidate > 0 then 'IMPROVED' else 'REGRESSED' end)`;

/** The counts of each pair of runs, by `pairKey`. Two statements, whatever the number of pairs. */
export async function findComparisonSummaries(db: Db, scope: Scope, runPairs: readonly RunPair[]): Promise<ReadonlyMap<string, ComparisonSummary>> {
  const pairing = await findPairing(db, scope, runPairs);
  if (pairing.pairs.length === 0) return new Map();
  // By outcome rather than by six filters: each of them would work out the outcome anew.
  const { rows } = await sql<{ pair: number; outcome: ComparisonOutcome; count: number }>`
    with ${pairedTable(scope, pairing)}
    select paired.pair, ${OUTCOME} as outcome, count(*) as count from paired group by 1, 2`.execute(db);
  const groups = Map.groupBy(rows, (row) => row.pair);
  return new Map(pairing.pairs.map(({ key }, index) => [key, summaryOf(groups.get(index) ?? [])]));
}

const FIELDS = { IMPROVED: "improved", REGRESSED: "regressed", UNCHANGED: "unchanged", ADDED: "added", REMOVED: "removed", NOT_COMPARABLE: "notComparable" } as const satisfies Record<ComparisonOutcome, keyof ComparisonSummary>;

function summaryOf(rows: readonly { readonly outcome: ComparisonOutcome; readonly count: number }[]): ComparisonSummary {
  return { ...EMPTY_SUMMARY, ...Object.fromEntries(rows.map(({ outcome, count }) => [FIELDS[outcome], count])) };
}
