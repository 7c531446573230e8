import type { ParseArgsOptionsConfig } from "node:util";
import { assertPolicy, type GatePolicy, type MetricGate } from "../comparison/index.js";
import { IdKind } from "../ids.js";
import { type CommandOutput, countOf, ExitCode, numberOf, refOf } from "./command-line.js";
import type { RemoteGateway } from "./remote-gateway.js";

/** Every field of a policy as an option. */
export const POLICY_OPTIONS = {
  "min-pass-rate": { type: "string" },
  "min-coverage": { type: "string" },
  "max-error-rate": { type: "string" },
  "max-p95-latency-ms": { type: "string" },
  baseline: { type: "string" },
  "max-regressions": { type: "string" },
  "fail-on-significant-regression": { type: "boolean" },
  "metric-min-pass-rate": { type: "string", multiple: true },
  markdown: { type: "boolean" },
} as const satisfies ParseArgsOptionsConfig;

/** How those options are written. */
export const POLICY_USAGE = `  --min-pass-rate RATE            least passed / (passed + failed), 0 to 1
  --min-coverage RATE             least share of results with a verdict
  --max-error-rate RATE           greatest share of errors among the results that ended
  --max-p95-latency-ms MS         greatest 95th percentile of the endpoint's latency
  --baseline RUN                  the run that regressions are counted against, by id or name
  --max-regressions N             most tests that passed there and fail here
  --fail-on-significant-regression  fail where the comparison's verdict is REGRESSED (p at most 0.05)
  --metric-min-pass-rate NAME=RATE  least share of passes of one metric; may be repeated
  --markdown                      print one paragraph of Markdown instead of lines`;

/** The values of the policy's options. */
export interface PolicyValues {
  readonly "min-pass-rate"?: string;
  readonly "min-coverage"?: string;
  readonly "max-error-rate"?: string;
  readonly "max-p95-latency-ms"?: string;
  readonly baseline?: string;
  readonly "max-regressions"?: string;
  readonly "fail-on-significant-regression"?: boolean;
  readonly "metric-min-pass-rate"?: string[];
}

/** The policy that options say, its baseline as given; null where they check nothing. Throws for a policy that a gateway would refuse. */
export function policyOf(values: PolicyValues): GatePolicy | null {
  const metrics = (values["metric-min-pass-rate"] ?? []).map(metricGateOf);
  const checks: GatePolicy = {
    minPassRate: numberOf("min-pass-rate", values["min-pass-rate"]) ?? null,
    minCoverage: numberOf("min-coverage", values["min-coverage"]) ?? null,
    maxErrorRate: numberOf("max-error-rate", values["max-error-rate"]) ?? null,
    maxP95LatencyMs: numberOf("max-p95-latency-ms", values["max-p95-latency-ms"]) ?? null,
    maxRegressions: countOf("max-regressions", values["max-regressions"]) ?? null,
    failOnSignificantRegression: values["fail-on-significant-regression"] ?? null,
    metricMinPassRates: metrics.length === 0 ? null : metrics,
  };
  if (Object.values(checks).every((limit) => limit === null)) return null;
  const policy = { ...checks, baselineId: values.baseline ?? null };
  assertPolicy(policy);
  return policy;
}

/** The policy with the baseline's id for its id or name. Throws where there is no such run. */
export async function withBaselineId(gateway: RemoteGateway, policy: GatePolicy): Promise<GatePolicy> {
  if (policy.baselineId == null) return policy;
  const { testRun } = await gateway.request<{ testRun: { id: string } | null }>(`query ($ref: EntityRef!) { testRun(ref: $ref) { id } }`, { ref: refOf(policy.baselineId, IdKind.TEST_RUN) });
  if (testRun === null) throw noRun(policy.baselineId, " to be the baseline");
  return { ...policy, baselineId: testRun.id };
}

/** A metric's name may hold equals signs; a rate has none. */
function metricGateOf(text: string): MetricGate {
  const [, name, rate] = /^(.+)=([^=]*)$/s.exec(text) ?? [];
  const minPassRate = numberOf("metric-min-pass-rate", rate);
  if (name === undefined || minPassRate === undefined) throw new Error(`--metric-min-pass-rate takes NAME=RATE; it is "${text}".`);
  return { name, minPassRate };
}

interface Gated {
  readonly testRun: { readonly name: string; readonly gate: { readonly passed: boolean; readonly decided: boolean; readonly summary: string; readonly checks: readonly { readonly name: string; readonly passed: boolean; readonly decided: boolean; readonly expected: string; readonly actual: string }[] } } | null;
}

const GATE = `query ($ref: EntityRef!, $policy: GatePolicy!) { testRun(ref: $ref) { name gate(policy: $policy) { passed decided summary checks { name passed decided expected actual } } } }`;

/** Holds a run against a policy (its baseline by id), tells what came of each check, and answers how the command ends. Throws where the gateway refuses. */
export async function gate(gateway: RemoteGateway, args: { readonly run: { id: string } | { name: string }; readonly policy: GatePolicy; readonly markdown: boolean }, output: CommandOutput): Promise<ExitCode> {
  const { testRun } = await gateway.request<Gated>(GATE, { ref: args.run, policy: args.policy });
  if (testRun === null) throw noRun(Object.values(args.run).join(""), "");
  const { passed, decided, checks, summary } = testRun.gate;
  const width = Math.max(...checks.map((check) => check.name.length));
  const lines = checks.map((check) => `${check.passed ? "✓" : check.decided ? "✗" : "?"} ${check.name.padEnd(width)}  ${check.actual} (${check.expected})\n`);
  const verdict = passed ? "Gate met" : decided ? "Gate not met" : "Gate not decided";
  output.out(args.markdown ? `${summary}\n` : `${lines.join("")}${verdict} by ${testRun.name}.\n`);
  if (decided) return passed ? ExitCode.MET : ExitCode.NOT_MET;
  const open = checks.filter((check) => !check.decided).map((check) => `${check.name} (${check.actual})`);
  output.err(`Not decided: ${open.join(", ")}. Leave these limits out, or hold a run against them that has what they need.\n`);
  return ExitCode.UNDECIDED;
}

function noRun(text: string, purpose: string): Error {
  return new Error(`There is no test run "${text}"${purpose}: look it up in the list of runs, or check the organization of the token.`);
}
