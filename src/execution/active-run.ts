import type { Db } from "../db/index.js";
import type { CallTarget, EndpointTargets } from "../endpoints/index.js";
import type { EventBus } from "../events/index.js";
import type { Logger } from "../log.js";
import { findMetricVersionsByIds, type MetricVersion } from "../metrics/index.js";
import { findRunMetrics, findRunsByIds, isTerminal, recordOutcomes, type RunMetric, type TestRun, TestRunStatus } from "../runs/index.js";
import type { TestRevision } from "../test-sets/index.js";
import type { Scope } from "../viewer.js";
import { OutcomeBuffer } from "./outcome-buffer.js";
import type { WorkerTelemetry } from "./worker-telemetry.js";

/** How long the endpoint's limits and credentials are used before they are read again: they are live. */
const TARGET_MS = 2_000;

/** Why calls in flight were cut off: their results stay without a verdict. */
export class RunCancelledError extends Error {
  constructor(runId: string) {
    super(`The run ${runId} was cancelled.`);
    this.name = "RunCancelledError";
  }
}

export interface ActiveRunDeps {
  readonly db: Db;
  readonly bus: EventBus;
  readonly targets: EndpointTargets;
  readonly now: () => Date;
  readonly log: Logger;
  readonly telemetry: WorkerTelemetry;
}

/** A metric of the run's plan with its pinned definition. */
export interface PinnedMetric extends Pick<RunMetric, "metricIndex" | "behaviorIds"> {
  readonly version: MetricVersion;
}

/** One run in this process, shared by the lanes that work on it here. */
export class ActiveRun {
  readonly run: TestRun;
  readonly scope: Scope;
  readonly buffer: OutcomeBuffer;
  readonly log: Logger;
  readonly #deps: ActiveRunDeps;
  readonly #metrics: readonly PinnedMetric[];
  readonly #cancelled = new AbortController();
  readonly #paused = new AbortController();
  #calls = 0;
  #target: { readonly promise: Promise<CallTarget>; readonly readAt: number } | null = null;

  /** `claims`: aborted when this process may no longer write. */
  static async open(deps: ActiveRunDeps, run: TestRun, claims: AbortSignal): Promise<ActiveRun> {
    const planned = await findRunMetrics(deps.db, run, [run.id]);
    const versions = new Map((await findMetricVersionsByIds(deps.db, run, planned.map((metric) => metric.metricVersionId))).map((version) => [version.id, version]));
    const metrics = planned.map((metric) => {
      const version = versions.get(metric.metricVersionId);
      if (version === undefined) throw new Error(`The run ${run.id} pins the metric version ${metric.metricVersionId}, which is not there.`);
      return { metricIndex: metric.metricIndex, behaviorIds: metric.behaviorIds, version };
    });
    return new ActiveRun(deps, run, metrics, claims);
  }

