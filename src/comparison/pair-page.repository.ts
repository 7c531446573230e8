import { type RawBuilder, sql, type SqlBool } from "kysely";
import { beyond, checkedCursor, type Db, EMPTY_PAGE, escapeLike, type OrderColumn, type Page, type PageArgs, type Paging, parsePaging, storableText, toPage } from "../db/index.js";
import type { Scope } from "../viewer.js";
import type { ComparisonOutcome, SideCounts } from "./comparison.js";
import { OUTCOME, pairingTables, pairKey, type RunPair } from "./pairing.repository.js";

/** A test in one run of a comparison. */
export interface PairSide {
  /** The test's place in the run, from 1. */
  readonly place: number;
  readonly counts: SideCounts;
}

/** A test in two runs; a side is null where the run does not have the test. */
export interface TestPair extends RunPair {
  readonly testId: string;
  readonly outcome: ComparisonOutcome;
  readonly baseline: PairSide | null;
  readonly candidate: PairSide | null;
}

/** Which tests of a comparison are listed; null: all. */
export interface TestPairFilter {
  readonly outcome: readonly ComparisonOutcome[] | null;
  /** Anywhere in what was sent, expected or answered in either run. */
  readonly search: string | null;
}

export interface TestPairListArgs {
  readonly filter: TestPairFilter;
  readonly page: PageArgs;
}

/** The candidate's tests in its order, then those that only the baseline has in that of the baseline. */
const ORDER: readonly OrderColumn[] = [
  { ref: "listed.section", key: "section", direction: "asc", type: "integer" },
  { ref: "listed.place", key: "place", direction: "asc", type: "integer" },
  { ref: "listed.test_id", key: "testId", direction: "asc", type: "uuid" },
];

interface PairRow {
  readonly pair: number;
  readonly hasBehind: boolean;
  readonly hasAhead: boolean;
  /** Null: no test is on the page. */
  readonly testId: string | null;
  readonly section: number;
  readonly place: number;
  readonly outcome: ComparisonOutcome;
  readonly baselinePlace: number | null;
  readonly candidatePlace: number | null;
  readonly baselineCounts: SideCounts;
  readonly candidateCounts: SideCounts;
}

/** A page of the tests of each pair of runs, by `pairKey`. One statement, whatever the number of pairs. BAD_USER_INPUT for paging arguments. */
export async function pageTestPairs(db: Db, scope: Scope, pairs: readonly RunPair[], { filter, page }: TestPairListArgs): Promise<ReadonlyMap<string, Page<TestPair>>> {
  const paging = parsePaging(page, ["testPairs", filter]);
  const { rows } = await sql<PairRow>`
    with ${pairingTables(scope, pairs)}, ${listedTable(scope, filter)},
    pages as (
      select flags.pair, flags.has_behind, flags.has_ahead, page.section, page.place, page.test_id, page.outcome, page.baseline_place, page.candidate_place
      from (
        select listed.pair, coalesce(bool_or(${outside(paging, paging.backward ? "before" : "after")}), false) as has_behind,
          coalesce(bool_or(${outside(paging, paging.backward ? "after" : "before")}), false) as has_ahead
        from listed group by listed.pair
      ) as flags
      left join lateral (
        select * from listed where listed.pair = flags.pair and ${within(paging)} order by ${readingOrder(paging.backward)} limit ${paging.limit + 1}
      ) as page on true
    )
    select pages.*, ${countsOf(scope, 0, "baseline_place")} as baseline_counts, ${countsOf(scope, 1, "candidate_place")} as candidate_counts
    from pages order by pages.pair, ${sql.raw(["section", "place", "test_id"].map((column) => `pages.${column} ${paging.backward ? "desc" : "asc"}`).join(", "))}`.execute(db);
  const groups = Map.groupBy(rows, (row) => row.pair);
  const entries = pairs.map(async (pair, index) => [pairKey(pair), await pageOfRows(pair, groups.get(index) ?? [], paging)] as const);
  return new Map(await Promise.all(entries));
}

/** How many tests of each pair of runs match, by `pairKey`. One statement. */
export async function countTestPairs(db: Db, scope: Scope, pairs: readonly RunPair[], filter: TestPairFilter): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<{ pair: number; count: number }>`
    with ${pairingTables(scope, pairs)}, ${listedTable(scope, filter)}
    select listed.pair, count(*) as count from listed group by listed.pair`.execute(db);
  return new Map(rows.flatMap(({ pair, count }) => (pairs[pair] === undefined ? [] : [[pairKey(pairs[pair]), count]])));
}

