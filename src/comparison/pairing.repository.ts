import { type RawBuilder, sql } from "kysely";
import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { ComparisonOutcome, ComparisonSummary } from "./comparison.js";

/** Two runs to be compared; loaders name them by `pairKey`. */
export interface RunPair {
  readonly baselineId: string;
  readonly candidateId: string;
}

/** The loaders' key of two runs. */
export function pairKey({ baselineId, candidateId }: RunPair): string {
  return `${baselineId} ${candidateId}`;
}

/** The runs of a loader's key. */
export function parsePairKey(key: string): RunPair {
  const [baselineId = "", candidateId = ""] = key.split(" ");
  return { baselineId, candidateId };
}

/**
 * The common tables that pair runs by test: `members` (the two sides of each pair: 0 the baseline, 1 the candidate),
 * `planned` (tests of runs that have results without a row), `voted` (a row for each trial) and `paired` (one for each
 * test of each pair, with the sum of its verdicts on each side, 1 for a pass and -1 for a fail: its sign is the
 * majority, 0 a tie or no verdict, null a run without the test). Grouping reads both runs once in whatever order,
 * where a join of two groupings sorted or looked up one of them.
 */
export function pairingTables(scope: Scope, pairs: readonly RunPair[]): RawBuilder<unknown> {
  const indexes = pairs.flatMap((_, index) => [index, index]);
  const runIds = pairs.flatMap(({ baselineId, candidateId }) => [baselineId, candidateId]);
  return sql`
    members as materialized (
      select sides.pair, sides.side, runs.id as run_id, runs.trials, runs.passed + runs.failed + runs.errored < runs.total as is_open
      from unnest(${indexes}::integer[], ${runIds.map((_, index) => index % 2)}::integer[], ${runIds}::uuid[]) as sides (pair, side, run_id)
      join test_runs runs on runs.organization_id = ${scope.organizationId} and runs.id = sides.run_id
    ),
    planned as (
      select members.pair, members.side, members.run_id, segments.first_position + slots.nth::integer - 1 as place, revisions.test_id, revisions.id as test_revision_id
      from members
      join run_segments segments on segments.organization_id = ${scope.organizationId} and segments.run_id = members.run_id
      cross join lateral unnest(coalesce(segments.positions, array(select generate_series(1, segments.test_count)))) with ordinality as slots (position, nth)
      join test_revisions revisions on revisions.organization_id = ${scope.organizationId} and revisions.test_set_id = segments.test_set_id and revisions.position = slots.position
        and revisions.added_in_version <= segments.test_set_version and (revisions.removed_in_version is null or revisions.removed_in_version > segments.test_set_version)
      where members.is_open
    ),
    voted as (
      select members.pair, members.side, (results.ordinal - 1) / members.trials + 1 as place, results.test_id,
        case results.status when 'PASSED' then 1 when 'FAILED' then -1 else 0 end as vote
      from members
      join test_results results on results.organization_id = ${scope.organizationId} and results.run_id = members.run_id
      union all
      select planned.pair, planned.side, planned.place, planned.test_id, 0 from planned
    ),
    paired as (
      select voted.pair, voted.test_id, sum(voted.vote) filter (where voted.side = 0) as baseline, sum(voted.vote) filter (where voted.side = 1) as candidate,
        min(voted.place) filter (where voted.side = 0) as baseline_place, min(voted.place) filter (where voted.side = 1) as candidate_place
      from voted group by voted.pair, voted.test_id
    )`;
}

/** What became of a test, over `paired`. */
export const OUTCOME = sql<ComparisonOutcome>`
  case when paired.baseline is null then 'ADDED' when paired.candidate is null then 'REMOVED' when paired.baseline = 0 or paired.candidate = 0 then 'NOT_COMPARABLE'
    when sign(paired.baseline) = sign(paired.candidate) then 'UNCHANGED' when paired.candidate > 0 then 'IMPROVED' else 'REGRESSED' end`;

/** The counts of each pair of runs, by `pairKey`. One statement, whatever the number of pairs. */
export async function findComparisonSummaries(db: Db, scope: Scope, pairs: readonly RunPair[]): Promise<ReadonlyMap<string, ComparisonSummary>> {
  const count = (outcome: ComparisonOutcome) => sql`count(*) filter (where outcome = ${sql.lit(outcome)})`;
  const { rows } = await sql<ComparisonSummary & { pair: number }>`
    with ${pairingTables(scope, pairs)}
    select pair, ${count("IMPROVED")} as improved, ${count("REGRESSED")} as regressed, ${count("UNCHANGED")} as unchanged,
      ${count("ADDED")} as added, ${count("REMOVED")} as removed, ${count("NOT_COMPARABLE")} as not_comparable
    from (select paired.pair, ${OUTCOME} as outcome from paired) as outcomes group by pair`.execute(db);
  return new Map(rows.flatMap(({ pair, ...summary }) => (pairs[pair] === undefined ? [] : [[pairKey(pairs[pair]), summary]])));
}
