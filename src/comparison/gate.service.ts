import type { Db } from "../db/index.js";
import { FailedPreconditionError, NotFoundError } from "../errors.js";
import { IdKind, isId } from "../ids.js";
import { findRunsByIds, isTerminal, type RunSummaries, type TestRun } from "../runs/index.js";
import type { Scope } from "../viewer.js";
import { EMPTY_SUMMARY } from "./comparison.js";
import { type GateFacts, type GateResult, judge } from "./gate.js";
import { assertPolicy, type GatePolicy, needsBaseline } from "./gate-policy.js";
import { findComparisonSummaries } from "./pairing.repository.js";
import { pairKey } from "./run-pair.js";

/** Holds runs against policies, for continuous integration. */
export class GateService {
  readonly #db: Db;
  readonly #summaries: Pick<RunSummaries, "find">;

  constructor(deps: { db: Db; summaries: Pick<RunSummaries, "find"> }) {
    this.#db = deps.db;
    this.#summaries = deps.summaries;
  }

  /**
   * Whether the run meets the policy, by the verdicts that count. BAD_USER_INPUT: EMPTY_POLICY, or all problems of the
   * policy; FAILED_PRECONDITION, RUN_NOT_FINISHED for the run or its baseline; NOT_FOUND for the baseline.
   */
  async judge(scope: Scope, run: TestRun, policy: GatePolicy): Promise<GateResult> {
    assertPolicy(policy);
    assertFinished(run);
    const baseline = policy.baselineId == null ? null : await this.#baseline(scope, policy.baselineId);
    return judge(policy, await this.#facts(scope, run, policy, baseline));
  }

  async #baseline(scope: Scope, id: string): Promise<TestRun> {
    const [run] = isId(id, IdKind.TEST_RUN) ? await findRunsByIds(this.#db, scope, [id]) : [];
    if (run === undefined) throw new NotFoundError("test run", id);
    assertFinished(run);
    return run;
  }

  /** Only what a check needs is computed. */
  async #facts(scope: Scope, run: TestRun, policy: GatePolicy, baseline: TestRun | null): Promise<GateFacts> {
    const needsSummary = policy.maxP95LatencyMs != null || (policy.metricMinPassRates ?? []).length > 0;
    const summary = needsSummary ? (await this.#summaries.find(scope, [run.id])).get(run.id) : undefined;
    const facts = { run, p95LatencyMs: summary?.latency?.p95 ?? null, metrics: summary?.metrics ?? [] };
    if (baseline === null || !needsBaseline(policy)) return { ...facts, baseline: null };
    const pair = { baselineId: baseline.id, candidateId: run.id };
    const compared = (await findComparisonSummaries(this.#db, scope, [pair])).get(pairKey(pair));
    return { ...facts, baseline: { name: baseline.name, summary: compared ?? EMPTY_SUMMARY } };
  }
}

function assertFinished(run: TestRun): void {
  if (isTerminal(run.status)) return;
  throw new FailedPreconditionError("RUN_NOT_FINISHED", `The test run ${run.id} is ${run.status}: wait for its end (runStatus), then ask again.`);
}