  private constructor(deps: ActiveRunDeps, run: TestRun, metrics: readonly PinnedMetric[], claims: AbortSignal) {
    this.#deps = deps;
    this.run = run;
    this.scope = { organizationId: run.organizationId };
    this.#metrics = metrics;
    this.log = deps.log.child({ runId: run.id });
    this.buffer = new OutcomeBuffer((outcomes, running) => this.#write({ outcomes, running }), this.log, claims, () => this.#calls);
  }

  /** Counts a call that holds a permit until it is given back. */
  count(leave: () => void): () => void {
    this.#calls += 1;
    let isHeld = true;
    return () => {
      if (isHeld) this.#calls -= 1;
      isHeld = false;
      leave();
    };
  }

  /** Aborted when the run was cancelled: calls in flight end at once. */
  get cancelled(): AbortSignal {
    return this.#cancelled.signal;
  }

  /** Aborted when the run was paused: no new call starts, those in flight end by themselves. */
  get paused(): AbortSignal {
    return this.#paused.signal;
  }

  /** The metrics that apply to a test: all but those of other behaviors. */
  metricsFor(revision: TestRevision): readonly PinnedMetric[] {
    return this.#metrics.filter((metric) => metric.behaviorIds === null || (revision.behaviorId !== null && metric.behaviorIds.includes(revision.behaviorId)));
  }

  /** Whom to call: the pinned version with limits and credentials as they are now. */
  target(): Promise<CallTarget> {
    const now = Date.now();
    if (this.#target === null || now - this.#target.readAt > TARGET_MS) {
      const promise = this.#deps.targets.read(this.scope, { endpointId: this.run.endpointId, versionId: this.run.endpointVersionId }).then((target) => withOverrides(target, this.run));
      promise.catch(() => {
        this.#target = null; // whoever waits gets the error; the next call reads again
      });
      this.#target = { promise, readAt: now };
    }
    return this.#target.promise;
  }

  /** Looks whether people changed the run's course. */
  async refresh(): Promise<void> {
    const [run] = await findRunsByIds(this.#deps.db, this.scope, [this.run.id]);
    if (run === undefined || run.status === TestRunStatus.CANCELLING || isTerminal(run.status)) this.#cancelled.abort(new RunCancelledError(this.run.id));
    else if (run.status === TestRunStatus.PAUSED) this.#paused.abort();
  }

  async #write(batch: Omit<Parameters<typeof recordOutcomes>[2], "runId">): Promise<TestRun | null> {
    const run = await recordOutcomes(this.#deps, this.scope, { runId: this.run.id, ...batch });
    if (run === null) this.#cancelled.abort(new RunCancelledError(this.run.id));
    else this.#deps.telemetry.recorded(batch.outcomes);
    return run;
  }
}

function withOverrides(target: CallTarget, run: TestRun): CallTarget {
  const { timeoutMs, maxAttempts } = run.overrides;
  return { ...target, limits: { ...target.limits, timeoutMs: timeoutMs ?? target.limits.timeoutMs, maxAttempts: maxAttempts ?? target.limits.maxAttempts } };
}

/** The runs that this process works on. */
export class ActiveRuns {
  readonly #deps: ActiveRunDeps;
  readonly #entries = new Map<string, { readonly promise: Promise<ActiveRun>; readonly claims: AbortSignal; users: number; isOver: boolean }>();

  constructor(deps: ActiveRunDeps & { onControl: (listener: (runId: string | null) => void) => void }) {
    this.#deps = deps;
    deps.onControl((runId) => {
      for (const [id, entry] of this.#entries) {
        if (runId !== null && id !== runId) continue;
        entry.promise.then((active) => active.refresh()).catch((error: unknown) => deps.log.warn({ err: error, runId: id }, "could not look at the run's status"));
      }
    });
  }

  /** Works with the run; lanes that overlap share one. */
  async use<R>(run: TestRun, claims: AbortSignal, work: (active: ActiveRun) => Promise<R>): Promise<R> {
    let entry = this.#entries.get(run.id);
    // One that was paused or cancelled stays so for the lanes that wind up; a lane that begins now was let in anew.
    if (entry === undefined || entry.claims !== claims || entry.isOver) {
      const fresh = { promise: ActiveRun.open(this.#deps, run, claims), claims, users: 0, isOver: false };
      const end = (): void => {
        fresh.isOver = true;
      };
      fresh.promise.then((active) => [active.paused, active.cancelled].forEach((signal) => signal.addEventListener("abort", end, { once: true })), end);
      entry = fresh;
      this.#entries.set(run.id, entry);
    }
    entry.users += 1;
    try {
      return await work(await entry.promise);
    } finally {
      entry.users -= 1;
      if (entry.users === 0) {
        if (this.#entries.get(run.id) === entry) this.#entries.delete(run.id);
        await entry.promise.then((active) => active.buffer.close(), () => undefined); // one that never opened was reported above
      }
    }
  }
}