/** The tests under the filter. Once and for all: the page, its flags and nothing twice. */
function listedTable(scope: Scope, { outcome, search }: TestPairFilter): RawBuilder<unknown> {
  const found = search === null ? sql`` : sql`${foundTable(scope, search)},`;
  const isFound = search === null ? sql`true` : sql`(listed.pair, listed.test_id) in (select found.pair, found.test_id from found)`;
  const isOutcome = outcome === null ? sql`true` : sql`listed.outcome = any(${outcome}::text[])`;
  return sql`${found}
    listed as materialized (
      select * from (
        select paired.pair, paired.test_id, paired.baseline_place, paired.candidate_place, case when paired.candidate is null then 1 else 0 end as section,
          coalesce(paired.candidate_place, paired.baseline_place) as place, ${OUTCOME} as outcome
        from paired
      ) as listed
      where ${isOutcome} and ${isFound}
    )`;
}

/** The tests in whose content, as a run had it, or in whose answers the text is. */
function foundTable(scope: Scope, search: string): RawBuilder<unknown> {
  const pattern = sql`lower(${`%${escapeLike(storableText(search))}%`})`;
  return sql`
    contents as (
      select members.pair, results.test_id, results.test_revision_id, results.output_run_id, results.ordinal
      from members join test_results results on results.organization_id = ${scope.organizationId} and results.run_id = members.run_id
      union all
      select planned.pair, planned.test_id, planned.test_revision_id, null, null from planned
    ),
    found as (
      select contents.pair, contents.test_id from contents
      join test_revisions revisions on revisions.organization_id = ${scope.organizationId} and revisions.id = contents.test_revision_id
      left join prompts on prompts.organization_id = ${scope.organizationId} and prompts.id = revisions.prompt_id
      left join test_outputs outputs on outputs.organization_id = ${scope.organizationId} and outputs.run_id = contents.output_run_id and outputs.ordinal = contents.ordinal
      where lower(prompts.content) like ${pattern} or lower(prompts.expected_response) like ${pattern} or lower(revisions.key) like ${pattern}
        or lower(revisions.conversation ->> 'goal') like ${pattern} or lower(revisions.conversation ->> 'scriptedTurns') like ${pattern} or lower(outputs.output) like ${pattern}
    )`;
}

function within({ after, before }: Paging): RawBuilder<SqlBool> {
  const [start, end] = [checkedCursor("after", ORDER, after), checkedCursor("before", ORDER, before)];
  return sql<SqlBool>`${start === null ? sql`true` : beyond(ORDER, start, false)} and ${end === null ? sql`true` : beyond(ORDER, end, true)}`;
}

function outside(paging: Paging, field: "after" | "before"): RawBuilder<SqlBool> {
  const cursor = checkedCursor(field, ORDER, paging[field]);
  return cursor === null ? sql<SqlBool>`false` : sql<SqlBool>`${beyond(ORDER, cursor, field === "before")} is not true`;
}

function readingOrder(backward: boolean): RawBuilder<unknown> {
  return sql.join(ORDER.map(({ ref }) => sql`${sql.ref(ref)} ${sql.raw(backward ? "desc" : "asc")}`));
}

/** The trials of a page's test on one side, by status. */
function countsOf(scope: Scope, side: 0 | 1, place: "baseline_place" | "candidate_place"): RawBuilder<unknown> {
  const count = (name: string, status: string) => sql`${sql.lit(name)}, count(*) filter (where results.status = ${sql.lit(status)})`;
  return sql`(
    select json_build_object(${count("passed", "PASSED")}, ${count("failed", "FAILED")}, ${count("errored", "ERROR")}, ${count("cancelled", "CANCELLED")}, ${count("running", "RUNNING")})
    from members join test_results results on results.organization_id = ${scope.organizationId} and results.run_id = members.run_id
      and results.ordinal between (pages.${sql.raw(place)} - 1) * members.trials + 1 and pages.${sql.raw(place)} * members.trials
    where members.pair = pages.pair and members.side = ${side})`;
}

async function pageOfRows(pair: RunPair, rows: readonly PairRow[], paging: Paging): Promise<Page<TestPair>> {
  const [first] = rows;
  if (first === undefined) return EMPTY_PAGE;
  const listed = rows.filter((row) => row.testId !== null);
  const page = await toPage(listed, ORDER, paging, () => Promise.resolve(first.hasBehind), () => Promise.resolve(first.hasAhead));
  return { ...page, rows: page.rows.map((row) => toTestPair(pair, row)) };
}

function toTestPair(pair: RunPair, { testId, outcome, baselinePlace, candidatePlace, baselineCounts, candidateCounts }: PairRow): TestPair {
  const side = (place: number | null, counts: SideCounts): PairSide | null => (place === null ? null : { place, counts });
  return { ...pair, testId: testId ?? "", outcome, baseline: side(baselinePlace, baselineCounts), candidate: side(candidatePlace, candidateCounts) };
}
