import { sql } from "kysely";
import type { Db } from "../db/index.js";
import type { Scope } from "../viewer.js";
import { agreementOf, type ConfusionMatrix, type JudgeAgreement } from "./agreement.js";

/** Which version of a metric; the latest where it is null. */
export interface AgreementArgs {
  readonly version: number | null;
}

/**
 * How far versions of metrics and their reviewers agree: over the results that the version judged and that have a METRIC
 * review, by the newest one; those without an automated verdict are left out. One statement. A version that a metric
 * does not have is left out of the answer. What was judged is looked up review by review: as a plain join the planner reads
 * every metric result of the organization.
 */
export async function findAgreements(db: Db, scope: Scope, metricIds: readonly string[], { version }: AgreementArgs): Promise<ReadonlyMap<string, JudgeAgreement>> {
  const { rows } = await sql<ConfusionMatrix & { readonly metricId: string }>`
    select versions.metric_id,
      count(*) filter (where judged.automated_status = 'PASSED' and newest.verdict = 'PASS') as true_pass,
      count(*) filter (where judged.automated_status = 'PASSED' and newest.verdict = 'FAIL') as false_pass,
      count(*) filter (where judged.automated_status = 'FAILED' and newest.verdict = 'FAIL') as true_fail,
      count(*) filter (where judged.automated_status = 'FAILED' and newest.verdict = 'PASS') as false_fail
    from metrics
    join metric_versions versions on versions.organization_id = ${scope.organizationId} and versions.metric_id = metrics.id
      and versions.number = coalesce(${version}::integer, metrics.latest_version)
    left join lateral (
      select distinct on (reviews.run_id, reviews.ordinal, reviews.metric_index) reviews.run_id, reviews.ordinal, reviews.metric_index, reviews.verdict
      from reviews where reviews.organization_id = ${scope.organizationId} and reviews.metric_version_id = versions.id
      order by reviews.run_id, reviews.ordinal, reviews.metric_index, reviews.created_at desc, reviews.id desc
    ) as newest on true
    left join lateral (
      select scores.automated_status from metric_results scores
      where scores.organization_id = ${scope.organizationId} and scores.run_id = newest.run_id and scores.ordinal = newest.ordinal and scores.metric_index = newest.metric_index
      limit 1
    ) as judged on true
    where metrics.organization_id = ${scope.organizationId} and metrics.id = any(${metricIds}::uuid[])
    group by versions.metric_id`.execute(db);
  return new Map(rows.map(({ metricId, ...matrix }) => [metricId, agreementOf(matrix)]));
}
