import { type RawBuilder, sql, type SqlBool } from "kysely";
import { beyond, checkedCursor, type Db, escapeLike, type Paging, storableText } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { OUTCOME, pairedTable, type Pairing, plannedTests } from "./pairing.repository.js";
import { ORDER, type PairRow, type PairRows, type TestPairFilter } from "./test-pair.js";

/** The flags stand in every row, and in one without a test where the page is empty. */
type SearchRow = Omit<PairRow, "testId"> & { readonly pair: number; readonly testId: string | null; readonly hasBehind: boolean; readonly hasAhead: boolean };

/** The rows of a page of each list: all tests are paired, and those under the filter put in order. One statement, whatever the number of pairs. */
export async function searchTestPairs(db: Db, scope: Scope, pairing: Pairing, filter: TestPairFilter, paging: Paging): Promise<readonly PairRows[]> {
  const { rows } = await sql<SearchRow>`
    with ${listedTables(scope, pairing, filter)},
    pages as (
      select flags.pair, flags.has_behind, flags.has_ahead, page.section, page.ordinal, page.test_id, page.outcome, page.baseline_ordinal, page.candidate_ordinal
      from (
        select listed.pair, coalesce(bool_or(${outside(paging, paging.backward ? "before" : "after")}), false) as has_behind,
          coalesce(bool_or(${outside(paging, paging.backward ? "after" : "before")}), false) as has_ahead
        from listed group by listed.pair
      ) as flags
      left join lateral (
        select * from listed where listed.pair = flags.pair and ${within(paging)} order by ${readingOrder(paging.backward)} limit ${paging.limit + 1}
      ) as page on true
    )
    select pages.*, ${countsOf(scope, pairing, "baseline")} as baseline_counts, ${countsOf(scope, pairing, "candidate")} as candidate_counts
    from pages order by pages.pair, ${sql.raw(["section", "ordinal", "test_id"].map((column) => `pages.${column} ${paging.backward ? "desc" : "asc"}`).join(", "))}`.execute(db);
  const groups = Map.groupBy(rows, (row) => row.pair);
  return pairing.pairs.map((_, index) => {
    const found = groups.get(index) ?? [];
    const listed = found.flatMap(({ testId, ...row }) => (testId === null ? [] : [{ ...row, testId }]));
    return { rows: listed, hasBehind: found[0]?.hasBehind ?? false, hasAhead: found[0]?.hasAhead ?? false };
  });
}

/** How many tests of each pair match. One statement, whatever the number of pairs. */
export async function countMatchingPairs(db: Db, scope: Scope, pairing: Pairing, filter: TestPairFilter): Promise<readonly number[]> {
  const { rows } = await sql<{ pair: number; count: number }>`
    with ${listedTables(scope, pairing, filter)}
    select listed.pair, count(*) as count from listed group by listed.pair`.execute(db);
  const counts = new Map(rows.map(({ pair, count }) => [pair, count]));
  return pairing.pairs.map((_, index) => counts.get(index) ?? 0);
}

/** The tests under the filter, made once for the page and its flags. */
function listedTables(scope: Scope, pairing: Pairing, { outcome, search }: TestPairFilter): RawBuilder<unknown> {
  const found = search === null ? sql`` : sql`${foundTable(scope, pairing, search)},`;
  const isFound = search === null ? sql`true` : sql`(listed.pair, listed.test_id) in (select found.pair, found.test_id from found)`;
  const isOutcome = outcome === null ? sql`true` : sql`listed.outcome = any(${outcome}::text[])`;
  return sql`${pairedTable(scope, pairing)}, ${found}
    listed as materialized (
      select * from (
        select paired.pair, paired.test_id, paired.baseline_ordinal, paired.candidate_ordinal, case when paired.candidate is null then 1 else 0 end as section,
          coalesce(paired.candidate_ordinal, paired.baseline_ordinal) as ordinal, ${OUTCOME} as outcome
        from paired
      ) as listed
      where ${isOutcome} and ${isFound}
    )`;
}

/** The tests in whose content, as a run had it, or in whose answers the text is. */
function foundTable(scope: Scope, { pairs, runIds }: Pairing, search: string): RawBuilder<unknown> {
  const pattern = sql`lower(${`%${escapeLike(storableText(search))}%`})`;
  const planned = [...new Map(pairs.flatMap(({ baseline, candidate }) => [baseline, candidate]).map((run) => [run.id, run])).values()].filter((run) => run.isOpen);
  const plans = planned.map((run) => sql` union all select planned.run_id, planned.test_id, planned.test_revision_id, null, null from (${plannedTests(scope, run)}) as planned`);
  const sides = pairs.flatMap(({ baseline, candidate }, index) => [[index, baseline.id], [index, candidate.id]] as const);
  return sql`
    contents as (
      select results.run_id, results.test_id, results.test_revision_id, results.output_run_id, results.ordinal
      from test_results results where results.organization_id = ${scope.organizationId} and results.run_id = any(${runIds}::uuid[])${sql.join(plans, sql``)}
    ),
    found as (
      select sides.pair, contents.test_id from contents
      join unnest(${sides.map(([index]) => index)}::integer[], ${sides.map(([, id]) => id)}::uuid[]) as sides (pair, run_id) on sides.run_id = contents.run_id
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

/** The trials of a page's tests on one side, by status. */
function countsOf(scope: Scope, { pairs }: Pairing, side: "baseline" | "candidate"): RawBuilder<unknown> {
  const runs = pairs.map((pair) => pair[side]);
  const count = (name: string, status: string) => sql`${sql.lit(name)}, count(*) filter (where results.status = ${sql.lit(status)})`;
  const ordinal = sql.raw(`pages.${side}_ordinal`);
  const trials = sql`(${runs.map((run) => run.trials)}::integer[])[pages.pair + 1]`;
  return sql`(
    select json_build_object(${count("passed", "PASSED")}, ${count("failed", "FAILED")}, ${count("errored", "ERROR")}, ${count("cancelled", "CANCELLED")}, ${count("running", "RUNNING")})
    from test_results results
    where results.organization_id = ${scope.organizationId} and results.run_id = any(${runs.map((run) => run.id)}::uuid[]) and results.run_id = (${runs.map((run) => run.id)}::uuid[])[pages.pair + 1]
      and results.ordinal between (${ordinal} - 1) / ${trials} * ${trials} + 1 and (${ordinal} - 1) / ${trials} * ${trials} + ${trials})`;
}
