import { BadUserInputError, assertNoProblems, type Problem } from "../errors.js";

/** What a metric must reach. */
export interface MetricGate {
  readonly name: string;
  readonly minPassRate: number;
}

/** What a run must meet; absent or null: not asked for. */
export interface GatePolicy {
  readonly minPassRate?: number | null;
  readonly minCoverage?: number | null;
  readonly maxErrorRate?: number | null;
  readonly maxP95LatencyMs?: number | null;
  /** The run that regressions are counted against. */
  readonly baselineId?: string | null;
  readonly maxRegressions?: number | null;
  readonly failOnSignificantRegression?: boolean | null;
  readonly metricMinPassRates?: readonly MetricGate[] | null;
}

/** Throws BAD_USER_INPUT with every problem of the policy; EMPTY_POLICY for one that checks nothing. */
export function assertPolicy(policy: GatePolicy): void {
  assertNoProblems(policyProblems(policy));
  if (!isEmpty(policy)) return;
  const message = "The policy checks nothing. Give at least one limit, such as minPassRate.";
  throw new BadUserInputError(message, [{ field: "policy", message }], "EMPTY_POLICY");
}

/** Whether a check looks at the baseline. */
export function needsBaseline({ maxRegressions, failOnSignificantRegression }: GatePolicy): boolean {
  return maxRegressions != null || failOnSignificantRegression === true;
}

function isEmpty(policy: GatePolicy): boolean {
  const { minPassRate, minCoverage, maxErrorRate, maxP95LatencyMs, metricMinPassRates } = policy;
  const hasNumbers = [minPassRate, minCoverage, maxErrorRate, maxP95LatencyMs].some((limit) => limit != null);
  return !hasNumbers && !needsBaseline(policy) && (metricMinPassRates ?? []).length === 0;
}

function policyProblems(policy: GatePolicy): Problem[] {
  const problems: Problem[] = [];
  for (const field of ["minPassRate", "minCoverage", "maxErrorRate"] as const) problems.push(...rateProblems(`policy.${field}`, policy[field]));
  (policy.metricMinPassRates ?? []).forEach(({ name, minPassRate }, index) => {
    if (name.trim() === "") problems.push({ field: `policy.metricMinPassRates.${index}.name`, message: "It may not be blank." });
    problems.push(...rateProblems(`policy.metricMinPassRates.${index}.minPassRate`, minPassRate));
  });
  for (const field of ["maxP95LatencyMs", "maxRegressions"] as const) {
    const limit = policy[field];
    if (limit != null && limit < 0) problems.push({ field: `policy.${field}`, message: `It may not be below 0; it is ${limit}.` });
  }
  if (needsBaseline(policy) && policy.baselineId == null) problems.push({ field: "policy.baselineId", message: "maxRegressions and failOnSignificantRegression need a baseline: give the id of the run to compare with." });
  return problems;
}

function rateProblems(field: string, rate: number | null | undefined): Problem[] {
  return rate == null || (rate >= 0 && rate <= 1) ? [] : [{ field, message: `A rate is a fraction from 0 to 1; it is ${rate}.` }];
}
