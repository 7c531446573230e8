import type { TestRun } from "../runs/index.js";
import { coverage, passRate } from "../runs/index.js";
import { type ComparisonSummary, ComparisonVerdict, pValueOf, SIGNIFICANCE, verdictOf } from "./comparison.js";
import type { GatePolicy } from "./gate-policy.js";

/** One limit of a policy beside what the run came to. */
export interface GateCheck {
  /** The policy's field; for a metric, with its name. */
  readonly name: string;
  readonly passed: boolean;
  /** False where there is nothing to decide by; then it has not passed, either. */
  readonly decided: boolean;
  readonly expected: string;
  readonly actual: string;
  readonly expectedValue: number | null;
  readonly actualValue: number | null;
}

/** Whether a run meets a policy. */
export interface GateResult {
  readonly passed: boolean;
  readonly decided: boolean;
  readonly checks: readonly GateCheck[];
  readonly summary: string;
}

/** What a policy is held against. */
export interface GateFacts {
  readonly run: Pick<TestRun, "name" | "total" | "passed" | "failed" | "errored">;
  /** Null without calls. */
  readonly p95LatencyMs: number | null;
  readonly metrics: readonly { readonly name: string; readonly passed: number; readonly failed: number }[];
  /** Null where no check needs it. */
  readonly baseline: { readonly name: string; readonly summary: ComparisonSummary } | null;
}

/** Holds a run against a policy, check by check in the policy's order. */
export function judge(policy: GatePolicy, facts: GateFacts): GateResult {
  const checks = [...runChecks(policy, facts), ...baselineChecks(policy, facts.baseline?.summary ?? null), ...metricChecks(policy, facts)];
  const passed = checks.every((check) => check.passed);
  const decided = checks.every((check) => check.decided);
  return { passed, decided, checks, summary: summaryText({ passed, decided, checks }, facts) };
}

function runChecks(policy: GatePolicy, { run, p95LatencyMs }: GateFacts): GateCheck[] {
  const checks: GateCheck[] = [];
  if (policy.minPassRate != null) checks.push(atLeast("minPassRate", policy.minPassRate, passRate(run)));
  if (policy.minCoverage != null) checks.push(atLeast("minCoverage", policy.minCoverage, coverage(run)));
  if (policy.maxErrorRate != null) checks.push(atMost("maxErrorRate", policy.maxErrorRate, errorRate(run), percent));
  if (policy.maxP95LatencyMs != null) checks.push(atMost("maxP95LatencyMs", policy.maxP95LatencyMs, p95LatencyMs, milliseconds));
  return checks;
}

/** Errors among the results that ended: what was cancelled tells nothing of errors. Null where nothing ended. */
function errorRate({ passed, failed, errored }: GateFacts["run"]): number | null {
  const ended = passed + failed + errored;
  return ended === 0 ? null : errored / ended;
}

function baselineChecks(policy: GatePolicy, summary: ComparisonSummary | null): GateCheck[] {
  if (summary === null) return [];
  const checks: GateCheck[] = [];
  const pValue = pValueOf(summary);
  if (policy.maxRegressions != null) checks.push(atMost("maxRegressions", policy.maxRegressions, pValue === null ? null : summary.regressed, (count) => `${count} regressed`));
  if (policy.failOnSignificantRegression === true) {
    checks.push({
      name: "failOnSignificantRegression",
      passed: pValue !== null && verdictOf(summary) !== ComparisonVerdict.REGRESSED,
      decided: pValue !== null,
      expected: `no significant regression (p at most ${SIGNIFICANCE})`,
      actual: pValue === null ? NOTHING : `${summary.regressed} regressed, ${summary.improved} improved, p = ${apart(SIGNIFICANCE, pValue, probability).actual}`,
      expectedValue: SIGNIFICANCE,
      actualValue: pValue,
    });
  }
  return checks;
}

function metricChecks(policy: GatePolicy, { metrics }: GateFacts): GateCheck[] {
  return (policy.metricMinPassRates ?? []).map(({ name, minPassRate }) => {
    const metric = metrics.find((each) => each.name.toLowerCase() === name.trim().toLowerCase());
    const check = atLeast(`metricMinPassRates.${metric?.name ?? name}`, minPassRate, metric === undefined ? null : passRate(metric));
    return metric === undefined ? { ...check, actual: "the run has no metric of this name" } : check;
  });
}

const NOTHING = "nothing to decide by";

function atLeast(name: string, limit: number, actual: number | null): GateCheck {
  const shown = apart(limit, actual, percent);
  return { name, passed: actual !== null && actual >= limit, decided: actual !== null, expected: `at least ${shown.limit}`, actual: shown.actual, expectedValue: limit, actualValue: actual };
}

function atMost(name: string, limit: number, actual: number | null, show: Show): GateCheck {
  const shown = apart(limit, actual, show);
  return { name, passed: actual !== null && actual <= limit, decided: actual !== null, expected: `at most ${shown.limit}`, actual: shown.actual, expectedValue: limit, actualValue: actual };
}

/** A figure for people, with more digits than it takes as a rule. */
type Show = (value: number, more: number) => string;

/** More digits than a double has. */
const ALL_DIGITS = 17;

/** A limit and a figure with as many digits as it takes to tell them apart, so that a miss is never shown as a hit: 99.999 % is not 100 %. */
function apart(limit: number, actual: number | null, show: Show): { readonly limit: string; readonly actual: string } {
  if (actual === null) return { limit: show(limit, 0), actual: NOTHING };
  let more = 0;
  while (limit !== actual && show(limit, more) === show(actual, more) && more < ALL_DIGITS) more += 1;
  return { limit: show(limit, more), actual: show(actual, more) };
}

function percent(rate: number, more: number): string {
  return `${Number((rate * 100).toFixed(2 + more))} %`;
}

function milliseconds(value: number, more: number): string {
  return `${Number(value.toFixed(1 + more))} ms`;
}

function probability(value: number, more: number): string {
  return `${Number(value.toPrecision(2 + more))}`;
}

/** One paragraph of Markdown, for a pull request. */
function summaryText({ passed, decided, checks }: Omit<GateResult, "summary">, { run, baseline }: GateFacts): string {
  const verdict = passed ? "✅ **Gate met**" : decided ? "❌ **Gate not met**" : "⚠️ **Gate not decided**";
  const counts = `${run.passed} of ${run.total} results passed, ${run.failed} failed, ${run.errored} ended in errors`;
  const compared = baseline === null ? "" : `, compared with ${plain(baseline.name)}`;
  const parts = checks.map((check) => `${check.passed ? "✓" : check.decided ? "✗" : "?"} \`${check.name.replaceAll("`", "'")}\` ${check.actual} (${check.expected})`);
  return `${verdict} by ${plain(run.name)}${compared}: ${counts}. ${parts.join("; ")}.`.replaceAll(/\s*\n\s*/g, " ");
}

/** A name as Markdown shows it: signs that would format, link or mention are escaped. */
function plain(name: string): string {
  return name.replaceAll(/[\\`*_{}[\]<>()#+\-.!|~@&:]/g, String.raw`\$&`);
}
