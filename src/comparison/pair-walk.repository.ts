import { type RawBuilder, sql } from "kysely";
import type { CursorValue, Db, Paging } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { outcomeOf, type SideCounts } from "./comparison.js";
import type { PairedRun, Pairing } from "./pairing.repository.js";
import type { PairRow, PairRows } from "./test-pair.js";

type Pair = Pairing["pairs"][number];

/** A test's trials in a run; without an ordinal where the run does not have it. */
type WalkSide = SideCounts & { readonly ordinal: number | null };

/** A test at its place in the list of a pair. */
interface WalkRow {
  readonly pair: number;
  readonly section: 0 | 1;
  readonly ordinal: number;
  readonly testId: string;
  readonly baselineSide: WalkSide;
  readonly candidateSide: WalkSide;
}

/**
 * The rows of a page of each list of all pairs, one more than the page holds, in reading order. Only for runs whose
 * planned results all have a row: such a list is walked by the runs' own ordinals, so that a page costs the same at any
 * depth and of any size. Two statements at the most, whatever the number of pairs: the tests of the candidate, then,
 * where the page reaches them, those that only the baseline has.
 */
export async function walkTestPairs(db: Db, scope: Scope, pairs: readonly Pair[], paging: Paging): Promise<readonly PairRows[]> {
  const rows: PairRow[][] = pairs.map(() => []);
  for (const section of paging.backward ? ([1, 0] as const) : ([0, 1] as const)) {
    const range = rangeOf(section, paging);
    const wanting = pairs.flatMap((pair, index) => (rows[index]?.length === paging.limit + 1 ? [] : [{ pair, index, take: paging.limit + 1 - (rows[index]?.length ?? 0) }]));
    if (range === null || wanting.length === 0) continue;
    for (const row of await readSection(db, scope, { section, range, backward: paging.backward, wanting })) rows[wanting[row.pair]?.index ?? -1]?.push(toPairRow(row));
  }
  // What a cursor was made of is there still: results of finished runs stay.
  const [hasBehind, hasAhead] = paging.backward ? [paging.before !== null, paging.after !== null] : [paging.after !== null, paging.before !== null];
  return rows.map((found) => ({ rows: found, hasBehind, hasAhead }));
}

/** No ordinal is greater. */
const END = 2 ** 31 - 1;

/** The ordinals of a section between the cursors; null where the section is outside. */
function rangeOf(section: 0 | 1, { after, before }: Paging): { readonly from: number; readonly to: number } | null {
  const [start, end] = [placeOf(after), placeOf(before)];
  if ((start !== null && start.section > section) || (end !== null && end.section < section)) return null;
  return { from: start?.section === section ? Math.min(start.ordinal, END - 1) + 1 : 1, to: end?.section === section ? Math.max(end.ordinal, 1) - 1 : END };
}

function placeOf(cursor: readonly CursorValue[] | null): { readonly section: number; readonly ordinal: number } | null {
  return cursor === null ? null : { section: Number(cursor[0]), ordinal: Number(cursor[1]) };
}

interface Section {
  readonly section: 0 | 1;
  readonly range: { readonly from: number; readonly to: number };
  readonly backward: boolean;
  readonly wanting: readonly { readonly pair: Pair; readonly take: number }[];
}

async function readSection(db: Db, scope: Scope, { section, range, backward, wanting }: Section): Promise<readonly WalkRow[]> {
  const direction = sql.raw(backward ? "desc" : "asc");
  const pages = wanting.map(({ pair, take }, index) => {
    const run = section === 0 ? pair.candidate : pair.baseline;
    const isAlone = section === 0 ? sql`true` : sql`${hasOthers(scope, pair)} and not exists (
      select 1 from test_results others where others.organization_id = ${scope.organizationId} and others.run_id = ${pair.candidate.id}::uuid and others.test_id = results.test_id)`;
    return sql`(
      select ${sql.lit(index)} as pair, ${sql.lit(section)} as section, results.ordinal, results.test_id from test_results results
      where results.organization_id = ${scope.organizationId} and results.run_id = ${run.id}::uuid and results.ordinal between ${range.from}::integer and ${range.to}::integer
        and (results.ordinal - 1) % ${run.trials}::integer = 0 and ${isAlone}
      order by results.ordinal ${direction} limit ${take})`;
  });
  const { rows } = await sql<WalkRow>`
    with pages as materialized (${sql.join(pages, sql` union all `)})
    select pages.*, ${sideOf(scope, wanting.map(({ pair }) => pair.baseline))} as baseline_side, ${sideOf(scope, wanting.map(({ pair }) => pair.candidate))} as candidate_side
    from pages order by pages.pair, pages.ordinal ${direction}`.execute(db);
  return rows;
}

/**
 * Whether the baseline may have tests that the candidate does not have, by their plans: it asks nothing of a test, so
 * where both ran the same version of a set, as they do as a rule, no result is looked at.
 */
function hasOthers(scope: Scope, { baseline, candidate }: Pair): RawBuilder<unknown> {
  return sql`exists (
    select 1 from run_segments ours where ours.organization_id = ${scope.organizationId} and ours.run_id = ${baseline.id}::uuid and not exists (
      select 1 from run_segments theirs
      where theirs.organization_id = ${scope.organizationId} and theirs.run_id = ${candidate.id}::uuid and theirs.test_set_id = ours.test_set_id and theirs.test_set_version = ours.test_set_version
        and theirs.test_count >= ours.test_count and theirs.positions is not distinct from ours.positions))`;
}

/** The trials of a page's tests in a run, by status. */
function sideOf(scope: Scope, runs: readonly PairedRun[]): RawBuilder<unknown> {
  const ids = runs.map((run) => run.id);
  const count = (name: string, status: string) => sql`${sql.lit(name)}, count(*) filter (where results.status = ${sql.lit(status)})`;
  return sql`(
    select json_build_object('ordinal', min(results.ordinal), ${count("passed", "PASSED")}, ${count("failed", "FAILED")}, ${count("errored", "ERROR")}, ${count("cancelled", "CANCELLED")}, ${count("running", "RUNNING")})
    from test_results results
    where results.organization_id = ${scope.organizationId} and results.run_id = any(${ids}::uuid[]) and results.run_id = (${ids}::uuid[])[pages.pair + 1] and results.test_id = pages.test_id)`;
}

function toPairRow({ pair: _, section, ordinal, testId, baselineSide, candidateSide }: WalkRow): PairRow {
  const present = (side: WalkSide): WalkSide | null => (side.ordinal === null ? null : side);
  const outcome = outcomeOf(present(baselineSide), present(candidateSide));
  return { section, ordinal, testId, outcome, baselineOrdinal: baselineSide.ordinal, candidateOrdinal: candidateSide.ordinal, baselineCounts: baselineSide, candidateCounts: candidateSide };
}
